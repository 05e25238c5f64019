"""Spark's Streaming tab as one HTML file that needs nothing else: no network, no notebook, no server.

The same page without its data asks a server for it: that is how `sparksim.ui` shows a program while it runs.
"""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

from sparksim.core.language import language
from sparksim.trace import Trace
from sparksim.viz.charts import chart_text
from sparksim.viz.fonts import font_script, page_font
from sparksim.viz.html_page import LANGUAGE_TAGS, check_theme
from sparksim.viz.streaming_status import RETAINED_BATCHES, StreamingStatus
from sparksim.viz.streaming_view import streaming_view
from sparksim.viz.streaming_words import streaming_words

HEIGHT_PX = 980
"""How tall the page is in a notebook."""

_PAGE = """<!doctype html>
<html lang="{lang}" data-theme="{theme}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>{style}</style>
<body data-gone="{gone}">
<main id="streaming" class="sc-root sc-page" data-theme="{theme}"></main>
<script type="application/octet-stream" id="font">{font}</script>
<script type="application/json" id="view">{view}</script>
<script>{script}</script>
</body>
</html>
"""


class StreamingPage:
    """A page in `html`. A notebook shows it in a frame of its own; `save(path)` writes it."""

    def __init__(self, html: str) -> None:
        self.html = html

    def save(self, path: str | Path) -> None:
        """Write the page, UTF-8."""
        Path(path).write_text(self.html, encoding="utf-8")

    def __repr__(self) -> str:
        return "Spark's Streaming tab as a page: a notebook shows it, .save(path) writes it"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        style = f"width: 100%; height: {HEIGHT_PX}px; border: 0"
        return f'<iframe sandbox="allow-scripts" style="{style}" srcdoc="{escape(self.html)}"></iframe>'


def streaming_page(
    trace: Trace, *, lang: str | None = None, theme: str = "auto", retained: int = RETAINED_BATCHES
) -> StreamingPage:
    """The Streaming page of a trace, with the last `retained` batches (`spark.streaming.ui.retainedBatches`).

    `lang` is "en", "zh" or None, the set language, `theme` "auto", "light" or "dark". Raises `ValueError` for an empty
    trace, for another language or theme, and for `retained` below 1.
    """
    if not len(trace):
        raise ValueError("the trace is empty: run something before showing its Streaming page")
    view = streaming_view(StreamingStatus.of(trace, retained), lang)
    return StreamingPage(page_html(view, lang=lang, theme=theme))


def page_html(view: dict[str, Any] | None, *, lang: str | None = None, theme: str = "auto") -> str:
    """The page with its data; with None in its place, the page that asks for "data" beside it.

    Raises `ValueError` for a language or a theme that there is not.
    """
    check_theme(theme)
    lang = language(lang)
    words = streaming_words(lang)
    text = "" if view is None else json.dumps(view, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    name = "" if view is None else f"{view['app']} · "
    return _PAGE.format(
        lang=LANGUAGE_TAGS[lang],
        theme=theme,
        policy=escape(page_policy(asks=view is None)),
        title=escape(f"{name}{words['title']}"),
        gone=escape(words["unreachable"]),
        style=_style(),
        font=page_font(lang),
        view=text,
        script=_script(),
    )


def page_policy(asks: bool) -> str:
    """What the page may do (Content-Security-Policy): its own script and style, and, if it `asks`, its own server."""
    own = f"default-src 'none'; script-src {_hash(_script())}; style-src {_hash(_style())}; base-uri 'none'"
    return f"{own}; form-action 'none'" + ("; connect-src 'self'" if asks else "")


def _script() -> str:
    return f'\n"use strict";\n{font_script()}\n{chart_text("chart.js", "streaming.js")}\n'


def _style() -> str:
    return f"\n{chart_text('charts.css', 'page.css', 'streaming.css')}\n"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

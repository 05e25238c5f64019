"""The timeline of a streaming query as one HTML file that needs nothing else: no network, no notebook, no server."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from typing import Any

from sparksim.core.language import language
from sparksim.trace import Trace
from sparksim.viz.charts import chart_text
from sparksim.viz.fonts import font_script, page_font
from sparksim.viz.html_page import LANGUAGE_TAGS, check_theme
from sparksim.viz.query_view import query_view

_PAGE = """<!doctype html>
<html lang="{tag}" data-theme="{theme}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>{style}</style>
<body>
<main id="query"></main>
<script type="application/octet-stream" id="font">{font}</script>
<script type="application/json" id="view">{view}</script>
<script type="module">{script}</script>
</body>
</html>
"""


def query_html(trace: Trace, name: str | None = None, *, lang: str | None = None, theme: str = "auto") -> str:
    """The page of the query of this name, id or run id; of the only one with None.

    `lang` is "en", "zh" or None, the set language; `theme` is "auto", "light" or "dark". Raises `ValueError` when there
    is no such query, when no batch was planned yet, and for a language or a theme that there is not.
    """
    return view_html(query_view(trace, name, lang), theme)


def view_html(view: dict[str, Any], theme: str) -> str:
    """The page with what `query_view` gave. Raises `ValueError` for a theme that there is not."""
    check_theme(theme)
    lang = language(view["lang"])
    script = f"\n{query_script()}\n{chart_text('query_page.js')}\n"
    style = f"\n{chart_text('page.css')}\n{query_style()}\n"
    return _PAGE.format(
        tag=LANGUAGE_TAGS[lang],
        theme=theme,
        policy=escape(
            f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; base-uri 'none'; "
            "form-action 'none'"
        ),
        title=escape(f"{view['title']} · {view['words']['page']}"),
        style=style,
        font=page_font(lang),
        view=json.dumps(view, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c"),
        script=script,
    )


@cache
def query_script() -> str:
    """One ES module whose default export has anywidget's `render`."""
    return f"{font_script()}\n{chart_text('chart.js', 'query.js')}"


@cache
def query_style() -> str:
    """Its style sheet."""
    return chart_text("charts.css", "streaming.css", "query.css")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

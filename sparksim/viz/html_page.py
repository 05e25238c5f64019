"""The timeline as one HTML file that needs nothing else: no network, no notebook, no server.

It holds the same script as the widget, the style sheet, and the packet of `viz.view`.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from html import escape
from importlib.resources import files

from sparksim.core.language import language
from sparksim.trace import Trace
from sparksim.viz.fonts import font_script, page_font
from sparksim.viz.view import LAST_BATCHES, run_title, timeline_packet

SCRIPTS = (
    "packet.js",
    "theme.js",
    "layout.js",
    "crowd.js",
    "marks.js",
    "paint.js",
    "edges.js",
    "moment.js",
    "way.js",
    "steps.js",
    "panel.js",
    "controls.js",
    "legend.js",
    "timeline.js",
    "render.js",
)
"""One module in several files: each is readable alone, and all share the names of all."""

LANGUAGE_TAGS = {"en": "en", "zh": "zh-Hans"}
"""What a page says its language is."""

THEMES = ("auto", "light", "dark")

_PAGE = """<!doctype html>
<html lang="{lang}" data-theme="{theme}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; \
style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>
html {{ background: light-dark(#fff, #15191e); color-scheme: {scheme}; }}
body {{ margin: 12px; }}
{style}
</style>
<div id="timeline"></div>
<script type="application/octet-stream" id="packet">{packet}</script>
<script type="application/octet-stream" id="font">{font}</script>
<script type="module">
{script}
</script>
</html>
"""


def timeline_html(trace: Trace, *, lang: str | None = None, theme: str = "auto", batches: int = LAST_BATCHES) -> str:
    """The page: `lang` is "en", "zh" or None, the set language; at first it shows the last `batches`.

    `theme` is "auto", "light" or "dark". Raises `ValueError` for an empty trace and for a language or a theme
    that there is not.
    """
    check_theme(theme)
    lang = language(lang)
    packet = timeline_packet(trace, lang=lang, batches=batches)
    return _PAGE.format(
        lang=LANGUAGE_TAGS[lang],
        theme=theme,
        scheme="light dark" if theme == "auto" else theme,
        title=escape(run_title(trace) or "sparksim"),
        style=style(),
        packet=b64encode(packet).decode(),
        font=page_font(lang),
        script=f"{script()}\n{_text('page.js')}",
    )


def check_theme(theme: str) -> None:
    """Raises `ValueError` unless there is such a theme."""
    if theme not in THEMES:
        raise ValueError(f"theme={theme!r}: use one of {', '.join(THEMES)}")


@cache
def script() -> str:
    """The timeline's script: one ES module whose default export has anywidget's `render`."""
    return "\n".join([font_script(), *map(_text, SCRIPTS)])


@cache
def style() -> str:
    """The timeline's style sheet."""
    return _text("timeline.css")


def _text(name: str) -> str:
    return files("sparksim.viz").joinpath("web", name).read_text(encoding="utf-8")

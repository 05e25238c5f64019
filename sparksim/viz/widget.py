"""The timeline in a notebook: an anywidget, which needs no build step and works wherever Jupyter's widgets do.

It loads anywidget, so it is imported when the first timeline is shown, and never by `import sparksim`.
"""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from sparksim.core.language import language
from sparksim.trace import Trace
from sparksim.viz.fonts import page_font
from sparksim.viz.html_page import check_theme, script, style
from sparksim.viz.view import LAST_BATCHES, timeline_packet


class Timeline(anywidget.AnyWidget):
    """The timeline of a run. `show(trace)` shows another one in its place.

    `moment`, in seconds, is what the scrubber says, and can be set; below 0 it has not been set yet: the end. `chosen`
    is what the person clicked, as "table:row" or "stretches:row:record", "" for nothing; it can be set too.
    """

    _esm = script()
    _css = style()

    packet = traitlets.Bytes().tag(sync=True)
    font = traitlets.Unicode().tag(sync=True)
    theme = traitlets.Unicode("auto").tag(sync=True)
    moment = traitlets.Float(-1.0).tag(sync=True)
    chosen = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self, trace: Trace, *, lang: str | None = None, theme: str = "auto", batches: int = LAST_BATCHES, **traits: Any
    ) -> None:
        check_theme(theme)
        lang = language(lang)
        self._how: dict[str, Any] = {"lang": lang, "batches": batches}
        super().__init__(packet=timeline_packet(trace, **self._how), font=page_font(lang), theme=theme, **traits)

    def show(self, trace: Trace) -> None:
        """Show the run of this trace instead, in the same language. Raises `ValueError` for an empty trace."""
        self.packet = timeline_packet(trace, **self._how)

"""The delays of a run's batches as a widget of a notebook: small, and redrawn in a moment when another run comes.

It loads anywidget, so it is imported when the first plot is shown.
"""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from sparksim.core.language import language
from sparksim.trace import Trace
from sparksim.viz.charts import chart_text
from sparksim.viz.fonts import font_script, page_font
from sparksim.viz.streaming_view import delays_of


class DelayPlot(anywidget.AnyWidget):
    """Scheduling delay, processing time and total delay of each batch, and the batch interval as a line.

    `show(trace)` shows another run. `lang` is "en", "zh" or None, the set language; raises `ValueError` for another
    one.
    """

    _esm = f"{font_script()}\n{chart_text('chart.js', 'delays.js')}"
    _css = chart_text("charts.css")

    delays = traitlets.Dict().tag(sync=True)
    font = traitlets.Unicode().tag(sync=True)

    def __init__(self, trace: Trace, *, lang: str | None = None, **traits: Any) -> None:
        self._lang = language(lang)
        super().__init__(delays=delays_of(trace, self._lang), font=page_font(self._lang), **traits)

    def show(self, trace: Trace) -> None:
        """Show the run of this trace instead."""
        self.delays = delays_of(trace, self._lang)

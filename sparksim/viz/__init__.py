"""Pictures of a run, drawn from its trace alone: figures for print, the timeline to look into, the same as a page.

What a picture needs beyond the standard library (matplotlib, anywidget) is loaded when the first one is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparksim.trace import Trace
from sparksim.viz.delivery import delivery_figure
from sparksim.viz.fonts import use_chinese_font
from sparksim.viz.html_page import timeline_html
from sparksim.viz.query_page import query_html
from sparksim.viz.query_timeline import query_figure
from sparksim.viz.timeline import timeline_figure
from sparksim.viz.view import LAST_BATCHES

if TYPE_CHECKING:
    from sparksim.viz.query_widget import QueryTimeline
    from sparksim.viz.widget import Timeline

__all__ = [
    "delivery_figure",
    "query_figure",
    "query_html",
    "query_timeline_widget",
    "timeline_figure",
    "timeline_html",
    "timeline_widget",
    "use_chinese_font",
]


def timeline_widget(
    trace: Trace, *, lang: str | None = None, theme: str = "auto", batches: int = LAST_BATCHES
) -> Timeline:
    """The timeline of a run for a notebook; see `timeline_html` for the arguments and for what is refused.

    Raises `ImportError` without anywidget.
    """
    try:
        from sparksim.viz.widget import Timeline
    except ImportError as error:
        raise ImportError(
            f"the timeline in a notebook needs anywidget ({error}); try: pip install 'sparksim[notebook]', or "
            "run.save('run.html') for a page that needs nothing"
        ) from None
    return Timeline(trace, lang=lang, theme=theme, batches=batches)


def query_timeline_widget(
    trace: Trace, name: str | None = None, *, lang: str | None = None, theme: str = "auto"
) -> QueryTimeline:
    """The timeline of a streaming query for a notebook; see `query_html` for the arguments and for what is refused.

    Raises `ImportError` without anywidget.
    """
    try:
        from sparksim.viz.query_widget import QueryTimeline
    except ImportError as error:
        raise ImportError(
            f"the timeline in a notebook needs anywidget ({error}); try: pip install 'sparksim[notebook]', or "
            "sparksim.viz.query_html(trace) for a page that needs nothing"
        ) from None
    return QueryTimeline(trace, name, lang=lang, theme=theme)

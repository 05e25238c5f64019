"""A run on one page: who received, what became blocks, which batches waited, what each core did, and how long it took.

What stands where comes from `sparksim.viz.lanes`; `sparksim.viz.page` draws it, and only then is matplotlib loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparksim.core.language import language
from sparksim.trace import Trace
from sparksim.viz.clock import Clock
from sparksim.viz.figure_words import figure_words
from sparksim.viz.fonts import lettering

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def timeline_figure(
    trace: Trace,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    width: float = 14.0,
    lang: str | None = None,
) -> Figure:
    """The timeline of a run as a matplotlib figure, `width` inches wide and as high as its lanes need.

    Lanes from top to bottom: receivers, blocks, batches that wait, output operations, and each core of each executor;
    below them the delays of every batch. `start_s` and `end_s` choose a span, in seconds since the run began (in live
    mode: since streaming started). The figure belongs to no window: a notebook shows it, `figure.savefig(path)` keeps
    it. `lang` is "en", "zh" or None, the set language. Raises `ValueError` for an empty trace, an empty span, a width
    below 4 and a language that there is not, `ImportError` without matplotlib.
    """
    lang = language(lang)
    if not len(trace):
        raise ValueError("the trace is empty: run something before drawing it")
    if width < 4:
        raise ValueError(f"width={width:g} inches leaves no room for the lanes; give at least 4")
    clock = Clock.of(trace)
    first_s = 0.0 if start_s is None else start_s
    last_s = clock.seconds(None) if end_s is None else end_s
    if not first_s < last_s:
        raise ValueError(f"the span from start_s={first_s:g} to end_s={last_s:g} is empty; end_s must be the later one")
    try:
        from sparksim.viz.page import draw_page
    except ImportError as error:
        raise ImportError(f"figures need matplotlib ({error}); try: pip install 'sparksim[viz]'") from None
    with lettering(lang):
        return draw_page(trace, clock, (first_s, last_s), width, figure_words(lang))

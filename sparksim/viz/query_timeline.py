"""The figure of a streaming query: a column for each trigger, and in it what came, what was kept, what went out.

From top to bottom: the new rows of the input table at their event times, with the watermark and the windows that have
states; the states one by one; the rows that each side of a join keeps; the result. Where there are many triggers,
texts give way to counts. What stands where comes from `sparksim.viz.query_story`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparksim.core.language import language
from sparksim.trace import Trace
from sparksim.viz.fonts import lettering
from sparksim.viz.query_story import QueryStory, query_story
from sparksim.viz.query_words import query_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def query_figure(trace: Trace, name: str | None = None, *, lang: str | None = None) -> Figure:
    """The timeline of the query of this name, id or run id, as a matplotlib figure; of the only one with None.

    Times of events are UTC. `lang` is "en", "zh" or None, the set language. Raises `ValueError` when there is no such
    query, when no batch was planned yet, and for another language; `ImportError` without matplotlib.
    """
    lang = language(lang)
    story = begun_story(trace, name)
    try:
        from sparksim.viz.query_panels import draw_query
    except ImportError as error:
        raise ImportError(f"figures need matplotlib ({error}); try: pip install 'sparksim[viz]'") from None
    with lettering(lang):
        return draw_query(story, query_words(lang))


def begun_story(trace: Trace, name: str | None) -> QueryStory:
    """The story of a query with at least one trigger. Raises `ValueError` otherwise."""
    story = query_story(trace, name)
    if not story.steps:
        raise ValueError(
            f"the query {story.title!r} has planned no batch yet: give it data, or wait for its trigger. A continuous "
            "query has no batches: its rows and epochs are in the tables written_rows and epochs"
        )
    return story

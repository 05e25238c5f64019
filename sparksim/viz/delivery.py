"""What became of every record, on one page: a strip per log, a column per record, from producer down to sink.

A record that is lost is striped red in the lane where it was lost, and pale in all below. One that was processed
several times is dotted orange in the batches; whether the sink shows that, its lane says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparksim.core.language import language
from sparksim.trace.delivery import Delivery
from sparksim.trace.words import OUTCOMES, fates
from sparksim.viz.figure_words import figure_words
from sparksim.viz.fonts import lettering
from sparksim.viz.strips import strips
from sparksim.viz.words import Words

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def delivery_figure(delivery: Delivery, *, width: float = 14.0, lang: str | None = None) -> Figure:
    """The delivery of a run as a matplotlib figure, `width` inches wide and as high as its logs need.

    Few records are cells with their numbers, many are runs of the same colour. The example of each anomaly is labelled
    with how many records share it and with what decides it. `lang` is "en", "zh" or None, the set language. Raises
    `ValueError` for a run in which no producer or log occurs, a width below 6 and a language that there is not,
    `ImportError` without matplotlib.
    """
    words = figure_words(lang := language(lang))
    if width < 6:
        raise ValueError(f"width={width:g} inches leaves no room for the records; give at least 6")
    drawn = strips(delivery, lang)
    if not drawn:
        raise ValueError("no producer and no log occurs in this run: see delivery.summary, or draw the timeline")
    try:
        from sparksim.viz.strip_page import draw_strips
    except ImportError as error:
        raise ImportError(f"figures need matplotlib ({error}); try: pip install 'sparksim[viz]'") from None
    with lettering(lang):
        return draw_strips(drawn, _title(delivery, words, lang), width, words)


def _title(delivery: Delivery, words: Words, lang: str) -> str:
    outcomes = delivery.produced.column("outcome")
    counts = {outcome: f"{outcomes.count(outcome):,}" for outcome in OUTCOMES if outcome in outcomes}
    return words["delivery"].format(records=f"{len(outcomes):,}", fates=fates(counts, lang))

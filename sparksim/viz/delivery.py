"""What became of every record, on one page: a strip per log, a column per record, from producer down to sink.

A record that is lost is striped red in the lane where it was lost, and pale in all below. One that was processed
several times is dotted orange in the batches; whether the sink shows that, its lane says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparksim.trace.delivery import Delivery
from sparksim.trace.fates import LOST, ONCE, PENDING, REPEATED
from sparksim.viz.strips import strips

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def delivery_figure(delivery: Delivery, *, width: float = 14.0) -> Figure:
    """The delivery of a run as a matplotlib figure, `width` inches wide and as high as its logs need.

    Few records are cells with their numbers, many are runs of the same colour. The example of each anomaly is labelled
    with how many records share it and with what decides it. Raises `ValueError` for a run in which no producer or log
    occurs and for a width below 6, `ImportError` without matplotlib.
    """
    if width < 6:
        raise ValueError(f"width={width:g} inches leaves no room for the records; give at least 6")
    drawn = strips(delivery)
    if not drawn:
        raise ValueError("no producer and no log occurs in this run: see delivery.summary, or draw the timeline")
    try:
        from sparksim.viz.strip_page import draw_strips
    except ImportError as error:
        raise ImportError(f"figures need matplotlib ({error}); try: pip install 'sparksim[viz]'") from None
    return draw_strips(drawn, _title(delivery), width)


def _title(delivery: Delivery) -> str:
    outcomes = delivery.produced.column("outcome")
    counts = [(outcomes.count(outcome), outcome) for outcome in (ONCE, REPEATED, LOST, PENDING)]
    return f"{len(outcomes):,} records: " + ", ".join(f"{count:,} {outcome}" for count, outcome in counts if count)

"""The lower panel of the timeline: how long each batch waited and took, against the batch interval.

As long as the processing time stays below the batch interval the run is stable; above it batches queue, and every delay
grows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparksim.trace import Trace, batches
from sparksim.viz.clock import Clock
from sparksim.viz.palette import BLUE, GREEN, INK, PINK
from sparksim.viz.words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# column, label, colour, marker, size of the marker, dashes. The total is large and hollow, so that it can be seen
# around the processing time, which it equals when nothing waits.
CURVES = (
    ("total_delay_ms", "total delay", GREEN, "^", 9, ":"),
    ("processing_time_ms", "processing time", BLUE, "s", 3.5, "--"),
    ("scheduling_delay_ms", "scheduling delay", PINK, "o", 4, "-"),
)


def draw_delays(axes: Axes, trace: Trace, clock: Clock, words: Words) -> None:
    """One point per batch at its batch time, in seconds; a batch without a delay yet has no point."""
    rows = sorted(batches(trace), key=lambda row: row.batch_time_ms)
    spaced = len(rows) <= 150
    for column, label, colour, marker, size, dashes in CURVES:
        points = [(clock.seconds(row.batch_time_ms), getattr(row, column)) for row in rows]
        known = [(x, value_ms / 1000) for x, value_ms in points if value_ms is not None]
        axes.plot(
            [x for x, _ in known],
            [y for _, y in known],
            color=colour,
            marker=marker if spaced else "",
            markersize=size,
            markerfacecolor="none" if size > 5 else colour,
            linestyle=dashes,
            linewidth=1.4,
            label=words[label],
        )
    if clock.batch_ms:
        level_s, name = clock.batch_ms / 1000, words["batch interval"]
        axes.axhline(level_s, color=INK, linewidth=1, linestyle=(0, (6, 3)), label=name)
    axes.set_ylabel(words["delay"])
    axes.margins(y=0.12)
    top = max(axes.get_ylim()[1], clock.batch_ms / 1000 * 1.1)
    axes.set_ylim(-0.05 * top, top)

"""The figure of states: how many keys have one, how they lie over the partitions, and what each batch did to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sparksim.trace import Trace
from sparksim.trace.state_tables import StateRow, states
from sparksim.viz.clock import Clock
from sparksim.viz.palette import BATCH_COLOURS, BLUE, GREY, HATCHES, INK, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAR = 0.7
"""How wide a batch's bar is, in batch intervals."""

CHANGES = (
    ("updated", 1, BLUE, ""),
    ("removed", -1, VERMILION, HATCHES["failed"]),
    ("timed_out", -1, GREY, HATCHES["killed"]),
)
"""Column, side of the axis, colour and hatch."""


NOT_COMPUTED: dict[str, Any] = {"facecolor": "white", "edgecolor": GREY, "hatch": "////"}


def state_figure(trace: Trace) -> Figure:
    """One pair of panels per stream with states: keys by partition over time, and the changes of each batch.

    Times are seconds since the run's origin. Raises `ValueError` for a trace without states.
    """
    rows = states(trace)
    streams = list(dict.fromkeys(rows.column("stream")))
    if not streams:
        raise ValueError(
            "no batch of this run has states: use updateStateByKey or mapWithState, or look at run.window_figure()"
        )
    from sparksim.viz.page import NotebookFigure

    clock = Clock.of(trace)
    figure = NotebookFigure(figsize=(9, 4.6 * len(streams)), layout="constrained")
    panels = figure.subplots(2 * len(streams), 1, sharex=True, height_ratios=[2, 1] * len(streams), squeeze=False)
    for number, stream in enumerate(streams):
        own = sorted(rows.where(stream=stream), key=lambda row: row.batch_time_ms)
        keys, changes = panels[2 * number][0], panels[2 * number + 1][0]
        _draw_keys(keys, own, clock)
        _draw_changes(changes, own, clock)
        keys.set_title(f"states of {stream}", loc="left", fontsize=11)
    panels[-1][0].set_xlabel("batch time (s)")
    return figure


def _draw_keys(axes: Axes, rows: list[StateRow], clock: Clock) -> None:
    """Stacked by partition; one that was not computed stands striped, as high as when it last was."""
    moments, width = _bars(rows, clock)
    below = [0] * len(rows)
    for partition in range(len(rows[0].partitions)):
        keys = last_known([row.partitions[partition] for row in rows])
        colour = BATCH_COLOURS[partition % len(BATCH_COLOURS)]
        style: dict[str, Any] = {"edgecolor": "white", "linewidth": 0.6, "label": f"partition {partition}"}
        bars = axes.bar(moments, keys, width, bottom=below, color=colour, **style)
        for bar, row in zip(bars, rows, strict=True):
            if row.partitions[partition] is None:
                bar.set(**NOT_COMPUTED)
        below = [low + high for low, high in zip(below, keys, strict=True)]
    if any(None in row.partitions for row in rows):
        axes.bar(moments[:1], 0, label="not computed", **NOT_COMPUTED)  # for the legend
    axes.plot(moments, below, color=INK, marker=".", linewidth=1, label="all keys")
    axes.annotate(f"{below[-1]:,}", (moments[-1], below[-1]), xytext=(6, 0), textcoords="offset points", va="center")
    axes.set_ylabel("keys with a state")
    _finish(axes)


def last_known(values: Sequence[int | None]) -> list[int]:
    """Each value, or the one before it where it is not known; 0 before the first."""
    known, last = [], 0
    for value in values:
        last = last if value is None else value
        known.append(last)
    return known


def _draw_changes(axes: Axes, rows: list[StateRow], clock: Clock) -> None:
    """What came upwards, what went downwards."""
    moments, width = _bars(rows, clock)
    gone = [0] * len(rows)
    for column, side, colour, hatch in CHANGES:
        counts = [side * getattr(row, column) for row in rows]
        bottom = gone if side < 0 else [0] * len(rows)
        label = column.replace("_", " ")
        axes.bar(moments, counts, width, bottom=bottom, color=colour, hatch=hatch, edgecolor="white", label=label)
        if side < 0:
            gone = [low + count for low, count in zip(gone, counts, strict=True)]
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_ylabel("keys")
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    _finish(axes)


def _bars(rows: list[StateRow], clock: Clock) -> tuple[list[float], float]:
    return [clock.seconds(row.batch_time_ms) for row in rows], BAR * (clock.batch_ms or 1000) / 1000


def _finish(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9)

"""The figure of states: how many keys have one, how large they are, what each batch did to them, and single keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sparksim.trace import Trace
from sparksim.trace.events import DriverDied
from sparksim.trace.state_tables import StateKeyRow, StateRow, state_keys, states
from sparksim.viz.clock import Clock
from sparksim.viz.fonts import lettering
from sparksim.viz.palette import BATCH_COLOURS, BLUE, GREY, HATCHES, INK, VERMILION
from sparksim.viz.sizes import size_text
from sparksim.viz.state_strip import strip_of
from sparksim.viz.state_strip_plot import draw_strip
from sparksim.viz.state_words import state_words
from sparksim.viz.words import Words

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

NAMED_PARTITIONS = 8
"""So many partitions are named beside their stack."""

AGAIN = (None, "\\\\\\", "xxx", "ooo")
"""How the partitions are hatched when the colours are used up."""

KEYS_HIGH, BYTES_HIGH, CHANGES_HIGH, ROW_HIGH = 2.6, 1.7, 1.4, 0.21
"""Heights of the panels and of one key, in inches."""

Panel = tuple[float, Callable[["Axes"], None]]
"""How high it is, and what draws it."""


def state_figure(trace: Trace, lang: str | None = None) -> Figure:
    """A few panels per stream with states: keys by partition, their bytes, the changes of each batch, and single keys.

    The bytes and the single keys are there if the trace has them. Times are seconds since the run's origin. `lang` is
    "en", "zh" or None, the set language. Raises `ValueError` for a trace without states, and for another language.
    """
    words, rows, changes = state_words(lang), states(trace), state_keys(trace)
    streams = list(dict.fromkeys(rows.column("stream")))
    if not streams:
        raise ValueError(
            "no batch of this run has states: use updateStateByKey or mapWithState, or look at run.window_figure()"
        )
    clock = Clock.of(trace)
    panels: list[Panel] = []
    for stream in streams:
        own = sorted(rows.where(stream=stream), key=lambda row: row.batch_time_ms)
        panels += _panels(own, sorted(changes.where(stream=stream), key=lambda row: row.batch_time_ms), clock, words)
    with lettering(lang):
        return _drawn(panels, trace, clock, words)


def _drawn(panels: Sequence[Panel], trace: Trace, clock: Clock, words: Words) -> Figure:
    from sparksim.viz.page import NotebookFigure

    heights = [height for height, _ in panels]
    figure = NotebookFigure(figsize=(9, sum(heights) + 0.4), layout="constrained")
    drawn = figure.subplots(len(panels), 1, sharex=True, height_ratios=heights, squeeze=False)
    for [axes], (_, draw) in zip(drawn, panels, strict=True):
        draw(axes)
    _mark_deaths([axes for [axes] in drawn], trace, clock, words)
    drawn[-1][0].set_xlabel(words["batch time"])
    return figure


def _mark_deaths(panels: list[Axes], trace: Trace, clock: Clock, words: Words) -> None:
    """A line through all panels where the driver died."""
    for event in trace.of(DriverDied):
        moment = clock.seconds(event.time_ms)
        for axes in panels:
            axes.axvline(moment, color=VERMILION, linewidth=1.2, linestyle=(0, (2, 2)))
        style: dict[str, Any] = {"va": "top", "fontsize": 8, "color": VERMILION}
        panels[0].text(moment, 1, f" {words['driver died']}", transform=panels[0].get_xaxis_transform(), **style)


def _panels(rows: list[StateRow], changes: list[StateKeyRow], clock: Clock, words: Words) -> list[Panel]:
    """Of one stream, from the top down."""
    panels: list[Panel] = [(KEYS_HIGH, lambda axes: _draw_keys(axes, rows, clock, words))]
    if any(row.size_bytes is not None for row in rows):
        panels.append((BYTES_HIGH, lambda axes: _draw_bytes(axes, rows, clock, words)))
    panels.append((CHANGES_HIGH, lambda axes: _draw_changes(axes, rows, clock, words)))
    if changes:
        strip, (moments, _) = strip_of(changes, rows), _bars(rows, clock)
        places = dict(zip((row.batch_time_ms for row in rows), moments, strict=True))
        high = ROW_HIGH * (len(strip.lines) + bool(strip.others)) + 0.5
        batch_s = (clock.batch_ms or 1000) / 1000
        panels.append((high, lambda axes: draw_strip(axes, strip, places, batch_s, words)))
    return panels


def _draw_keys(axes: Axes, rows: list[StateRow], clock: Clock, words: Words) -> None:
    top = _stack(axes, rows, [row.partitions for row in rows], clock, words, "all keys")
    _label_last(axes, rows, clock, top, f"{top[-1]:,}")
    axes.set_title(words["states of"].format(stream=rows[0].stream), loc="left", fontsize=11)
    axes.set_ylabel(words["keys with a state"])
    _whole_numbers(axes)
    _finish(axes)


def _draw_bytes(axes: Axes, rows: list[StateRow], clock: Clock, words: Words) -> None:
    top = _stack(axes, rows, [row.partition_bytes for row in rows], clock, words, "all states")
    _label_last(axes, rows, clock, top, size_text(top[-1]))
    axes.set_ylabel(words["size of states"])
    axes.yaxis.set_major_formatter(lambda value, _: size_text(value))
    _finish(axes)


def _stack(
    axes: Axes,
    rows: list[StateRow],
    amounts: list[tuple[int | None, ...]],
    clock: Clock,
    words: Words,
    total: str,
) -> list[int]:
    """Stacked by partition; one that was not computed stands striped, as high as when it last was. Gives the tops."""
    moments, width = _bars(rows, clock)
    below, count = [0] * len(rows), len(amounts[0])
    for partition in range(count):
        known = last_known([amount[partition] for amount in amounts])
        colour = BATCH_COLOURS[partition % len(BATCH_COLOURS)]
        label = words["partition"].format(number=partition) if partition < NAMED_PARTITIONS else ""
        hatch = AGAIN[partition // len(BATCH_COLOURS) % len(AGAIN)]
        style: dict[str, Any] = {"edgecolor": "white", "linewidth": 0.6, "hatch": hatch, "label": label}
        bars = axes.bar(moments, known, width, bottom=below, color=colour, **style)
        for bar, row in zip(bars, rows, strict=True):
            if row.partitions[partition] is None:
                bar.set(**NOT_COMPUTED)
        below = [low + high for low, high in zip(below, known, strict=True)]
    if count > NAMED_PARTITIONS:
        axes.bar(moments[:1], 0, label=words["more partitions"].format(count=count - NAMED_PARTITIONS), color="none")
    if any(None in row.partitions for row in rows):
        axes.bar(moments[:1], 0, label=words["not computed"], **NOT_COMPUTED)  # for the legend
    axes.plot(moments, below, color=INK, marker=".", linewidth=1, label=words[total])
    axes.set_ylim(0, 1.08 * max(*below, 1))
    return below


def _label_last(axes: Axes, rows: list[StateRow], clock: Clock, top: list[int], text: str) -> None:
    moments, width = _bars(rows, clock)
    end = moments[-1] + width / 2, top[-1]
    axes.annotate(text, end, xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)


def last_known(values: Sequence[int | None]) -> list[int]:
    """Each value, or the one before it where it is not known; 0 before the first."""
    known, last = [], 0
    for value in values:
        last = last if value is None else value
        known.append(last)
    return known


def _draw_changes(axes: Axes, rows: list[StateRow], clock: Clock, words: Words) -> None:
    """What came upwards, what went downwards."""
    moments, width = _bars(rows, clock)
    gone = [0] * len(rows)
    for column, side, colour, hatch in CHANGES:
        counts = [side * getattr(row, column) for row in rows]
        bottom = gone if side < 0 else [0] * len(rows)
        label = words[column.replace("_", " ")]
        axes.bar(moments, counts, width, bottom=bottom, color=colour, hatch=hatch, edgecolor="white", label=label)
        if side < 0:
            gone = [low + count for low, count in zip(gone, counts, strict=True)]
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_ylabel(words["changed keys"])
    _whole_numbers(axes)
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    _finish(axes)


def _bars(rows: list[StateRow], clock: Clock) -> tuple[list[float], float]:
    return [clock.seconds(row.batch_time_ms) for row in rows], BAR * (clock.batch_ms or 1000) / 1000


def _whole_numbers(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(integer=True))


def _finish(axes: Axes) -> None:
    axes.grid(axis="y", alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9)

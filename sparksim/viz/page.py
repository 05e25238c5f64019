"""Lays the timeline out: how high each lane is, where labels go so that none covers another, and the legend.

Lengths on the page are inches, so that a wide run and a narrow one keep the same type size and the same lane height.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from math import ceil
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sparksim.trace import Trace
from sparksim.trace.events import ApplicationStart
from sparksim.viz.bars import MARKS, Scale, draw_lane
from sparksim.viz.clock import Clock
from sparksim.viz.delays import draw_delays
from sparksim.viz.lanes import Lane, failures, lanes
from sparksim.viz.lettering import letters
from sparksim.viz.palette import (
    BATCH_COLOURS,
    FAILED,
    GREY,
    HATCHES,
    INK,
    KILLED,
    PALE,
    RECEIVER,
    UNASSIGNED,
    colour_of,
)
from sparksim.viz.words import Words

# Inches: the margins beside the panels, then what is stacked from top to bottom.
LEFT, RIGHT = 1.65, 0.25
TITLE, LABEL_ROW, GAP, DELAYS, AXIS, LEGEND_ROW = 0.38, 0.17, 0.32, 1.5, 0.5, 0.22
LANE, LANES_AT_MOST = 0.29, 9.0

# Lanes: the gap between groups, what each further slot of a queue adds, and how high that can make it.
GROUP_GAP, SLOT, HIGHEST = 0.4, 0.5, 4.0

# Points, and from it the inches of an average letter and of a key of the legend.
FONT = 8.0
LETTER, KEY = 0.58 * FONT / 72, 0.6

# Beyond these a figure shows less detail.
LABEL_ROWS, ROOMY_BARS, BATCH_LINES, COLOURED_BATCHES = 5, 1000, 80, 200

STYLES = (RECEIVER, UNASSIGNED, FAILED, KILLED)
"""Those of the legend, in order."""


class NotebookFigure(Figure):
    """A figure that a notebook shows although no window system knows it."""

    def _repr_png_(self) -> bytes:
        image = BytesIO()
        self.savefig(image, format="png")
        return image.getvalue()


@dataclass(frozen=True)
class Row:
    """A lane with its place; y grows downwards, 1 is the height of a lane of one slot."""

    lane: Lane
    top: float
    height: float


def draw_page(trace: Trace, clock: Clock, span_s: tuple[float, float], width: float, words: Words) -> Figure:
    """The whole figure; see `timeline_figure`."""
    start_s, end_s = span_s
    rows = stacked(lanes(trace, words))
    bars = sum(len(row.lane.bars) for row in rows)
    batches = (end_s - start_s) * 1000 // clock.batch_ms if clock.batch_ms else 1
    scale = Scale(
        start_s,
        end_s,
        seconds_per_inch=(end_s - start_s) / (width - LEFT - RIGHT),
        roomy=bars <= ROOMY_BARS,
        batches_per_colour=1 if bars <= ROOMY_BARS else 1 + int(batches // COLOURED_BATCHES),
    )
    struck = [(at_s, label) for at_s, label in failures(trace, words) if start_s <= at_s <= end_s]
    levels = label_levels(struck, scale)
    legend = _legend_entries([row.lane for row in rows], scale, words)
    columns = legend_columns([label for _, label in legend], width)

    units = rows[-1].top + rows[-1].height if rows else 1.0
    lanes_in = units * min(LANE, LANES_AT_MOST / units)
    top_in = TITLE + LABEL_ROW * (max((level for level in levels if level is not None), default=-1) + 1)
    bottom_in = AXIS + LEGEND_ROW * ceil(len(legend) / columns)
    height = top_in + lanes_in + GAP + DELAYS + bottom_in

    figure = NotebookFigure(figsize=(width, height), dpi=100, facecolor="white")
    inner = (width - LEFT - RIGHT) / width
    upper = figure.add_axes((LEFT / width, (bottom_in + DELAYS + GAP) / height, inner, lanes_in / height), gid="lanes")
    lower = figure.add_axes((LEFT / width, bottom_in / height, inner, DELAYS / height), gid="delays", sharex=upper)
    figure.text(
        0.1 / width, 1 - 0.1 / height, _title(trace, words), fontsize=FONT + 2, weight=words["weight"], va="top"
    )

    _draw_lanes(upper, rows, units, lanes_in, scale, words)
    draw_delays(lower, trace, clock, words)
    for axes in (upper, lower):
        _draw_moments(axes, clock, struck, scale)
        axes.set_xlim(start_s, end_s)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=FONT, length=2)
    upper.tick_params(axis="x", labelbottom=False, length=0)
    upper.tick_params(axis="y", length=0)
    _draw_failure_labels(upper, struck, levels, scale)
    lower.set_xlabel(words["seconds"], fontsize=FONT)
    lower.yaxis.label.set_fontsize(FONT)
    curves, curve_labels = lower.get_legend_handles_labels()
    lower.legend(
        curves,
        curve_labels,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        borderaxespad=0,
        fontsize=FONT,
        ncols=len(curves),
        frameon=False,
    )
    figure.legend(
        [handle for handle, _ in legend],
        [label for _, label in legend],
        loc="lower center",
        ncols=columns,
        fontsize=FONT,
        frameon=False,
        borderaxespad=0.3,
        handler_map={tuple: HandlerTuple(ndivide=None, pad=0.1)},
    )
    return figure


def stacked(all_lanes: Sequence[Lane]) -> list[Row]:
    """The lanes from top to bottom, a gap between groups; a lane with several slots is higher, up to a limit."""
    rows: list[Row] = []
    top, group = 0.0, None
    for lane in all_lanes:
        if group not in (None, lane.group):
            top += GROUP_GAP
        height = min(1 + SLOT * (lane.slots - 1), HIGHEST)
        rows.append(Row(lane, top, height))
        top, group = top + height, lane.group
    return rows


def legend_columns(labels: Sequence[str], width: float) -> int:
    """The most columns that fit side by side when the legend is filled column by column."""

    def total(columns: int) -> float:
        rows = ceil(len(labels) / columns)
        return sum(max(map(letters, labels[i : i + rows])) * LETTER + KEY for i in range(0, len(labels), rows))

    columns = next((columns for columns in range(len(labels), 1, -1) if total(columns) <= width), 1)
    return ceil(len(labels) / ceil(len(labels) / columns)) if labels else 1  # with so many rows, fewer may do


def label_levels(struck: Sequence[tuple[float, str]], scale: Scale) -> list[int | None]:
    """For each failure the row above the lanes where its label covers no other; None where there is no room left."""
    taken_until: list[float] = []
    levels: list[int | None] = []
    for at_s, label in struck:
        from_s, to_s = _label_span(at_s, label, scale)
        free = [level for level, end_s in enumerate(taken_until) if end_s <= from_s]
        level = free[0] if free else len(taken_until)
        if level >= LABEL_ROWS:
            levels.append(None)
            continue
        taken_until[level : level + 1] = [to_s]
        levels.append(level)
    return levels


def _label_span(at_s: float, label: str, scale: Scale) -> tuple[float, float]:
    """Where the label lies: to the right of its moment, or to the left when the page ends before it does."""
    length_s = (letters(label) + 2) * LETTER * scale.seconds_per_inch
    return (at_s, at_s + length_s) if at_s + length_s <= scale.end_s else (at_s - length_s, at_s)


def _draw_lanes(axes: Axes, rows: Sequence[Row], units: float, lanes_in: float, scale: Scale, words: Words) -> None:
    axes.set_ylim(units, 0)
    for row in rows:
        draw_lane(axes, row.lane, row.top, row.height, scale)
    font = min(FONT, lanes_in / units * 72 * 0.8)
    axes.set_yticks(
        [row.top + row.height / 2 for row in rows], [_label(row.lane, words) for row in rows], fontsize=font
    )
    axes.tick_params(axis="y", labelsize=font)
    for above, below in pairwise(rows):
        if above.lane.group != below.lane.group:
            axes.axhline(below.top - GROUP_GAP / 2, color=PALE, linewidth=0.8, zorder=1)


def _label(lane: Lane, words: Words) -> str:
    executor = words["executor"].format(who=lane.group.rpartition(" ")[2])
    return words[f"row.{lane.kind}"].format(who=lane.who, group=executor)


def _draw_moments(axes: Axes, clock: Clock, struck: Sequence[tuple[float, str]], scale: Scale) -> None:
    """Light lines where batches are cut, dark dashed ones where something broke."""
    batch_s = clock.batch_ms / 1000
    if batch_s:
        zero_s = clock.seconds(clock.zero_ms)
        first = max(1, int((scale.start_s - zero_s) // batch_s))
        last = int((scale.end_s - zero_s) // batch_s)
        step = 1 + (last - first) // BATCH_LINES
        times = [zero_s + number * batch_s for number in range(first, last + 1, step)]
        axes.vlines(
            times, 0, 1, transform=axes.get_xaxis_transform(), color=PALE, linewidth=0.8, zorder=0, gid="batches"
        )
    for at_s, _ in struck:
        axes.axvline(at_s, color=INK, linewidth=1, linestyle=(0, (3, 2)), zorder=7, gid="failure")


def _draw_failure_labels(
    axes: Axes, struck: Sequence[tuple[float, str]], levels: Sequence[int | None], scale: Scale
) -> None:
    for (at_s, label), level in zip(struck, levels, strict=True):
        if level is None:
            continue
        leftwards = _label_span(at_s, label, scale)[0] < at_s
        axes.annotate(
            label,
            xy=(at_s, 1),
            xycoords=("data", "axes fraction"),
            xytext=(-2 if leftwards else 2, 2 + level * LABEL_ROW * 72),
            textcoords="offset points",
            ha="right" if leftwards else "left",
            va="bottom",
            fontsize=FONT,
            color=INK,
            gid="failure label",
        )


def _legend_entries(all_lanes: Sequence[Lane], scale: Scale, words: Words) -> list[tuple[Any, str]]:
    """(handle, text) of what the reader needs to know, and only of what occurs in this run."""
    styles = {bar.style for lane in all_lanes for bar in lane.bars}
    marks = {mark.kind for lane in all_lanes for mark in lane.marks}
    entries: list[tuple[Any, str]] = []
    if any(isinstance(style, int) for style in styles):
        told = "legend.batch" if scale.batches_per_colour == 1 else "legend.batches"
        colours = tuple(Patch(facecolor=colour) for colour in BATCH_COLOURS)
        entries.append((colours, words[told].format(batches=scale.batches_per_colour)))
    for style in STYLES:
        if style in styles:
            patch = Patch(facecolor=colour_of(style), edgecolor="white", hatch=HATCHES.get(style))
            entries.append((patch, words[f"style.{style}"]))
    if any(bar.in_vain for lane in all_lanes for bar in lane.bars):
        entries.append((Patch(facecolor=GREY, edgecolor="white", hatch=HATCHES[FAILED]), words["legend.in vain"]))
    if any(lane.gaps for lane in all_lanes):
        entries.append((Patch(facecolor=PALE, edgecolor="white", hatch="\\\\"), words["legend.executor absent"]))
    for kind, (marker, colour, _) in MARKS.items():
        if kind in marks:
            mark = Line2D([], [], linestyle="", marker=marker, markersize=6)
            mark.set(markerfacecolor=colour, markeredgecolor=INK, markeredgewidth=0.6)
            entries.append((mark, words[f"mark.{kind}"]))
    entries.append((Line2D([], [], color=GREY, linewidth=0.8), words["legend.batch time"]))
    return entries


def _title(trace: Trace, words: Words) -> str:
    started = trace.of(ApplicationStart)
    if not started:
        return words["run"]
    told = words["title" if started[0].seed is None else "title with seed"]
    return told.format(app=started[0].app_name, master=started[0].master, seed=started[0].seed)

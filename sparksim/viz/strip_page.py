"""Draws the strips of a delivery, the labels of its anomalies, and the legend. Lengths on the page are inches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sparksim.viz.lettering import letters, shortened
from sparksim.viz.page import FONT, LETTER, NotebookFigure, legend_columns
from sparksim.viz.palette import GREEN, GREY, INK, ORANGE, PALE, VERMILION
from sparksim.viz.strips import (
    BUFFER,
    FAILURE,
    GONE,
    LANES,
    NOWHERE,
    ONCE,
    SEVERAL,
    SKIP,
    UNKNOWN,
    WAITS,
    Note,
    Span,
    Strip,
)
from sparksim.viz.words import Words

LEFT, RIGHT, TITLE, GAP, LEGEND_ROW, BOTTOM = 1.75, 0.3, 0.45, 0.34, 0.22, 0.12
LANE, LANES_AT_MOST, CELL, NUMBERED = 0.24, 16.0, 0.45, 0.17
NOTE_ROW, NARROWEST, HAIR = 0.19, 0.035, 0.012

LOOK: dict[str, tuple[str, str]] = {
    ONCE: (GREEN, ""),
    SEVERAL: (ORANGE, "...."),
    GONE: (VERMILION, "////"),
    SKIP: (VERMILION, "xxxx"),
    BUFFER: (VERMILION, "\\\\\\\\"),
    FAILURE: (VERMILION, "----"),
    WAITS: (GREY, ""),
    NOWHERE: (PALE, ""),
}
"""Fill and hatch of each state; what is unknown is not drawn."""


@dataclass(frozen=True)
class Layout:
    """How much room there is: columns in all, inches per column and per lane."""

    columns: int
    column_in: float
    lane_in: float

    @property
    def numbered(self) -> bool:
        """Whether a cell has room for its number."""
        return self.column_in >= NUMBERED


def draw_strips(strips: Sequence[Strip], title: str, width: float, words: Words) -> Figure:
    """The whole figure; see `delivery_figure`."""
    columns = max(len(strip.numbers) for strip in strips)
    column_in = min(CELL, (width - LEFT - RIGHT) / columns)
    lanes = len(LANES) * len(strips)
    layout = Layout(columns, column_in, min(LANE, LANES_AT_MOST / lanes))
    labels = [_labels(strip.notes, layout, width) for strip in strips]
    labels_in = [NOTE_ROW * (max((label.row for label in each), default=-1) + 1) for each in labels]
    legend = _legend(strips, words)
    per_row = legend_columns([label for _, label in legend], width)
    bottom_in = BOTTOM + LEGEND_ROW * ceil(len(legend) / per_row)
    strip_in = len(LANES) * layout.lane_in
    height = TITLE + sum(labels_in) + (strip_in + GAP) * len(strips) + bottom_in

    figure = NotebookFigure(figsize=(width, height), dpi=100, facecolor="white")
    figure.text(0.1 / width, 1 - 0.1 / height, title, fontsize=FONT + 2, weight=words["weight"], va="top")
    top_in = TITLE
    for strip, each, room_in in zip(strips, labels, labels_in, strict=True):
        top_in += room_in
        place = LEFT / width, 1 - (top_in + strip_in) / height, columns * column_in / width, strip_in / height
        _draw(figure.add_axes(place, gid=strip.label), strip, layout, each, words)
        top_in += strip_in + GAP
    figure.legend(
        [handle for handle, _ in legend],
        [label for _, label in legend],
        loc="lower center",
        ncols=per_row,
        fontsize=FONT,
        frameon=False,
        borderaxespad=0.3,
    )
    return figure


def _draw(axes: Axes, strip: Strip, layout: Layout, labels: Sequence[Label], words: Words) -> None:
    axes.set_xlim(0, layout.columns)
    axes.set_ylim(len(LANES), 0)
    for lane, spans in enumerate(strip.lanes):
        _draw_lane(axes, lane, spans, layout, words)
    if layout.numbered:
        lane, spans = next(each for each in enumerate(strip.lanes) if not _is_untold(each[1]))
        states = {column: span.state for span in spans for column in range(span.first, span.last + 1)}
        for column, number in enumerate(strip.numbers):
            _draw_text(axes, column + 0.5, lane + 0.5, str(number), states[column])
    _draw_batches(axes, strip, layout)
    if strip.reordered:
        marks = axes.scatter(
            [column + 0.5 for column in strip.reordered],
            [1.5] * len(strip.reordered),
            s=22,
            marker="D",
            c="white",
            edgecolors=INK,
            linewidths=0.7,
            zorder=7,
        )
        marks.set_gid("reordered")
    for label in labels:
        _draw_label(axes, label, layout)
    axes.spines[:].set_visible(False)
    names = [words[f"strip.{lane}"] for lane in LANES]
    axes.set_yticks([lane + 0.5 for lane in range(len(LANES))], names, fontsize=FONT - 1)
    axes.tick_params(axis="y", length=0)
    axes.set_ylabel(strip.label, fontsize=FONT, rotation=0, ha="right", va="center", labelpad=4, weight="bold")
    axes.tick_params(axis="x", labelsize=FONT - 1, length=2)
    if layout.numbered:
        axes.set_xticks([])
    else:
        ticks = [int(tick) for tick in axes.get_xticks() if 0 <= tick < len(strip.numbers)]
        axes.set_xticks([tick + 0.5 for tick in ticks], [f"{strip.numbers[tick]:,}" for tick in ticks])


def _is_untold(spans: Sequence[Span]) -> bool:
    return all(span.state == UNKNOWN for span in spans)


def _draw_lane(axes: Axes, lane: int, spans: Sequence[Span], layout: Layout, words: Words) -> None:
    """Each state is one collection. What went wrong can be seen however narrow it is, and lies above the rest."""
    if _is_untold(spans):
        where = 0.1 / layout.column_in
        untold = words[f"untold.{LANES[lane]}"]
        axes.text(where, lane + 0.5, untold, fontsize=FONT - 1.5, color=GREY, va="center", style="italic")
    for state, (colour, hatch) in LOOK.items():
        alike = [span for span in spans if span.state == state]
        if not alike:
            continue
        least = (NARROWEST if hatch else HAIR) / layout.column_in
        bars = axes.broken_barh(
            [(span.first, max(span.last + 1 - span.first, least)) for span in alike],
            (lane + 0.06, 0.88),
            facecolor=colour,
            edgecolor="white",
            hatch=hatch,
            linewidth=0,
            zorder=4 if hatch else 3,
        )
        bars.set_gid(f"{LANES[lane]}/{state}")
    if layout.numbered:
        filled = [column for span in spans if span.state != UNKNOWN for column in range(span.first, span.last + 2)]
        axes.vlines(sorted(set(filled)), lane + 0.06, lane + 0.94, color="white", linewidth=1, zorder=4.5)


def _draw_batches(axes: Axes, strip: Strip, layout: Layout) -> None:
    """Where one batch ends and the next begins, and the batch time where there is room for it."""
    lane = LANES.index("batches")
    for span in strip.batches:
        axes.vlines([span.first, span.last + 1], lane + 0.06, lane + 0.94, color=INK, linewidth=0.7, zorder=5)
        room_in = (span.last + 1 - span.first) * layout.column_in
        if room_in > (len(span.state) + 1) * LETTER and layout.lane_in > 0.15:
            middle = (span.first + span.last + 1) / 2
            below = next(each.state for each in strip.lanes[lane] if each.first <= middle - 0.5 <= each.last + 0.5)
            _draw_text(axes, middle, lane + 0.5, span.state, below)


def _draw_text(axes: Axes, x: float, y: float, text: str, state: str) -> None:
    """On a ground that has its state's colour and no stripes."""
    ground = LOOK[state][0] if state in LOOK else "white"
    axes.text(
        x,
        y,
        text,
        fontsize=FONT - 1.5,
        color="white" if ground in (GREEN, VERMILION) else INK,
        ha="center",
        va="center_baseline",
        zorder=6,
        bbox={"facecolor": ground, "edgecolor": "none", "pad": 1.0},
    )


@dataclass(frozen=True)
class Label:
    """A note with its place: the column of its line, where its text begins and ends, in inches, and its row."""

    note: Note
    column: float
    line_in: float
    text: str
    begin_in: float
    end_in: float
    held_at: str
    row: int = 0

    def hinders(self, other: Label) -> bool:
        """Whether the text of one lies on the text or the line of the other."""
        if self.row == other.row:
            return self.begin_in < other.end_in and other.begin_in < self.end_in
        upper, lower = (self, other) if self.row > other.row else (other, self)
        return lower.begin_in + 0.05 < upper.line_in < lower.end_in - 0.05


def _labels(notes: Sequence[Note], layout: Layout, width: float) -> list[Label]:
    """Each in the lowest row in which it hinders no other.

    Lines go down: so of texts that go to the right the rightmost is lowest, and those that go to the left come last.
    """
    labels = [_label(note, layout, width) for note in notes]
    rightwards = sorted((each for each in labels if each.held_at == "left"), key=lambda each: -each.line_in)
    leftwards = sorted((each for each in labels if each.held_at == "right"), key=lambda each: each.line_in)
    placed: list[Label] = []
    for label in [*rightwards, *leftwards]:
        rows = [replace(label, row=row) for row in range(len(notes))]
        free = (each for each in rows if not any(each.hinders(other) for other in placed))
        above = max((other.row for other in placed), default=-1) + 1
        placed.append(next(free, replace(label, row=above)))
    return placed


def _label(note: Note, layout: Layout, width: float) -> Label:
    """Its text goes to the right of its line, or to the left where there is more room; if need be without its end."""
    column = note.column + (0.14 if layout.numbered else 0.5)  # in a cell beside the number
    line_in = column * layout.column_in
    right_in, left_in = width - LEFT - line_in - 0.1, line_in + LEFT - 0.1
    needed_in = letters(note.text) * LETTER + 0.1
    held_at = "left" if needed_in <= right_in or right_in >= left_in else "right"
    text = shortened(note.text, int(((right_in if held_at == "left" else left_in) - 0.1) / LETTER))
    length_in = letters(text) * LETTER + 0.1
    begin_in = line_in if held_at == "left" else line_in - length_in
    return Label(note, column, line_in, text, begin_in, begin_in + length_in, held_at)


def _draw_label(axes: Axes, label: Label, layout: Layout) -> None:
    rows = NOTE_ROW / layout.lane_in
    base, tip = -(label.row * rows) - 0.1, label.note.lane - 0.12
    axes.plot([label.column] * 2, [base - rows * 0.5, tip], color=INK, linewidth=0.7, clip_on=False, zorder=8)
    axes.plot([label.column], [tip], marker="v", markersize=4, color=INK, clip_on=False, zorder=8)
    text = axes.annotate(
        label.text,
        xy=(label.column, base),
        xytext=(3 if label.held_at == "left" else -3, 0),
        textcoords="offset points",
        fontsize=FONT,
        ha=label.held_at,
        va="bottom",
        color=INK,
        zorder=9,
        annotation_clip=False,
    )
    text.set(bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6}, gid="note")


def _legend(strips: Sequence[Strip], words: Words) -> list[tuple[Any, str]]:
    """What occurs in this figure."""
    states = {span.state for strip in strips for lane in strip.lanes for span in lane}
    entries: list[tuple[Any, str]] = [
        (Patch(facecolor=colour, edgecolor="white", hatch=hatch), words[f"state.{state}"])
        for state, (colour, hatch) in LOOK.items()
        if state in states
    ]
    if any(strip.reordered for strip in strips):
        mark = Line2D([], [], linestyle="", marker="D", markersize=5, markerfacecolor="white", markeredgecolor=INK)
        entries.append((mark, words["reordered"]))
    if any(strip.batches for strip in strips):
        entries.append((Line2D([], [], color=INK, linewidth=0.7), words["next batch"]))
    return entries

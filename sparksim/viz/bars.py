"""Draws one lane: its bars, its labels, its marks, and the spans in which it did not exist.

Bars of one style in one slot are one collection, so a run of ten thousand tasks is still a few hundred artists. Each
collection's gid is `lane label/style`, which is how tests and tools find it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from sparksim.viz.lanes import DISCONNECT, ERROR, LOSS, Bar, Lane
from sparksim.viz.lettering import letters
from sparksim.viz.palette import (
    BATCH_COLOURS,
    FAILED,
    HATCHES,
    INK,
    PALE,
    VERMILION,
    colour_of,
    text_colour_on,
)

BAR_FILL = 0.84
FONT_IN_BAR = 7.0
LETTER_IN = 0.6 * FONT_IN_BAR / 72
GAP_IN, PARTED_IN = 0.012, 0.06
# kind of mark: (marker, fill, height in the lane); different heights keep simultaneous ones apart
MARKS = {ERROR: ("v", INK, 0.2), DISCONNECT: ("d", "white", 0.5), LOSS: ("X", VERMILION, 0.8)}


@dataclass(frozen=True)
class Scale:
    """The visible span, how many seconds an inch holds, and how much detail there is room for.

    `roomy` says that bars are few enough to be parted and labelled; `batches_per_colour` batches share a colour.
    """

    start_s: float
    end_s: float
    seconds_per_inch: float
    roomy: bool
    batches_per_colour: int = 1

    def inches(self, bar: Bar) -> float:
        """The visible length of a bar."""
        return (min(bar.end_s, self.end_s) - max(bar.start_s, self.start_s)) / self.seconds_per_inch

    def shows(self, start_s: float, end_s: float) -> bool:
        return start_s <= self.end_s and end_s >= self.start_s


def draw_lane(axes: Axes, lane: Lane, top: float, height: float, scale: Scale) -> None:
    """Draw `lane` between `top` and `top + height`; y grows downwards."""
    for start_s, end_s in lane.gaps:
        if scale.shows(start_s, end_s):
            absent = axes.broken_barh(
                [(start_s, end_s - start_s)],
                (top, height),
                facecolor=PALE,
                edgecolor="white",
                hatch="\\\\",
                linewidth=0,
            )
            absent.set_gid(f"{lane.label}/absent")
    visible = [bar for bar in lane.bars if scale.shows(bar.start_s, bar.end_s)]
    for (style, in_vain, slot), bars in _alike(visible, scale.batches_per_colour).items():
        place = _place(slot, lane, top, height)
        hatch = HATCHES[FAILED] if in_vain else HATCHES.get(str(style))
        _draw_bars(axes, bars, style, hatch, place, scale).set_gid(f"{lane.label}/{style}{' in vain' * in_vain}")
    if scale.roomy:
        _draw_labels(axes, lane, visible, top, height, scale)
    for kind, (marker, colour, level) in MARKS.items():
        times = [mark.time_s for mark in lane.marks if mark.kind == kind and scale.shows(mark.time_s, mark.time_s)]
        if times:
            levels = [top + level * height] * len(times)
            marks = axes.scatter(times, levels, s=38, marker=marker, c=colour, edgecolors=INK, linewidths=0.6, zorder=9)
            marks.set_gid(f"{lane.label}/{kind}")


def _alike(bars: Iterable[Bar], batches_per_colour: int) -> dict[tuple[int | str, bool, int], list[Bar]]:
    """Bars by (style, in vain, slot); batches that share a colour share a style."""
    groups: dict[tuple[int | str, bool, int], list[Bar]] = {}
    for bar in bars:
        style = bar.style // batches_per_colour % len(BATCH_COLOURS) if isinstance(bar.style, int) else bar.style
        groups.setdefault((style, bar.in_vain, bar.slot), []).append(bar)
    return groups


def _place(slot: int, lane: Lane, top: float, height: float) -> tuple[float, float]:
    """(top, height) of the bars in a slot; slot 0 is the lowest."""
    slot_height = height / lane.slots
    pad = (1 - BAR_FILL) / 2 * min(slot_height, 1.0)
    return top + height - (slot + 1) * slot_height + pad, slot_height - 2 * pad


def _draw_bars(
    axes: Axes, bars: list[Bar], style: int | str, hatch: str | None, place: tuple[float, float], scale: Scale
) -> PolyCollection:
    """One collection. A hair of white parts neighbours, and the eye finds even a bar of a millisecond.

    Where bars crowd, neither holds: each covers just its time, so that the tint of a lane is how busy it was.
    """
    gaps_s = [GAP_IN * scale.seconds_per_inch if scale.roomy and scale.inches(bar) > PARTED_IN else 0.0 for bar in bars]
    shortest_s = scale.seconds_per_inch * (0.03 if style == FAILED else 0.012 if scale.roomy else 0)
    spans = [
        (bar.start_s, max(bar.end_s - bar.start_s - gap_s, shortest_s)) for bar, gap_s in zip(bars, gaps_s, strict=True)
    ]
    order = 4 if style == FAILED else 3
    return axes.broken_barh(
        spans,
        place,
        facecolor=colour_of(style),
        edgecolor="white",
        hatch=hatch,
        linewidth=0,
        zorder=order,
        snap=scale.roomy,
    )


def _draw_labels(axes: Axes, lane: Lane, bars: Iterable[Bar], top: float, height: float, scale: Scale) -> None:
    """The label of each bar that is long and thick enough for it."""
    for bar in bars:
        if bar.label and scale.inches(bar) > (letters(bar.label) + 1) * LETTER_IN and height / lane.slots > 0.5:
            slot_top, slot_height = _place(bar.slot, lane, top, height)
            axes.text(
                (max(bar.start_s, scale.start_s) + min(bar.end_s, scale.end_s)) / 2,
                slot_top + slot_height / 2,
                bar.label,
                fontsize=FONT_IN_BAR,
                color=text_colour_on(bar.style),
                ha="center",
                va="center_baseline",
                zorder=8,
                bbox={"facecolor": colour_of(bar.style), "edgecolor": "none", "pad": 1.2},
            )

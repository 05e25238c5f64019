"""The figure of windows: which batches feed which window, and how a window is made from the one before."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sparksim.trace import Trace
from sparksim.trace.state_tables import WindowRow, windows
from sparksim.viz.clock import Clock
from sparksim.viz.fonts import lettering
from sparksim.viz.palette import GREEN, INK, STEEL, VERMILION
from sparksim.viz.state_words import state_words
from sparksim.viz.words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LAST_WINDOWS = 24
"""So many windows are drawn: more rows cannot be read."""

TALL = 0.72
"""How tall a window's row is filled."""

ADDED, KEPT, REMOVED = "added", "already in it", "taken away"
STYLES: dict[str, dict[str, Any]] = {
    ADDED: {"facecolor": GREEN, "edgecolor": "white", "hatch": ""},
    KEPT: {"facecolor": STEEL, "edgecolor": "white", "hatch": ""},
    REMOVED: {"facecolor": "white", "edgecolor": VERMILION, "hatch": "////"},
}
SIGNS = {ADDED: "+", KEPT: "", REMOVED: "−"}


def window_figure(trace: Trace, last: int = LAST_WINDOWS, lang: str | None = None) -> Figure:
    """One panel per windowed stream and one row per window, the last `last` of them; a cell is one batch.

    Times are seconds since the run's origin; `lang` is "en", "zh" or None, the set language. Raises `ValueError` for a
    trace without windows, for `last` below 1, and for another language.
    """
    words = state_words(lang)
    if last < 1:
        raise ValueError(f"last={last!r}: give the number of windows to draw, 1 or more")
    rows = windows(trace)
    streams = list(dict.fromkeys(rows.column("stream")))
    if not streams:
        raise ValueError("no stream of this run has windows: use window, countByWindow or reduceByKeyAndWindow")
    clock = Clock.of(trace)
    shown = {stream: list(rows.where(stream=stream))[-last:] for stream in streams}
    with lettering(lang):
        return _drawn(shown, clock, words)


def _drawn(shown: Mapping[int, list[WindowRow]], clock: Clock, words: Words) -> Figure:
    from sparksim.viz.page import NotebookFigure

    heights = [0.3 * len(own) + 1.1 for own in shown.values()]
    figure = NotebookFigure(figsize=(9, sum(heights) + 0.5), layout="constrained")
    panels = figure.subplots(len(shown), 1, sharex=True, height_ratios=heights, squeeze=False)
    for [axes], (stream, own) in zip(panels, shown.items(), strict=True):
        _draw(axes, own, clock, words)
        axes.set_title(words["windows of"].format(stream=stream), loc="left", fontsize=11)
    panels[-1][0].set_xlabel(words["time"])
    kinds = {kind for own in shown.values() for row in own for kind in _cells(row).values()}
    _add_legend(figure, kinds, words)
    return figure


def _cells(row: WindowRow) -> dict[int, str]:
    """Each batch that a window has to do with, and what becomes of it."""
    kinds = dict.fromkeys(row.removed, REMOVED)
    kinds |= {batch: ADDED if batch in row.added else KEPT for batch in row.batches}
    return kinds


def _draw(axes: Axes, rows: list[WindowRow], clock: Clock, words: Words) -> None:
    from matplotlib.patches import Rectangle

    names = []
    for number, row in enumerate(rows):
        width_s = _batch_s(row, clock)
        for batch, kind in _cells(row).items():
            start_s = clock.seconds(batch) - width_s
            axes.add_patch(Rectangle((start_s, number - TALL / 2), width_s, TALL, linewidth=0.8, **STYLES[kind]))
            if SIGNS[kind]:
                style: dict[str, Any] = {
                    "ha": "center",
                    "va": "center",
                    "color": "white" if kind == ADDED else INK,
                    "weight": "bold",
                }
                axes.text(start_s + width_s / 2, number, SIGNS[kind], fontsize=9, **style)
        names.append(words["second"].format(time=f"{round(clock.seconds(row.batch_time_ms), 2):g}"))
    batches = [batch for row in rows for batch in _cells(row)]
    axes.set_xlim(clock.seconds(min(batches)) - _batch_s(rows[0], clock), clock.seconds(max(batches)))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylabel(words["window ends"])
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _batch_s(row: WindowRow, clock: Clock) -> float:
    """The slide of the windowed stream's parent: its batches' distance."""
    gaps = [later - earlier for earlier, later in pairwise(sorted(_cells(row)))]
    return min(gaps, default=clock.batch_ms) / 1000


def _add_legend(figure: Figure, kinds: set[str], words: Words) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(label=f"{words[kind]} {SIGNS[kind]}".strip(), **STYLES[kind]) for kind in STYLES if kind in kinds]
    figure.legend(handles=handles, frameon=False, loc="outside upper right", ncols=len(handles))

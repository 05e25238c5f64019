"""The strip of single keys with matplotlib: a row per key, a cell per batch, darker for a larger state.

A tall cell is a batch that changed the key's state, a thin one a batch that left it alone. Where there is room, a
changed cell has its bytes or a sign.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Any

from sparksim.trace.short_text import cut
from sparksim.viz.palette import GREY, HATCHES, INK, PALE, VERMILION, shade
from sparksim.viz.sizes import short_size, size_text
from sparksim.viz.state_strip import Cell, Strip
from sparksim.viz.words import Words

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

NUMBERED, SIGNED = 22, 60
"""Up to so many batches there is room for numbers, and for signs."""

WIDE, TALL, THIN = 0.94, 0.8, 0.22
"""A cell's width in batch intervals; its height in rows, changed and left alone."""

LETTERS = 20
"""So much of a key is written beside its row."""

GONE: dict[str, dict[str, Any]] = {
    "removed": {"facecolor": "white", "edgecolor": VERMILION, "hatch": HATCHES["failed"], "linewidth": 0.6},
    "timed out": {"facecolor": "white", "edgecolor": GREY, "hatch": HATCHES["killed"], "linewidth": 0.6},
}
SIGNS = {"created": "+", "updated": "", "removed": "−", "timed out": "×"}


class Shades:
    """Lighter and darker by the logarithm of the size, from the smallest state to the largest one."""

    def __init__(self, sizes: list[int]) -> None:
        self.least, self.most = min(sizes, default=0), max(sizes, default=0)

    def share(self, size_bytes: int) -> float:
        """Where a size lies between the smallest (0) and the largest (1)."""
        if self.least == self.most:
            return 0.5
        return log((size_bytes + 1) / (self.least + 1)) / log((self.most + 1) / (self.least + 1))


def draw_strip(axes: Axes, strip: Strip, moments: dict[int, float], batch_s: float, words: Words) -> None:
    """Draw it; `moments` are where on the axis the batches are, in seconds, `batch_s` apart."""
    shades = Shades([cell.size_bytes for cell in strip.cells if cell.size_bytes is not None])
    for number, line in enumerate(strip.lines):
        for batch, cell in line.cells.items():
            _draw_box(axes, moments[batch], number, batch_s, cell, shades)
            if cell.change and (text := _text(cell, len(moments))):
                dark = cell.size_bytes is not None and shades.share(cell.size_bytes) > 0.45
                _write(axes, moments[batch], number, text, "white" if dark else INK, on_hatch=cell.size_bytes is None)
    names = [cut(line.key, LETTERS) for line in strip.lines]
    if strip.others:
        _draw_others(axes, strip.others, moments, len(names), batch_s)
        names.append(words["other keys"].format(count=f"{strip.keys - len(strip.lines):,}"))
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_title(_title(strip, len(moments), words), loc="left", fontsize=9)
    axes.legend(
        handles=_handles(strip, shades, words),
        frameon=False,
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        fontsize=9,
    )


def _draw_box(axes: Axes, moment: float, row: int, batch_s: float, cell: Cell, shades: Shades) -> None:
    from matplotlib.patches import Rectangle

    wide, tall = WIDE * batch_s, TALL if cell.change else THIN
    style = {"facecolor": shade(shades.share(cell.size_bytes))} if cell.size_bytes is not None else GONE[cell.change]
    axes.add_patch(Rectangle((moment - wide / 2, row - tall / 2), wide, tall, **style))


def _text(cell: Cell, batches: int) -> str:
    sign = SIGNS[cell.change]
    if batches > SIGNED:
        return ""
    return sign + short_size(cell.size_bytes) if batches <= NUMBERED and cell.size_bytes is not None else sign


def _draw_others(axes: Axes, others: dict[int, int], moments: dict[int, float], row: int, batch_s: float) -> None:
    """Bars, the highest as tall as a cell."""
    from matplotlib.patches import Rectangle

    most, wide, bottom = max(others.values()), WIDE * batch_s, row + TALL / 2
    for batch, count in others.items():
        tall = TALL * count / most
        axes.add_patch(Rectangle((moments[batch] - wide / 2, bottom - tall), wide, tall, facecolor=PALE))
        if len(moments) <= NUMBERED:
            _write(axes, moments[batch], row, f"{count:,}", INK)


def _write(axes: Axes, moment: float, row: int, text: str, colour: str, *, on_hatch: bool = False) -> None:
    behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.6} if on_hatch else None
    axes.text(moment, row, text, ha="center", va="center_baseline", fontsize=7, color=colour, bbox=behind)


def _title(strip: Strip, batches: int, words: Words) -> str:
    shown = len(strip.lines)
    which = words["single keys" if shown == strip.keys else "some keys"]
    said = [which.format(shown=shown, count=f"{strip.keys:,}")]
    if batches <= NUMBERED:
        said.append(words["numbers"])
    if strip.untold:
        said.append(words["untold"].format(count=f"{strip.untold:,}"))
    return words["and"].join(said)


def _handles(strip: Strip, shades: Shades, words: Words) -> list[Artist]:
    """What occurs in the strip: sizes, changes, and states that were left alone."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    sizes = dict.fromkeys((shades.least, shades.most))
    handles: list[Artist] = [Patch(label=size_text(size), facecolor=shade(shades.share(size))) for size in sizes]
    occurring = {cell.change for cell in strip.cells}
    if "created" in occurring:
        handles.append(Line2D([], [], linestyle="", marker="+", color=INK, label=words["created"]))
    gone = [change for change in GONE if change in occurring]
    handles += [Patch(label=f"{words[change]} {SIGNS[change]}", **GONE[change]) for change in gone]
    if "" in occurring:
        handles.append(Line2D([], [], linewidth=3, color=shade(0.5), label=words["kept"]))
    return handles

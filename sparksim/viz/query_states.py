"""The states of a streaming query one by one: a row per key or window, a cell per trigger, with the value it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from sparksim.trace.query_keys import window_text
from sparksim.viz.lettering import shortened
from sparksim.viz.page import FONT
from sparksim.viz.palette import BLUE, GREEN, GREY, HATCHES, INK, PALE, VERMILION

if TYPE_CHECKING:
    from sparksim.viz.query_story import QueryStory, StateLine

MOST_LINES = 16
"""So many states have a row; the others are counted."""

LETTERS = 24

LOOK: dict[str, dict[str, Any]] = {
    "created": {"facecolor": GREEN, "edgecolor": "white"},
    "updated": {"facecolor": BLUE, "edgecolor": "white"},
    "": {"facecolor": PALE, "edgecolor": "white"},
    "removed": {"facecolor": "white", "edgecolor": VERMILION, "hatch": HATCHES["failed"]},
    "expired": {"facecolor": "white", "edgecolor": GREY, "hatch": HATCHES["killed"]},
}
"""By what the batch did; an unchanged state is a thin cell."""

SIGNS = {"created": "+ ", "updated": "", "": "", "removed": "−", "expired": "×"}


class Room(Protocol):
    """How much room a column has."""

    @property
    def texts(self) -> bool: ...

    def fit(self, text: str, left_out: float = ...) -> str: ...


def shown_lines(lines: Sequence[StateLine]) -> list[StateLine]:
    """Those that were changed last, in their order."""
    if len(lines) <= MOST_LINES:
        return list(lines)
    latest = sorted(range(len(lines)), key=lambda number: (-lines[number].last, number))[:MOST_LINES]
    return [lines[number] for number in sorted(latest)]


def line_name(line: StateLine) -> str:
    """The window and the rest of the key."""
    return f"{window_text(line.window)} {line.name}".strip() if line.window else line.name or "()"


def draw_states(axes: Axes, story: QueryStory, lines: Sequence[StateLine], columns: Room) -> None:
    """A row per state; trigger n is at n."""
    for row, line in enumerate(lines):
        for step, cell in story.cells(line).items():
            tall, wide = (0.8 if cell.change else 0.62), (0.94 if columns.texts else 1.0)
            edge = 0.8 if columns.texts else 0
            look = {**LOOK[cell.change], "linewidth": edge}
            axes.add_patch(Rectangle((step - wide / 2, row - tall / 2), wide, tall, **look))
            if columns.texts:
                dark = cell.change in ("created", "updated")
                gone = cell.change in ("removed", "expired")
                ground = {"facecolor": "white", "edgecolor": "none", "pad": 0.8} if gone else None
                text = columns.fit(f"{SIGNS[cell.change]}{'' if gone else cell.value}", 0.25)
                style: dict[str, Any] = {"ha": "center", "va": "center_baseline", "bbox": ground}
                axes.text(step, row, text, fontsize=FONT - 0.5, color="white" if dark else INK, **style)
    axes.set_ylim(len(lines) - 0.45, -0.55)
    axes.set_yticks(range(len(lines)), [shortened(line_name(line), LETTERS) for line in lines], fontsize=FONT)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)

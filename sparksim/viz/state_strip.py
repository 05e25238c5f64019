"""Single keys over time as plain values: a line per key, a cell per batch.

There is room for few keys: the largest ones have a line, the changes of the others are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sparksim.trace.state_tables import StateKeyRow, StateRow

MOST_KEYS = 16
"""So many keys have a row of their own."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A key in a batch: the bytes of its state (None: it is gone), and what the batch did to it ("" for nothing)."""

    size_bytes: int | None
    change: str


@dataclass(slots=True)
class KeyLine:
    """The cells of one key, by batch time."""

    key: str
    cells: dict[int, Cell] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Strip:
    """What there is to draw. `others` counts the changes of keys without a row, by batch; `untold` those of no key."""

    lines: list[KeyLine]
    keys: int
    others: dict[int, int]
    untold: int

    @property
    def cells(self) -> list[Cell]:
        return [cell for line in self.lines for cell in line.cells.values()]


def strip_of(changes: Sequence[StateKeyRow], states: Sequence[StateRow], most: int = MOST_KEYS) -> Strip:
    """The strip of one stream: its largest keys (of equal ones those changed last), in the order in which they came."""
    peak: dict[str, tuple[int, int]] = {}
    for row in changes:
        size_bytes, _ = peak.get(row.key, (0, 0))
        peak[row.key] = max(size_bytes, row.size_bytes or 0), row.batch_time_ms
    chosen = set(sorted(peak, key=lambda key: peak[key], reverse=True)[:most])
    told: dict[int, dict[str, StateKeyRow]] = {}
    others: Counter[int] = Counter()
    for row in changes:
        if row.key in chosen:
            told.setdefault(row.batch_time_ms, {})[row.key] = row
        else:
            others[row.batch_time_ms] += 1
    for state in states:
        others[state.batch_time_ms] += state.left_out or 0
    lines = {key: KeyLine(key) for key in peak if key in chosen}
    for state in states:
        _continue(list(lines.values()), state.batch_time_ms, told.get(state.batch_time_ms, {}))
    untold = sum(state.left_out or 0 for state in states)
    return Strip(list(lines.values()), len(peak), {batch: count for batch, count in others.items() if count}, untold)


def _continue(lines: list[KeyLine], batch_time_ms: int, told: dict[str, StateKeyRow]) -> None:
    """Add the next batch. A state that nothing is told of stays as it is."""
    for line in lines:
        if row := told.get(line.key):
            line.cells[batch_time_ms] = Cell(row.size_bytes, row.change)
        elif line.cells and (last := next(reversed(line.cells.values()))).size_bytes is not None:
            line.cells[batch_time_ms] = Cell(last.size_bytes, "")

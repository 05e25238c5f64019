"""What a streaming query did, trigger by trigger, as plain values: what its figure and its page draw.

A query that was started again goes on where it was: its triggers stand behind those of the run before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sparksim.trace import Trace
from sparksim.trace.query_events import (
    Cells,
    QueryBatchCommitted,
    QueryRowsLate,
    QueryRowsRead,
    QueryRowsWatched,
    QueryRowsWritten,
    QueryStateCommitted,
)
from sparksim.trace.query_keys import Window, shown_cell, shown_value, window_of_cell
from sparksim.trace.query_tables import (
    COUNTS_OF_JOINS,
    QueryRow,
    StateChangeRow,
    TriggerRow,
    queries,
    rows_read,
    told_changes,
    triggers,
)

GONE = ("removed", "expired")
ROWS_OF_JOINS = "keyWithIndexToValue"
SIDES = ("left", "right")


@dataclass
class Entry:
    """A new row of an input table. `late`: an operator dropped it; `closed`: the window that is over, if any."""

    source: int
    cells: Cells
    event_ms: float | None
    text: str
    late: bool = False
    closed: Window | None = None


@dataclass
class Change:
    """What a batch did to one state."""

    line: int
    change: str
    value: str


@dataclass
class Step:
    """One trigger. Samples are what the trace has, `row` has all counts. `own_ms`: latest event times minus delays.

    `entries` are rows of the sources; where event times are made on the way, rows as the watermarks see them, of which
    there are `watched`.
    """

    row: TriggerRow
    watched: int | None = None
    source_columns: dict[int, Cells] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    late: list[Cells] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    columns: Cells = ()
    result: list[Cells] = field(default_factory=list)
    own_ms: tuple[int | None, ...] = ()
    buffers: dict[str, int] = field(default_factory=dict)

    @property
    def unshown(self) -> int:
        """How many rows were read that the trace does not show."""
        return (self.row.rows_read if self.watched is None else self.watched) - len(self.entries)


class Cell(NamedTuple):
    """A state after a batch: its value, and what the batch did to it ("" if nothing)."""

    value: str
    change: str


@dataclass
class StateLine:
    """One state, and what it was after each step that changed it."""

    name: str
    window: Window | None
    changes: dict[int, Cell] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """The last step that changed it."""
        return max(self.changes)


@dataclass
class WindowBar:
    """A window of event time, with the steps between which it has states; None: to the end."""

    window: Window
    first: int
    last: int | None


@dataclass
class QueryStory:
    """A query by its triggers. `untold` changes of states are not told one by one."""

    runs: list[QueryRow]
    steps: list[Step]
    lines: list[StateLine]
    untold: int

    @property
    def title(self) -> str:
        """The query's name, or the first letters of its id."""
        return self.runs[0].name or self.runs[0].query[:8]

    @property
    def has_times(self) -> bool:
        """Whether some row has an event time."""
        return any(entry.event_ms is not None for step in self.steps for entry in step.entries)

    @property
    def sides(self) -> list[str]:
        """The sides of a join of streams that keep rows."""
        return [side for side in SIDES if any(side in step.buffers for step in self.steps)]

    def windows(self) -> list[WindowBar]:
        """The windows that have states, in order of time."""
        found: dict[Window, WindowBar] = {}
        for line in self.lines:
            if line.window is None:
                continue
            first, last = min(line.changes), line.last
            end = last if line.changes[last].change in GONE else None
            if (bar := found.get(line.window)) is None:
                found[line.window] = WindowBar(line.window, first, end)
            else:
                bar.first = min(bar.first, first)
                bar.last = None if bar.last is None or end is None else max(bar.last, end)
        return [found[window] for window in sorted(found)]

    def cells(self, line: StateLine) -> dict[int, Cell]:
        """What a state was after each step that has it. What an abandoned batch did, the next run does again."""
        cells: dict[int, Cell] = {}
        kept: str | None = None
        for number in range(min(line.changes), len(self.steps)):
            cell = line.changes.get(number)
            if cell is not None:
                cells[number] = cell
            elif kept is not None:
                cells[number] = Cell(kept, "")
            if cell is not None and self.steps[number].row.status != "abandoned":
                kept = None if cell.change in GONE else cell.value
        return cells


def query_story(trace: Trace, name: str | None = None) -> QueryStory:
    """The story of the query of this name, id or run id; of the only one with None.

    Raises `ValueError` when there is no such query, or more than one and no name.
    """
    runs = _runs(list(queries(trace)), name)
    own = {run.run for run in runs}
    rows = [row for row in triggers(trace) if row.run in own]
    steps = {(row.run, row.batch): Step(row) for row in rows}
    untold = _take_events(trace, steps)
    ordered = list(steps.values())
    lines = _lines(ordered, [told for told in told_changes(trace) if told[1].run in own])
    for step in ordered:
        _mark_late(step)
    return QueryStory(runs, ordered, lines, untold)


def _runs(known: Sequence[QueryRow], name: str | None) -> list[QueryRow]:
    """The runs of one query: all of them that have the id of the one that is meant."""
    if not known:
        raise ValueError("no streaming query was started in this run: call df.writeStream.start()")
    found = [row for row in known if name is None or name in (row.name, row.query, row.run)]
    ids = list(dict.fromkeys(row.query for row in found))
    if len(ids) != 1:
        names = ", ".join(repr(row.name or row.query) for row in {row.query: row for row in known}.values())
        raise ValueError(f"name={name!r}: give the name or the id of one query; there are: {names}")
    return [row for row in known if row.query == ids[0]]


_FACTS = (QueryRowsRead, QueryRowsWatched, QueryRowsLate, QueryStateCommitted, QueryRowsWritten, QueryBatchCommitted)


def _take_events(trace: Trace, steps: dict[tuple[str, int], Step]) -> int:
    """Put each fact into its step. Gives how many changes of states are not told."""
    untold = 0
    are_watched = any(isinstance(event, QueryRowsWatched) and (event.run, event.batch) in steps for event in trace)
    for each in steps.values():
        each.watched = 0 if are_watched else None
    for event in trace:
        if not isinstance(event, _FACTS) or (step := steps.get((event.run, event.batch))) is None:
            continue
        if isinstance(event, QueryRowsWatched):
            _take_watched(event, step)
        elif isinstance(event, QueryRowsRead) and are_watched:
            continue
        elif isinstance(event, QueryRowsRead):
            step.source_columns.setdefault(event.source, event.columns)
            step.entries += [
                Entry(row.source, row.row, row.event_time_ms, _text(row.row, event.event_time))
                for row in rows_read(event)
            ]
        elif isinstance(event, QueryRowsLate):
            step.late += event.sample
        elif isinstance(event, QueryRowsWritten):
            step.columns, step.result = event.columns, list(event.sample)
        elif isinstance(event, QueryBatchCommitted):
            step.own_ms = event.watermarks_ms
        elif ROWS_OF_JOINS in event.store:
            side = event.store.partition("-")[0]
            step.buffers[side] = step.buffers.get(side, 0) + event.keys
            untold += event.left_out
        elif COUNTS_OF_JOINS not in event.store:
            untold += event.left_out
    return untold


def _take_watched(event: QueryRowsWatched, step: Step) -> None:
    step.watched = (step.watched or 0) + event.rows
    step.source_columns.setdefault(event.watermark, event.columns)
    step.entries += [
        Entry(event.watermark, row, time_ms, _text(row, event.event_time))
        for row, time_ms in zip(event.sample, event.event_times_ms, strict=True)
    ]


def _text(cells: Cells, event_time: int | None) -> str:
    """A row without its event time."""
    return ", ".join(shown_cell(cell) for at, cell in enumerate(cells) if at != event_time)


def _lines(steps: Sequence[Step], changes: Sequence[tuple[str, StateChangeRow]]) -> list[StateLine]:
    """Every state that is told: windows in order of time, others in order of their first change."""
    at = {(step.row.run, step.row.batch): number for number, step in enumerate(steps)}
    several = len({change.operator for _, change in changes}) > 1
    lines: list[StateLine] = []
    latest: dict[tuple[object, ...], StateLine] = {}
    told: list[tuple[int, StateLine, str]] = []
    for key, change in changes:
        if COUNTS_OF_JOINS in change.store or (change.run, change.batch) not in at:
            continue
        place, window = (change.operator, change.store, change.partition, key), _window(change)
        line = latest.get(place)
        if line is None or (change.change == "created" and line.window != window):
            line = latest[place] = StateLine(_name(change, several), window)
            lines.append(line)
        line.window = window
        number = at[change.run, change.batch]
        line.changes[number] = Cell(shown_value(change.value, change.name), change.change)
        told.append((number, line, change.change))
    lines.sort(key=lambda line: line.window or (float("inf"), 0.0))
    numbers = {id(line): number for number, line in enumerate(lines)}
    for number, line, what in told:
        steps[number].changes.append(Change(numbers[id(line)], what, line.changes[number].value))
    return lines


def _name(change: StateChangeRow, several: bool) -> str:
    side = f"{change.store.partition('-')[0]}: " if ROWS_OF_JOINS in change.store else ""
    return f"{change.operator}. {side}{change.key}" if several else f"{side}{change.key}"


def _window(change: StateChangeRow) -> Window | None:
    if change.window_start_ms is None or change.window_end_ms is None:
        return None
    return change.window_start_ms, change.window_end_ms


def _mark_late(step: Step) -> None:
    """Find the input rows that were dropped: by the operator's rows or groups, else by their times."""
    for cells in step.late:
        for entry in step.entries:
            if not entry.late and _is_of(entry, cells):
                entry.late = True
                windows = [window for cell in cells if (window := window_of_cell(cell)) is not None]
                entry.closed = windows[0] if windows else None
                if not windows:
                    break  # one row; a group may have more of them
    missing = step.row.rows_late - sum(entry.late for entry in step.entries)
    for entry in step.entries:
        if missing > 0 and not entry.late and entry.event_ms is not None and entry.event_ms <= step.row.watermark_ms:
            entry.late = True
            missing -= 1


def _is_of(entry: Entry, cells: Cells) -> bool:
    """Whether a dropped row is this input row, or a dropped group may have it: all values are the row's."""
    for cell in cells:
        window = window_of_cell(cell)
        if window is not None:
            if entry.event_ms is None or not window[0] <= entry.event_ms < window[1]:
                return False
        elif cell not in entry.cells:
            return False
    return bool(cells)

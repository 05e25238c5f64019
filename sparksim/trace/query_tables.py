"""Streaming queries as tables: what each trigger read, dropped, kept and wrote, and where the watermark stood.

Tables of single rows have the samples that the trace has; `triggers` has all counts. A query that was started again is
another run of the same query.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sparksim.trace.event import Event
from sparksim.trace.events import ApplicationStart
from sparksim.trace.query_events import (
    Cells,
    QueryBatchCommitted,
    QueryBatchPlanned,
    QueryEpochCommitted,
    QueryRowsLate,
    QueryRowsRead,
    QueryRowsWritten,
    QueryStarted,
    QueryStateCommitted,
    QueryTerminated,
)
from sparksim.trace.query_keys import Window, owner_of, shown_key
from sparksim.trace.query_sessions import Place, Sessions
from sparksim.trace.table import Table

SESSIONS = "sessionWindow"
"""So begin the names of operators that keep sessions."""

COUNTS_OF_JOINS = "keyToNumValues"
"""A join has, besides its rows, how many rows each key has: not one more state."""


@dataclass(frozen=True, slots=True)
class QueryRow:
    """One run of a query. `error`: what it died of, None where it did not. `batches` are epochs in continuous mode."""

    name: str | None
    query: str
    run: str
    mode: str
    trigger: str
    sources: tuple[str, ...]
    sink: str
    started_ms: float
    ended_ms: float | None
    batches: int
    error: str | None


@dataclass(frozen=True, slots=True)
class TriggerRow:
    """One batch of a run, from its plan to its commit.

    `status` is running, done or abandoned (the run ended before the commit). `data`: whether a source had new rows;
    `again`: whether the batch had been planned by an earlier run. `rows_written` is None where the sink does not know.
    `state_rows` is how many states there were afterwards; None without a stateful operator. `batch_time_ms` and the
    watermarks are ms since the epoch; `start_ms` and `end_ms` are on the run's clock.
    """

    name: str | None
    run: str
    batch: int
    batch_time_ms: int
    start_ms: float
    end_ms: float | None
    duration_ms: float | None
    status: str
    data: bool
    again: bool
    watermark_ms: int
    next_watermark_ms: int | None
    rows_read: int
    rows_late: int
    rows_written: int | None
    state_rows: int | None


@dataclass(frozen=True, slots=True)
class InputRow:
    """A new row of the input table. `event_time_ms` is None where the source has no event time, or the row none."""

    run: str
    batch: int
    source: int
    event_time_ms: int | None
    row: Cells


@dataclass(frozen=True, slots=True)
class LateRow:
    """A row, or a group of rows, that an operator dropped: its event time is not after the watermark."""

    run: str
    batch: int
    operator: int
    partition: int
    watermark_ms: int
    row: Cells


@dataclass(frozen=True, slots=True)
class StateChangeRow:
    """What a batch did to one state: created, updated, removed or expired.

    `key` is without the window, whose start and end are ms since the epoch.
    """

    run: str
    batch: int
    operator: int
    name: str
    store: str
    partition: int
    window_start_ms: float | None
    window_end_ms: float | None
    key: str
    change: str
    value: str


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A row that a batch gave to the sink."""

    run: str
    batch: int
    row: Cells


@dataclass(frozen=True, slots=True)
class WatermarkRow:
    """The watermark in a batch, and in the next. `own_ms`: of each `withWatermark`, the latest time minus its delay."""

    run: str
    batch: int
    watermark_ms: int
    next_watermark_ms: int
    own_ms: tuple[int | None, ...]


def queries(trace: Iterable[Event]) -> Table[QueryRow]:
    """One row per run of a query, in order of start."""
    rows: dict[str, QueryRow] = {}
    for event in trace:
        if isinstance(event, QueryStarted):
            asked = event.mode, event.trigger, event.sources, event.sink
            rows[event.run] = QueryRow(event.name, event.query, event.run, *asked, event.time_ms, None, 0, None)
        elif isinstance(event, QueryBatchCommitted | QueryEpochCommitted) and event.run in rows:
            rows[event.run] = replace(rows[event.run], batches=rows[event.run].batches + 1)
        elif isinstance(event, QueryTerminated) and event.run in rows:
            rows[event.run] = replace(rows[event.run], ended_ms=event.time_ms, error=event.error)
    return Table(QueryRow, rows.values())


def triggers(trace: Iterable[Event]) -> Table[TriggerRow]:
    """One row per planned batch of a run, in the order of their plans."""
    names: dict[str, str | None] = {}
    rows: dict[tuple[str, int], TriggerRow] = {}
    keys: dict[tuple[str, int], dict[tuple[int, str, int], int]] = {}
    for event in trace:
        if isinstance(event, QueryStarted):
            names[event.run] = event.name
        elif isinstance(event, QueryBatchPlanned):
            rows[event.run, event.batch] = _planned(event, names.get(event.run))
        elif isinstance(event, ApplicationStart | QueryTerminated):
            for place, row in rows.items():
                if row.status == "running" and (isinstance(event, ApplicationStart) or row.run == event.run):
                    rows[place] = replace(row, status="abandoned")  # a new driver: the one before it has died
        elif isinstance(event, _OF_BATCHES) and (place := (event.run, event.batch)) in rows:
            if isinstance(event, QueryStateCommitted):
                if COUNTS_OF_JOINS not in event.store:
                    keys.setdefault(place, {})[event.operator, event.store, event.partition] = event.keys
                    rows[place] = replace(rows[place], state_rows=sum(keys[place].values()))
            else:
                rows[place] = _with(rows[place], event)
    return Table(TriggerRow, rows.values())


_OF_BATCHES = (QueryRowsRead, QueryRowsLate, QueryStateCommitted, QueryRowsWritten, QueryBatchCommitted)


def _planned(event: QueryBatchPlanned, name: str | None) -> TriggerRow:
    times = event.batch_time_ms, event.time_ms, None, None
    watermarks = event.watermark_ms, None
    return TriggerRow(
        name, event.run, event.batch, *times, "running", event.data, event.again, *watermarks, 0, 0, None, None
    )


def _with(row: TriggerRow, event: QueryRowsRead | QueryRowsLate | QueryRowsWritten | QueryBatchCommitted) -> TriggerRow:
    if isinstance(event, QueryRowsRead):
        return replace(row, rows_read=row.rows_read + event.rows)
    if isinstance(event, QueryRowsLate):
        return replace(row, rows_late=row.rows_late + event.rows)
    if isinstance(event, QueryRowsWritten):
        return replace(row, rows_written=None if event.rows < 0 else event.rows)
    return replace(
        row,
        end_ms=event.time_ms,
        duration_ms=round(event.time_ms - row.start_ms, 6),
        status="done",
        next_watermark_ms=event.next_watermark_ms,
    )


def input_rows(trace: Iterable[Event]) -> Table[InputRow]:
    """The new rows of the input tables, by batch."""
    return Table(InputRow, (row for event in trace if isinstance(event, QueryRowsRead) for row in rows_read(event)))


def rows_read(event: QueryRowsRead) -> Iterator[InputRow]:
    """The rows of one event."""
    times = event.event_times_ms or (None,) * len(event.sample)
    for time_ms, row in zip(times, event.sample, strict=True):
        yield InputRow(event.run, event.batch, event.source, time_ms, row)


def late_rows(trace: Iterable[Event]) -> Table[LateRow]:
    """The rows, or groups of rows, that came too late, by batch."""
    return Table(
        LateRow,
        (
            LateRow(event.run, event.batch, event.operator, event.partition, event.watermark_ms, row)
            for event in trace
            if isinstance(event, QueryRowsLate)
            for row in event.sample
        ),
    )


def event_span(events: Iterable[Event]) -> Window | None:
    """The first and the last event time that the trace has, in ms; None without any."""
    times = [
        time_ms
        for event in events
        if isinstance(event, QueryRowsRead)
        for time_ms in event.event_times_ms
        if time_ms is not None
    ]
    return (min(times), max(times)) if times else None


def state_changes(trace: Iterable[Event]) -> Table[StateChangeRow]:
    """One row per key that a batch changed, by batch; as many of each partition as `spark.sparksim.stateKeys` says."""
    return Table(StateChangeRow, (row for _, row in told_changes(trace)))


def told_changes(trace: Iterable[Event]) -> Iterator[tuple[str, StateChangeRow]]:
    """Each row of `state_changes`, with a name of its state that stays while the window of a session grows."""
    events = [event for event in trace if isinstance(event, QueryStarted | QueryRowsRead | QueryStateCommitted)]
    span = event_span(events)
    queries: dict[str, str] = {}
    sessions: dict[tuple[str, int, str, int], Sessions] = {}
    for event in events:
        if isinstance(event, QueryStarted):
            queries[event.run] = event.query
        elif isinstance(event, QueryStateCommitted):
            own = event.run, event.batch, event.operator, event.name, event.store, event.partition
            place = queries.get(event.run, event.run), event.operator, event.store, event.partition
            if event.name.startswith(SESSIONS):
                kept = sessions.setdefault(place, Sessions())
                places = [Place(key, *_session(key, value, span), value) for key, _, value in event.changes]
                for each in kept.after(event.batch, places):
                    yield each.name, StateChangeRow(*own, *each.window, each.owner, each.change, each.value)
                continue
            for key, change, value in event.changes:
                shown = shown_key(key, span)
                start_ms, end_ms = shown.window or (None, None)
                yield key, StateChangeRow(*own, start_ms, end_ms, shown.text, change, value)


def _session(key: str, value: str, span: Window | None) -> tuple[str, Window | None]:
    """Whose session it is, and its window; None where the place is nobody's any more."""
    return owner_of(key), shown_key(value, span).window if value else None


def result_rows(trace: Iterable[Event]) -> Table[ResultRow]:
    """What was given to the sinks, by batch."""
    return Table(
        ResultRow,
        (
            ResultRow(event.run, event.batch, row)
            for event in trace
            if isinstance(event, QueryRowsWritten)
            for row in event.sample
        ),
    )


def watermarks(trace: Iterable[Event]) -> Table[WatermarkRow]:
    """One row per committed batch."""
    at: dict[tuple[str, int], int] = {}
    rows: list[WatermarkRow] = []
    for event in trace:
        if isinstance(event, QueryBatchPlanned):
            at[event.run, event.batch] = event.watermark_ms
        elif isinstance(event, QueryBatchCommitted):
            before_ms = at.get((event.run, event.batch), 0)
            rows.append(WatermarkRow(event.run, event.batch, before_ms, event.next_watermark_ms, event.watermarks_ms))
    return Table(WatermarkRow, rows)

"""How the tasks of a batch tell the driver what they did: reports that travel in an accumulator.

A report counts when its task has succeeded, and once: a batch may run again because a sink reads it twice, or a task
because an executor was lost. What a report says goes into the batch's metrics and, as an event, on record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sparksim.core.accumulators import Accumulator, AccumulatorParam, new_id
from sparksim.core.task_context import TaskContext
from sparksim.sql.cells import cell_text
from sparksim.sql.chunks import rows_of
from sparksim.sql.streaming.metrics import BatchMetrics, EventTimes, OperatorMetrics
from sparksim.sql.streaming.store.provider import CommittedVersion
from sparksim.sql.types import StructType
from sparksim.trace.event import Event
from sparksim.trace.query_events import Cells, QueryRowsLate, QueryRowsRead, QueryRowsWatched, QueryStateCommitted
from sparksim.trace.short_text import cut

QUERY_ROWS = "spark.sparksim.queryRows"
"""So many rows of each fact are shown in the trace (100 by default)."""

WIDTH = 60
"""So many characters of a cell are shown: a window, which is two times, is whole."""

Table = Any


@dataclass(frozen=True)
class BatchName:
    """Which batch of which run is told of, and when it is."""

    run: str
    batch: int
    now_ms: float


class Report(Protocol):
    """What one task did at one place of the plan. `place` is the same when it is done again."""

    @property
    def place(self) -> tuple[Any, ...]: ...

    def count(self, metrics: BatchMetrics) -> None:
        """Add it up."""

    def events(self, name: BatchName) -> Sequence[Event]:
        """Put it on record."""


@dataclass(frozen=True)
class RowsRead:
    """A chunk of a source was read; `chunk` counts those of its partition."""

    source: int
    partition: int
    chunk: int
    columns: Cells
    rows: int
    sample: tuple[Cells, ...]
    event_time: int | None
    event_times_ms: tuple[int | None, ...]

    @property
    def place(self) -> tuple[Any, ...]:
        return "read", self.source, self.partition, self.chunk

    def count(self, metrics: BatchMetrics) -> None:
        metrics.rows_read[self.source] = metrics.rows_read.get(self.source, 0) + self.rows

    def events(self, name: BatchName) -> Sequence[Event]:
        return [
            QueryRowsRead(
                name.now_ms,
                name.run,
                name.batch,
                self.source,
                self.columns,
                self.rows,
                self.sample,
                self.event_time,
                self.event_times_ms,
            )
        ]


@dataclass(frozen=True)
class Watched:
    """The first rows of a chunk, where their event time is in column `event_time`."""

    columns: Cells
    sample: tuple[Cells, ...]
    event_time: int
    event_times_ms: tuple[int | None, ...]


@dataclass(frozen=True)
class TimesSeen:
    """A watermark saw the event times of a chunk. `watched`: its rows, where no source has their event times."""

    watermark: int
    partition: int
    chunk: int
    times: EventTimes
    watched: Watched | None

    @property
    def place(self) -> tuple[Any, ...]:
        return "times", self.watermark, self.partition, self.chunk

    def count(self, metrics: BatchMetrics) -> None:
        metrics.event_times.setdefault(self.watermark, EventTimes()).add(self.times)

    def events(self, name: BatchName) -> Sequence[Event]:
        if self.watched is None:
            return []
        told = self.watched
        return [
            QueryRowsWatched(
                name.now_ms,
                name.run,
                name.batch,
                self.watermark,
                told.columns,
                self.times.count,
                told.sample,
                told.event_time,
                told.event_times_ms,
            )
        ]


@dataclass(frozen=True)
class StatesKept:
    """A partition of an operator was processed on the executor at `location`; `late` are the rows it dropped."""

    operator: int
    name: str
    partition: int
    location: str
    numbers: OperatorMetrics
    committed: tuple[tuple[str, CommittedVersion], ...]
    late_ms: int
    late: tuple[tuple[int, Cells, tuple[Cells, ...]], ...]

    @property
    def place(self) -> tuple[Any, ...]:
        return "states", self.operator, self.partition

    def count(self, metrics: BatchMetrics) -> None:
        metrics.operators.setdefault(self.operator, OperatorMetrics()).add(self.numbers)

    def events(self, name: BatchName) -> Sequence[Event]:
        at = name.now_ms, name.run, name.batch, self.operator
        late: list[Event] = [
            QueryRowsLate(*at, self.partition, self.late_ms, rows, columns, sample)
            for rows, columns, sample in self.late
        ]
        return late + [
            QueryStateCommitted(
                *at,
                self.name,
                store,
                self.partition,
                each.version,
                each.keys,
                each.updated,
                each.removed,
                each.changes,
                each.left_out,
                each.file,
            )
            for store, each in self.committed
        ]


@dataclass(frozen=True)
class RowsGiven:
    """A chunk of the result went to the sink."""

    partition: int
    chunk: int
    rows: int
    sample: tuple[Cells, ...]

    @property
    def place(self) -> tuple[Any, ...]:
        return "given", self.partition, self.chunk

    def count(self, metrics: BatchMetrics) -> None:
        metrics.rows_written += self.rows
        metrics.written_sample = [*metrics.written_sample, *self.sample]

    def events(self, name: BatchName) -> Sequence[Event]:
        return []


class BatchAccount(Accumulator[list[Report]]):
    """The accumulator of one batch. On the driver, where tasks' shares arrive in the hub, it counts and tells them."""

    def __init__(self, run: str, batch: int, sample: int, now_ms: Callable[[], float], emit: Callable[[Event], None]):
        super().__init__(new_id(), [], _Reports())
        self.metrics = BatchMetrics()
        self.sample = sample
        self._run = run
        self._batch = batch
        self._now_ms = now_ms
        self._emit = emit
        self._heard: set[tuple[Any, ...]] = set()
        self._locations: dict[int, dict[int, str]] = {}

    def follow(self, operator: int, locations: dict[int, str]) -> None:
        """Keep in `locations` which executor has each partition of an operator's states."""
        self._locations[operator] = locations

    def add(self, term: list[Report]) -> None:
        """In a task: report. On the driver: a task that succeeded has reported."""
        if TaskContext.get() is not None:
            super().add(term)
            return
        name = BatchName(self._run, self._batch, self._now_ms())
        for report in term:
            if isinstance(report, StatesKept):
                self._locations[report.operator][report.partition] = report.location
            if report.place not in self._heard:
                self._heard.add(report.place)
                report.count(self.metrics)
                for event in report.events(name):
                    self._emit(event)


class _Reports(AccumulatorParam[list[Report]]):
    """Joins lists."""

    def zero(self, value: list[Report]) -> list[Report]:
        return []

    def addInPlace(self, value1: list[Report], value2: list[Report]) -> list[Report]:
        value1.extend(value2)
        return value1


def shown_rows(chunk: Table, schema: StructType, limit: int) -> tuple[Cells, ...]:
    """The first rows of a chunk, each value as a table shows it, cut to the trace's width."""
    kinds = [field.dataType for field in schema]
    return tuple(
        tuple(cut(cell_text(value, kind), WIDTH) for value, kind in zip(row, kinds, strict=True))
        for row in rows_of(chunk.slice(0, limit), schema)
    )


def shown_cells(chunk: Table, limit: int) -> tuple[Cells, ...]:
    """The same of a chunk within an operator, whose columns are nobody's schema."""
    columns = [[_plain(value) for value in column.to_pylist()] for column in chunk.slice(0, limit).columns]
    return tuple(zip(*columns, strict=True))


def _plain(value: Any) -> str:
    return cut(_text(value), WIDTH)


def _text(value: Any) -> str:
    if value is None:
        return "NULL"
    return f"{{{', '.join(map(_text, value.values()))}}}" if isinstance(value, dict) else str(value)

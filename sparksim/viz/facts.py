"""What the pictures read of a trace: its tables, each made once when first asked for, and those of `viz.rows`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from sparksim.trace import Table, Trace, tables
from sparksim.trace.delivery import Delivery, RecordRow
from sparksim.trace.events import (
    BlockEvicted,
    BlockGenerated,
    BlockLogged,
    BlockRemoved,
    BlockStored,
    CheckpointWritten,
    DriverDied,
    ExecutorRemoved,
    JobStart,
    OffsetRangesAllocated,
    OutputOperationCompleted,
    OutputOperationStarted,
    RecordsLost,
    RecordsSent,
    StageSubmitted,
    TaskStart,
)
from sparksim.trace.rows import BatchRow, BlockRow, ExecutorRow, JobRow, ReceiverRow, StageRow, TaskRow
from sparksim.viz.clock import Clock
from sparksim.viz.rows import CheckpointRow, CopyRow, LogRow, OperationRow, RangeRow, StretchRow

FOLLOWED_RECORDS = 300_000
"""Beyond so many, a picture shows blocks and batches, and no single records."""


class Facts:
    """The tables of a trace and its clock. A row's place in its table is its number in every picture."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.clock = Clock.of(trace)

    @cached_property
    def batches(self) -> Table[BatchRow]:
        return tables.batches(self.trace)

    @cached_property
    def jobs(self) -> Table[JobRow]:
        return tables.jobs(self.trace)

    @cached_property
    def stages(self) -> Table[StageRow]:
        return tables.stages(self.trace)

    @cached_property
    def tasks(self) -> Table[TaskRow]:
        return tables.tasks(self.trace)

    @cached_property
    def blocks(self) -> Table[BlockRow]:
        return tables.blocks(self.trace)

    @cached_property
    def executors(self) -> Table[ExecutorRow]:
        return tables.executors(self.trace, self.tasks)

    @cached_property
    def receivers(self) -> Table[ReceiverRow]:
        return tables.receivers(self.trace)

    @cached_property
    def _deaths_ms(self) -> list[float]:
        return [event.time_ms for event in self.trace.of(DriverDied)]

    def death_after(self, time_ms: float) -> float | None:
        """When the driver next died, then or later; None: it did not."""
        return next((died_ms for died_ms in self._deaths_ms if died_ms >= time_ms), None)

    @cached_property
    def operations(self) -> Table[OperationRow]:
        """One row per output operation that was started, in order of start."""
        rows: list[OperationRow] = []
        running: dict[tuple[int, int], int] = {}
        for event in self.trace:
            if isinstance(event, OutputOperationStarted):
                running[event.batch_time_ms, event.output_op] = len(rows)
                begun = (event.batch_time_ms, event.output_op, event.name, event.time_ms)
                rows.append(OperationRow(*begun, None, "running", ""))
            elif isinstance(event, OutputOperationCompleted):
                at = running.pop((event.batch_time_ms, event.output_op), -1)
                if at < 0:
                    continue  # a trace that was recorded from the middle on
                status = "failed" if event.failure else "succeeded"
                rows[at] = replace(rows[at], end_ms=event.time_ms, status=status, failure=event.failure)
            elif isinstance(event, DriverDied):
                for at in running.values():
                    rows[at] = replace(rows[at], end_ms=event.time_ms, status="abandoned")
                running = {}
        return Table(OperationRow, rows)

    @cached_property
    def _places(self) -> tuple[list[int | None], list[tuple[int | None, int | None]]]:
        jobs, stages, tasks = 0, list[int | None](), list[tuple[int | None, int | None]]()
        job_at: dict[int, int] = {}
        stage_at: dict[tuple[int, int], int] = {}
        for event in self.trace:
            if isinstance(event, JobStart):
                job_at[event.job_id] = jobs
                jobs += 1
            elif isinstance(event, StageSubmitted):
                stage_at[event.stage_id, event.attempt] = len(stages)
                stages.append(job_at.get(event.job_id))
            elif isinstance(event, TaskStart):
                tasks.append((job_at.get(event.job_id), stage_at.get((event.stage_id, event.stage_attempt))))
        return stages, tasks

    @property
    def jobs_of_stages(self) -> list[int | None]:
        """For each stage the row of its job: a restarted driver counts jobs and stages from 0 again."""
        return self._places[0]

    @property
    def places_of_tasks(self) -> list[tuple[int | None, int | None]]:
        """For each task the rows of its job and of its stage."""
        return self._places[1]

    @cached_property
    def copies(self) -> Table[CopyRow]:
        """One row per copy of a block on an executor, in order of storing."""
        rows: list[CopyRow] = []
        held: dict[str, dict[str, int]] = {}  # block -> executor -> where its copy stands in `rows`

        def end(block_id: str, executor_id: str, time_ms: float) -> None:
            at = held.get(block_id, {}).pop(executor_id, None)
            if at is not None:
                rows[at] = replace(rows[at], end_ms=time_ms)

        for event in self.trace:
            if isinstance(event, BlockStored):
                end(event.block_id, event.executor_id, event.time_ms)
                held.setdefault(event.block_id, {})[event.executor_id] = len(rows)
                made = (event.block_id, event.executor_id, event.level, event.size_bytes, event.time_ms)
                rows.append(CopyRow(*made, None))
            elif isinstance(event, BlockEvicted) and not event.on_disk:
                end(event.block_id, event.executor_id, event.time_ms)
            elif isinstance(event, BlockRemoved):
                for at in held.pop(event.block_id, {}).values():
                    rows[at] = replace(rows[at], end_ms=event.time_ms)
            elif isinstance(event, ExecutorRemoved):
                for block_id in held:
                    end(block_id, event.executor_id, event.time_ms)
        return Table(CopyRow, rows)

    @cached_property
    def logged(self) -> Table[LogRow]:
        """One row per block in a receiver's write-ahead log."""
        made = {row.block_id: row for row in self.blocks}
        rows = []
        for event in self.trace.of(BlockLogged):
            block = made.get(event.block_id)
            start_ms = event.time_ms if block is None or block.generated_ms is None else block.generated_ms
            stream_id = -1 if block is None else block.stream_id
            named = (event.block_id, stream_id, event.executor_id, event.path, event.size_bytes)
            rows.append(LogRow(*named, start_ms, event.time_ms))
        return Table(LogRow, rows)

    @cached_property
    def checkpoints(self) -> Table[CheckpointRow]:
        """One row per checkpoint of the driver."""
        written = self.trace.of(CheckpointWritten)
        return Table(
            CheckpointRow,
            (CheckpointRow(e.batch_time_ms, e.name, e.size_bytes, len(e.pending), e.time_ms) for e in written),
        )

    @cached_property
    def ranges(self) -> Table[RangeRow]:
        """One row per range of a log that a batch reads directly."""
        return Table(
            RangeRow,
            (
                RangeRow(name, *origin, origin[2] - origin[1] + 1, event.stream_id, event.batch_time_ms, event.time_ms)
                for event in self.trace.of(OffsetRangesAllocated)
                for name, origin in zip(event.range_ids, event.origins, strict=True)
            ),
        )

    @cached_property
    def stretches(self) -> Table[StretchRow]:
        """Every record, with its neighbours of the same fate, in order of source and number; none of too many."""
        return Table(StretchRow, () if self.too_many_records else _Stretches(self).rows())

    @cached_property
    def too_many_records(self) -> bool:
        """Whether following each record would take longer than anybody waits for a picture."""
        received = sum(event.records for event in self.trace.of(BlockGenerated))
        return received + sum(row.records for row in self.ranges) > FOLLOWED_RECORDS


@dataclass(frozen=True)
class _Stretches:
    facts: Facts

    def rows(self) -> Iterator[StretchRow]:
        """The trace does not say when a source sent a single record, so its block, range or loss does."""
        filled = self._filled()
        lost_ms = {(source, first): event.time_ms for event in self._losses() for source, first, _ in event.origins}
        sent = self._sent()
        source, came_ms = "", 0.0
        for stretch in _alike(Delivery(self.facts.trace).records):
            row, last = stretch[0], stretch[-1].record
            if row.source != source:
                source, came_ms = row.source, self.facts.clock.origin_ms
            if row.block_id in filled:
                start_ms, end_ms = filled[row.block_id]
                start_ms = max(start_ms, came_ms)  # what came before it and was lost was not in it
            elif row.block_id and row.source in sent:
                start_ms, end_ms = sent[source].time_of(row.record), sent[source].time_of(last)
            else:
                end_ms = lost_ms.get((source, row.record), self.facts.clock.end_ms)
                start_ms = came_ms
            came_ms = end_ms
            yield StretchRow(
                row.source, row.record, last, len(stretch), row.stream_id, row.block_id, row.batch_time_ms,
                row.outcome, row.times, row.reason, min(start_ms, end_ms), end_ms,
            )  # fmt: skip

    def _losses(self) -> list[RecordsLost]:
        return self.facts.trace.of(RecordsLost)

    def _filled(self) -> dict[str, tuple[float, float]]:
        """From when to when each block was filled: since the cut before, but no longer than a block takes."""
        spans: dict[str, tuple[float, float]] = {}
        cut_ms: dict[int, float] = {}
        for event in self.facts.trace.of(BlockGenerated):
            earliest_ms = event.time_ms - (self.facts.clock.block_ms or 0)
            before_ms = max(cut_ms.get(event.stream_id, earliest_ms), earliest_ms)
            spans[event.block_id] = (before_ms, event.time_ms)
            cut_ms[event.stream_id] = event.time_ms
        return spans

    def _sent(self) -> dict[str, _Sendings]:
        sent: dict[str, _Sendings] = {}
        for event in self.facts.trace.of(RecordsSent):
            sendings = sent.setdefault(event.source, _Sendings([], []))
            sendings.firsts.append(event.first)
            sendings.times_ms.append(event.time_ms)
        return sent


@dataclass(frozen=True)
class _Sendings:
    """The first record of each sending of a log, and when that was."""

    firsts: list[int]
    times_ms: list[float]

    def time_of(self, record: int) -> float:
        return self.times_ms[max(0, bisect_right(self.firsts, record) - 1)]


def _alike(records: Table[RecordRow]) -> Iterator[list[RecordRow]]:
    """Runs of records that follow each other in their source and share their fate."""
    run: list[RecordRow] = []
    fate: tuple[object, ...] = ()
    for row in records:
        own = (row.source, row.block_id, row.batch_time_ms, row.outcome, row.times, row.reason)
        if run and own != fate:
            yield run
            run = []
        fate = own
        run.append(row)
    if run:
        yield run

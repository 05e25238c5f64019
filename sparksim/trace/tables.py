"""The trace as tables: pure functions from events to rows, one row per batch, job, stage, task, block and so on.

What the columns mean stands in `sparksim.trace.rows`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from sparksim.trace.events import (
    BatchCompleted,
    BatchStarted,
    BatchSubmitted,
    BlockAdded,
    BlockGenerated,
    BlockLost,
    BlocksAllocated,
    BlockStored,
    DriverDied,
    Event,
    ExecutorAdded,
    ExecutorRemoved,
    JobEnd,
    JobGenerationFailed,
    JobStart,
    ReceiverError,
    ReceiverStarted,
    ReceiverStopped,
    RecordsLost,
    StageCompleted,
    StageSubmitted,
    TaskEnd,
    TaskStart,
)
from sparksim.trace.rows import BatchRow, BlockRow, ExecutorRow, JobRow, ReceiverRow, StageRow, TaskRow
from sparksim.trace.table import Table

R = TypeVar("R", JobRow, StageRow)

DRIVER_DIED = "the driver died"

_OF_BLOCKS = (
    BlockGenerated, BlockStored, BlockAdded, BlocksAllocated, BatchCompleted, JobGenerationFailed, RecordsLost,
    BlockLost,
)  # fmt: skip
_OF_RECEIVERS = (ReceiverStarted, ReceiverError, BlockGenerated, ReceiverStopped, ExecutorRemoved)


def batches(trace: Iterable[Event]) -> Table[BatchRow]:
    """One row per submitted batch, in order of submission; a batch that is run again has a row for each time."""
    rows: list[BatchRow] = []
    latest: dict[int, int] = {}
    blocks_of: dict[int, int] = {}
    for event in _of(trace, BlocksAllocated, BatchSubmitted, BatchStarted, BatchCompleted, DriverDied):
        if isinstance(event, BlocksAllocated):
            blocks_of[event.batch_time_ms] = blocks_of.get(event.batch_time_ms, 0) + len(event.block_ids)
        elif isinstance(event, BatchSubmitted):
            latest[event.batch_time_ms] = len(rows)
            rows.append(_queued(event, blocks_of.get(event.batch_time_ms, 0)))
        elif isinstance(event, BatchStarted):
            at = latest[event.batch_time_ms]
            delay_ms = _elapsed(rows[at].submission_ms, event.time_ms)
            rows[at] = replace(
                rows[at], processing_start_ms=event.time_ms, scheduling_delay_ms=delay_ms, status="processing"
            )
        elif isinstance(event, BatchCompleted):
            at = latest[event.batch_time_ms]
            rows[at] = _completed(rows[at], event)
        elif isinstance(event, DriverDied):
            rows = [row if row.status == "completed" else replace(row, status="abandoned") for row in rows]
    return Table(BatchRow, rows)


def _queued(event: BatchSubmitted, blocks: int) -> BatchRow:
    records = sum(count for _, count in event.records)
    return BatchRow(
        event.batch_time_ms,
        records,
        blocks,
        event.time_ms,
        None,
        None,
        None,
        None,
        None,
        event.output_ops,
        False,
        "queued",
    )


def _completed(row: BatchRow, event: BatchCompleted) -> BatchRow:
    started_ms = row.processing_start_ms
    return replace(
        row,
        processing_end_ms=event.time_ms,
        processing_time_ms=None if started_ms is None else _elapsed(started_ms, event.time_ms),
        total_delay_ms=_elapsed(row.submission_ms, event.time_ms),
        failed=event.failed,
        status="completed",
    )


def jobs(trace: Iterable[Event]) -> Table[JobRow]:
    """One row per Spark job, in order of start; jobs of receivers and of plain RDD actions included."""
    rows: list[JobRow] = []
    running: dict[int, int] = {}
    for event in _of(trace, JobStart, JobEnd, DriverDied):
        if isinstance(event, JobStart):
            running[event.job_id] = len(rows)
            rows.append(
                JobRow(
                    event.job_id, event.batch_time_ms, event.output_op, event.description, len(event.stage_ids),
                    event.time_ms, None, None, None, "",
                )
            )  # fmt: skip
        elif isinstance(event, JobEnd) and event.job_id in running:
            at = running.pop(event.job_id)
            rows[at] = _ended(rows[at], event, succeeded=event.succeeded, reason=event.reason)
        elif isinstance(event, DriverDied):
            for at in running.values():
                rows[at] = _ended(rows[at], event, succeeded=False, reason=DRIVER_DIED)
            running = {}
    return Table(JobRow, rows)


def stages(trace: Iterable[Event]) -> Table[StageRow]:
    """One row per attempt of a stage, in order of submission."""
    rows: list[StageRow] = []
    running: dict[tuple[int, int], int] = {}
    for event in _of(trace, StageSubmitted, StageCompleted, DriverDied):
        if isinstance(event, StageSubmitted):
            running[event.stage_id, event.attempt] = len(rows)
            rows.append(
                StageRow(
                    event.job_id, event.stage_id, event.attempt, event.name, event.tasks,
                    event.time_ms, None, None, "running", "",
                )
            )  # fmt: skip
        elif isinstance(event, StageCompleted) and (event.stage_id, event.attempt) in running:
            at = running.pop((event.stage_id, event.attempt))
            status = "failed" if event.failure else "succeeded"
            rows[at] = _ended(rows[at], event, status=status, failure=event.failure)
        elif isinstance(event, DriverDied):
            for at in running.values():
                rows[at] = _ended(rows[at], event, status="failed", failure=DRIVER_DIED)
            running = {}
    return Table(StageRow, rows)


def tasks(trace: Iterable[Event]) -> Table[TaskRow]:
    """One row per attempt of a task, in order of start.

    A task whose output was lost later keeps its success; that it is `Resubmitted` shows as a new attempt.
    """
    started: list[tuple[TaskStart, int | None]] = []
    ends: dict[int, TaskEnd] = {}  # by the place of the start: a restarted driver counts tasks from 0 again
    running: dict[int, int] = {}
    batch_of: dict[int, int | None] = {}
    for event in _of(trace, JobStart, TaskStart, TaskEnd):
        if isinstance(event, JobStart):
            batch_of[event.job_id] = event.batch_time_ms
        elif isinstance(event, TaskStart):
            running[event.task_id] = len(started)
            started.append((event, batch_of.get(event.job_id)))
        elif isinstance(event, TaskEnd) and event.task_id in running:
            ends[running.pop(event.task_id)] = event
    return Table(TaskRow, (_task(*each, ends.get(at)) for at, each in enumerate(started)))


def _task(start: TaskStart, batch_time_ms: int | None, end: TaskEnd | None) -> TaskRow:
    begun = (
        start.task_id, start.job_id, batch_time_ms, start.stage_id, start.stage_attempt, start.index, start.attempt,
        start.kind, start.executor_id, start.core, start.locality, start.speculative, start.time_ms,
    )  # fmt: skip
    if end is None:
        return TaskRow(*begun, None, None, None, "", 0, 0, 0, ())
    return TaskRow(
        *begun, end.time_ms, _elapsed(start.time_ms, end.time_ms), end.reason, end.message, end.records_read,
        end.shuffle_read, end.shuffle_written, end.blocks,
    )  # fmt: skip


def blocks(trace: Iterable[Event]) -> Table[BlockRow]:
    """One row per received block, in the order in which they were made."""
    rows: dict[str, BlockRow] = {}
    joined: dict[int, list[str]] = {}
    gone: set[str] = set()

    def update(block_ids: Iterable[str], fate: str, unless: str = "") -> None:
        for block_id in block_ids:
            if block_id in rows and rows[block_id].fate != unless:
                rows[block_id] = replace(rows[block_id], fate=fate)

    for event in _of(trace, *_OF_BLOCKS):
        if isinstance(event, BlockGenerated):
            rows[event.block_id] = BlockRow(
                event.block_id, event.stream_id, event.executor_id, event.records,
                event.time_ms, None, None, None, (), "waiting",
            )  # fmt: skip
        elif isinstance(event, BlockStored) and event.block_id in rows:
            row = rows[event.block_id]
            stored_ms = event.time_ms if row.stored_ms is None else row.stored_ms
            rows[event.block_id] = replace(row, stored_ms=stored_ms, holders=(*row.holders, event.executor_id))
        elif isinstance(event, BlockAdded) and event.block_id in rows:
            rows[event.block_id] = replace(rows[event.block_id], added_ms=event.time_ms)
        elif isinstance(event, BlocksAllocated):
            joined.setdefault(event.batch_time_ms, []).extend(event.block_ids)
            update(event.block_ids, "allocated", unless="lost")
            for block_id in event.block_ids:
                if block_id in rows:
                    rows[block_id] = replace(rows[block_id], batch_time_ms=event.batch_time_ms)
        elif isinstance(event, BatchCompleted):
            ended = joined.get(event.batch_time_ms, ())
            # A block that was lost before its batch failed is the cause of the failure, not one more victim.
            kept = (name for name in ended if name not in gone and not (event.failed and _fate(rows, name) == "lost"))
            update(kept, "failed" if event.failed else "processed")
        elif isinstance(event, JobGenerationFailed):
            update(joined.get(event.batch_time_ms, ()), "given up")
        elif isinstance(event, RecordsLost):
            gone.add(event.block_id)
            update((event.block_id,), "lost", unless="processed")
        elif isinstance(event, BlockLost) and _fate(rows, event.block_id) in ("waiting", "allocated"):
            update((event.block_id,), "lost")
    return Table(BlockRow, rows.values())


def _fate(rows: dict[str, BlockRow], block_id: str) -> str:
    return rows[block_id].fate if block_id in rows else ""


def executors(trace: Iterable[Event], task_rows: Iterable[TaskRow] | None = None) -> Table[ExecutorRow]:
    """One row per executor, in the order in which they came. `task_rows`: those of `tasks(trace)`, if they are made."""
    events = list(trace)
    end_ms = max((event.time_ms for event in events), default=0.0)
    rows: list[ExecutorRow] = []
    alive: dict[str, int] = {}
    for event in _of(events, ExecutorAdded, ExecutorRemoved):
        if isinstance(event, ExecutorAdded):
            alive[event.executor_id] = len(rows)
            rows.append(ExecutorRow(event.executor_id, event.host, event.cores, event.time_ms, None, "", 0, 0, 0.0))
        elif isinstance(event, ExecutorRemoved) and event.executor_id in alive:
            at = alive.pop(event.executor_id)
            rows[at] = replace(rows[at], removed_ms=event.time_ms, reason=event.reason)
    by_executor: dict[str, list[TaskRow]] = {}
    for task in tasks(events) if task_rows is None else task_rows:
        by_executor.setdefault(task.executor_id, []).append(task)
    return Table(ExecutorRow, (_with_tasks(row, by_executor.get(row.executor_id, []), end_ms) for row in rows))


def _with_tasks(row: ExecutorRow, tasks_of_id: list[TaskRow], end_ms: float) -> ExecutorRow:
    """The row with the tasks that started while this executor lived: an id may come back after it was removed."""
    gone_ms = end_ms if row.removed_ms is None else row.removed_ms
    own = [task for task in tasks_of_id if row.added_ms <= task.start_ms <= gone_ms]
    return replace(
        row,
        tasks=len(own),
        failed_tasks=sum(task.reason not in (None, "Success") for task in own),
        busy_ms=round(sum((end_ms if task.end_ms is None else task.end_ms) - task.start_ms for task in own), 3),
    )


def receivers(trace: Iterable[Event]) -> Table[ReceiverRow]:
    """One row per life of a receiver, in order of start. Errors: what it reported, and what else it stopped with."""
    rows: list[ReceiverRow] = []
    active: dict[int, int] = {}

    def note(at: int, error: str) -> None:
        rows[at] = replace(rows[at], errors=rows[at].errors + 1, last_error=error)

    def end(stream_id: int, time_ms: float) -> None:
        at = active.pop(stream_id, None)
        if at is not None:
            rows[at] = replace(rows[at], stopped_ms=time_ms)

    for event in _of(trace, *_OF_RECEIVERS):
        if isinstance(event, ReceiverStarted):
            end(event.stream_id, event.time_ms)
            active[event.stream_id] = len(rows)
            rows.append(
                ReceiverRow(
                    event.stream_id, event.name, event.executor_id, event.host, event.time_ms, None, 0, "", 0, 0
                )
            )
        elif isinstance(event, ReceiverError) and event.stream_id in active:
            note(active[event.stream_id], event.error or event.message)
        elif isinstance(event, BlockGenerated) and event.stream_id in active:
            at = active[event.stream_id]
            rows[at] = replace(rows[at], blocks=rows[at].blocks + 1, records=rows[at].records + event.records)
        elif isinstance(event, ReceiverStopped):
            last = active.get(event.stream_id)
            if last is not None and event.error and event.error != rows[last].last_error:
                note(last, event.error)
            end(event.stream_id, event.time_ms)
        elif isinstance(event, ExecutorRemoved):
            for stream_id in [key for key, at in active.items() if rows[at].executor_id == event.executor_id]:
                end(stream_id, event.time_ms)
    return Table(ReceiverRow, rows)


def _of(trace: Iterable[Event], *types: type[Event]) -> Iterator[Event]:
    """The events of these very types, in order: most events are of no interest to a table."""
    wanted = frozenset(types)
    return (event for event in trace if type(event) in wanted)


def _elapsed(start_ms: float, end_ms: float) -> float:
    """A duration without the noise of floating point: thousandths of a millisecond."""
    return round(end_ms - start_ms, 3)


def _ended(row: R, event: Event, **how: Any) -> R:
    """The row of what this event brought to its end, and `how` it ended."""
    return replace(row, end_ms=event.time_ms, duration_ms=_elapsed(row.start_ms, event.time_ms), **how)

"""What must hold in every run, checked on its trace alone.

Each checker reads the events once and yields one sentence per violation, beginning with its time. They share nothing
with the engine, so a bug there cannot hide itself here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from sparksim.trace.events import (
    ApplicationEnd,
    ApplicationStart,
    BatchStarted,
    BlockAdded,
    BlockGenerated,
    BlocksAllocated,
    Event,
    ExecutorAdded,
    ExecutorRemoved,
    OutputOperationCompleted,
    OutputOperationStarted,
    OutputPrinted,
    SinkRolledBack,
    SinkWritten,
    StreamingStarted,
    TaskEnd,
    TaskStart,
)
from sparksim.trace.query_events import QueryRowsRead, QueryRowsWatched

Checker = Callable[[Sequence[Event]], Iterator[str]]

RESTARTS = (ApplicationStart, StreamingStarted)
"""A driver begins anew with these: what the one before it had under way is over, and batches may run again."""


def check_trace(trace: Iterable[Event]) -> list[str]:
    """All violations of the invariants below, checker by checker; empty when the run was sound."""
    events = list(trace)
    return [violation for checker in CHECKERS for violation in checker(events)]


def times_never_go_back(events: Sequence[Event]) -> Iterator[str]:
    """Events are in order of time."""
    latest_ms = float("-inf")
    for event in events:
        if event.time_ms < latest_ms:
            yield f"{_when(event)} {_name(event)} comes after an event of {latest_ms:g} ms"
        latest_ms = max(latest_ms, event.time_ms)


_MAY_RECUR = (OutputPrinted, SinkWritten, SinkRolledBack, QueryRowsRead, QueryRowsWatched)


def no_event_happens_twice(events: Sequence[Event]) -> Iterator[str]:
    """Each fact is in the trace once, but for what two may do at one time: print, write, and read equal rows."""
    seen: set[Event] = set()
    for event in events:
        if event in seen and not isinstance(event, _MAY_RECUR):
            yield f"{_when(event)} the same event twice: {event}"
        seen.add(event)


def cores_run_one_task_each(events: Sequence[Event]) -> Iterator[str]:
    """No two tasks overlap on one core, and no executor runs more tasks than it has cores."""
    cores: dict[str, int] = {}
    running: dict[str, dict[int, int]] = {}  # executor -> task -> core
    for event in events:
        if isinstance(event, ExecutorAdded):
            cores[event.executor_id] = event.cores
            running[event.executor_id] = {}
        elif isinstance(event, ExecutorRemoved):
            running.pop(event.executor_id, None)
        elif isinstance(event, TaskEnd):
            running.get(event.executor_id, {}).pop(event.task_id, None)
        elif isinstance(event, TaskStart) and event.executor_id in running:
            here = running[event.executor_id]
            for task_id in (task_id for task_id, core in here.items() if core == event.core):
                yield (
                    f"{_when(event)} task {event.task_id} starts on core {event.core} of executor {event.executor_id}, "
                    f"where task {task_id} is running"
                )
            here[event.task_id] = event.core
            if len(here) > cores[event.executor_id]:
                yield (
                    f"{_when(event)} executor {event.executor_id} runs {len(here)} tasks on "
                    f"{cores[event.executor_id]} cores"
                )


def every_task_ends_once(events: Sequence[Event]) -> Iterator[str]:
    """A task that started ends, exactly once, unless the application ended first.

    A finished map task may be told later that its output is gone: it is `Resubmitted`, which is not a second end.
    """
    started: dict[int, TaskStart] = {}
    ended: set[int] = set()
    application_ended = False
    for event in events:
        if isinstance(event, ApplicationStart):
            started, ended, application_ended = {}, set(), False
        elif isinstance(event, ApplicationEnd):
            application_ended = True
        elif isinstance(event, TaskStart):
            if event.task_id in started:
                yield f"{_when(event)} task {event.task_id} starts a second time"
            started[event.task_id] = event
        elif isinstance(event, TaskEnd):
            if event.task_id not in started:
                yield f"{_when(event)} task {event.task_id} ends but never started"
            elif event.task_id in ended and event.reason != "Resubmitted":
                yield f"{_when(event)} task {event.task_id} ends a second time ({event.reason})"
            ended.add(event.task_id)
    if not application_ended:
        for task_id in sorted(started.keys() - ended):
            yield f"{_when(started[task_id])} task {task_id} starts and never ends"


def no_task_on_an_absent_executor(events: Sequence[Event]) -> Iterator[str]:
    """Tasks start, and succeed, only on executors that are there."""
    present: set[str] = set()
    for event in events:
        if isinstance(event, ExecutorAdded):
            present.add(event.executor_id)
        elif isinstance(event, ExecutorRemoved):
            present.discard(event.executor_id)
        elif isinstance(event, TaskStart) and event.executor_id not in present:
            yield f"{_when(event)} task {event.task_id} starts on executor {event.executor_id}, which is not there"
        elif isinstance(event, TaskEnd) and event.reason == "Success" and event.executor_id not in present:
            yield f"{_when(event)} task {event.task_id} succeeds on executor {event.executor_id}, which is not there"


def batches_start_in_order(events: Sequence[Event]) -> Iterator[str]:
    """With `spark.streaming.concurrentJobs` = 1, batches start in order of batch time (Spark: JobScheduler)."""
    concurrent_jobs = 1
    latest_ms: int | None = None
    for event in events:
        if isinstance(event, RESTARTS):
            latest_ms = None
        if isinstance(event, StreamingStarted):
            concurrent_jobs = event.concurrent_jobs
        elif isinstance(event, BatchStarted) and concurrent_jobs == 1:
            if latest_ms is not None and event.batch_time_ms <= latest_ms:
                yield f"{_when(event)} batch {event.batch_time_ms} starts after batch {latest_ms}"
            latest_ms = event.batch_time_ms


def output_operations_respect_the_limit(events: Sequence[Event]) -> Iterator[str]:
    """At most `spark.streaming.concurrentJobs` output operations run at once (Spark: JobScheduler)."""
    concurrent_jobs = 1
    running: set[tuple[int, int]] = set()
    for event in events:
        if isinstance(event, RESTARTS):
            running = set()
        if isinstance(event, StreamingStarted):
            concurrent_jobs = event.concurrent_jobs
        elif isinstance(event, OutputOperationStarted):
            running.add((event.batch_time_ms, event.output_op))
            if len(running) > concurrent_jobs:
                yield f"{_when(event)} {len(running)} output operations at once; concurrentJobs is {concurrent_jobs}"
        elif isinstance(event, OutputOperationCompleted):
            running.discard((event.batch_time_ms, event.output_op))


def blocks_live_once(events: Sequence[Event]) -> Iterator[str]:
    """A block is made once, becomes known to the driver at most once, and joins at most one batch.

    A restarted driver recovers blocks and runs batches again, so there the last two start afresh.
    """
    generated: set[str] = set()
    added: set[str] = set()
    allocated: dict[str, int] = {}
    for event in events:
        if isinstance(event, RESTARTS):
            added, allocated = set(), {}
        elif isinstance(event, BlockGenerated):
            if event.block_id in generated:
                yield f"{_when(event)} block {event.block_id} is made a second time"
            generated.add(event.block_id)
        elif isinstance(event, BlockAdded):
            if event.block_id in added:
                yield f"{_when(event)} block {event.block_id} is added a second time"
            added.add(event.block_id)
        elif isinstance(event, BlocksAllocated):
            for block_id in event.block_ids:
                if block_id in allocated:
                    yield (
                        f"{_when(event)} block {block_id} joins batch {event.batch_time_ms} but is already in batch "
                        f"{allocated[block_id]}"
                    )
                allocated[block_id] = event.batch_time_ms


CHECKERS: tuple[Checker, ...] = (
    times_never_go_back,
    no_event_happens_twice,
    cores_run_one_task_each,
    every_task_ends_once,
    no_task_on_an_absent_executor,
    batches_start_in_order,
    output_operations_respect_the_limit,
    blocks_live_once,
)


def _when(event: Event) -> str:
    return f"{event.time_ms:.3f}".rstrip("0").rstrip(".") + " ms:"


def _name(event: Event) -> str:
    return type(event).__name__

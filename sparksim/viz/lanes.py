"""The timeline before it is drawn: lanes of bars and marks, as plain values.

`lanes(trace)` says what stands where; `sparksim.viz.timeline` only draws it. Times are seconds since the run's origin.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sparksim.trace import Table, Trace, batches, blocks, executors, receivers, tasks
from sparksim.trace.events import (
    DriverDied,
    ExecutorRemoved,
    FaultEnded,
    FaultInjected,
    OutputOperationCompleted,
    OutputOperationStarted,
    ReceiverError,
    RecordsLost,
    SourceDisconnected,
    StreamingRecovered,
    StreamingStarted,
)
from sparksim.trace.rows import BatchRow, ReceiverRow, TaskRow
from sparksim.viz.palette import FAILED, KILLED, RECEIVER, UNASSIGNED

EPOCH_MS = 1e11
"""Times above this (the year 1973) are a wall clock's; a simulation's begin at 0."""

NOTICED_S = 0.5
"""A removal this soon after a fault on the same executor is the driver noticing it, not one more failure."""

DRIVER_CRASH = "DriverCrash()"
"""The fault that ends the driver, as its event names it."""

ERROR, DISCONNECT, LOSS = "receiver error", "source disconnected", "records lost"


@dataclass(frozen=True, slots=True)
class Bar:
    """From `start_s` to `end_s`. `style` is the number of a batch, from 0, or a style of the palette.

    `in_vain` says that the thing was sound but its batch failed. `slot` counts from the bottom of the lane.
    """

    start_s: float
    end_s: float
    style: int | str
    label: str = ""
    slot: int = 0
    in_vain: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at one moment on a lane: ERROR, DISCONNECT or LOSS."""

    time_s: float
    kind: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One row of the timeline. `group` keeps neighbours together; `gaps` are spans in which it did not exist."""

    label: str
    group: str
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...] = ()
    gaps: tuple[tuple[float, float], ...] = ()
    slots: int = 1


@dataclass(frozen=True)
class Clock:
    """Turns a trace's milliseconds into the figure's seconds, and batch times into batch numbers."""

    origin_ms: float
    end_ms: float
    batch_ms: int
    block_ms: int
    zero_ms: int = 0

    @staticmethod
    def of(trace: Trace) -> Clock:
        """A simulation's origin is 0; a live run's is the start of its streaming, else its first event."""
        started = trace.of(StreamingStarted)
        first_ms = started[0].time_ms if started else trace[0].time_ms
        origin_ms = first_ms if first_ms > EPOCH_MS else 0.0
        if not started:
            return Clock(origin_ms, trace.end_ms, 0, 0)
        return Clock(origin_ms, trace.end_ms, started[-1].batch_ms, started[-1].block_ms, started[0].zero_ms)

    def seconds(self, time_ms: float | None) -> float:
        """The moment on the figure's axis; what has not happened yet lies at the end of the trace."""
        return ((self.end_ms if time_ms is None else time_ms) - self.origin_ms) / 1000

    def batch_number(self, batch_time_ms: int) -> int:
        return (batch_time_ms - self.zero_ms) // self.batch_ms - 1 if self.batch_ms else 0

    def batch_label(self, batch_time_ms: int) -> str:
        return f"{round(self.seconds(batch_time_ms), 1):g} s"


def lanes(trace: Trace) -> list[Lane]:
    """All lanes from top to bottom: receivers, blocks, waiting batches, output operations, cores of executors."""
    clock = Clock.of(trace)
    return [
        *_receiver_lanes(trace, clock),
        *_block_lanes(trace, clock),
        *_queue_lanes(trace, clock),
        *_job_lanes(trace, clock),
        *_core_lanes(trace, clock),
    ]


def _receiver_lanes(trace: Trace, clock: Clock) -> list[Lane]:
    rows = receivers(trace)
    kinds: dict[type, str] = {ReceiverError: ERROR, SourceDisconnected: DISCONNECT, RecordsLost: LOSS}
    marks: dict[int | None, list[Mark]] = {}
    for event in trace:
        if isinstance(event, ReceiverError | SourceDisconnected | RecordsLost):
            marks.setdefault(event.stream_id, []).append(Mark(clock.seconds(event.time_ms), kinds[type(event)]))
    return [
        Lane(
            f"receiver {stream_id}",
            "receivers",
            tuple(_life(row, clock) for row in rows.where(stream_id=stream_id)),
            tuple(marks.get(stream_id, ())),
        )
        for stream_id in _distinct(rows, "stream_id")
    ]


def _life(row: ReceiverRow, clock: Clock) -> Bar:
    return Bar(clock.seconds(row.started_ms), clock.seconds(row.stopped_ms), RECEIVER, f"on executor {row.executor_id}")


def _block_lanes(trace: Trace, clock: Clock) -> list[Lane]:
    def style(fate: str, batch_time_ms: int | None) -> int | str:
        if fate == "lost":
            return FAILED
        return UNASSIGNED if batch_time_ms is None else clock.batch_number(batch_time_ms)

    rows = blocks(trace)
    return [
        Lane(
            f"blocks of receiver {stream_id}",
            "blocks",
            tuple(
                Bar(
                    end_s - clock.block_ms / 1000,
                    end_s,
                    style(row.fate, row.batch_time_ms),
                    in_vain=row.fate in ("failed", "given up"),
                )
                for row in rows.where(stream_id=stream_id)
                for end_s in [clock.seconds(row.generated_ms)]
            ),
        )
        for stream_id in _distinct(rows, "stream_id")
    ]


def _queue_lanes(trace: Trace, clock: Clock) -> list[Lane]:
    deaths_ms = [event.time_ms for event in trace.of(DriverDied)]

    def waited_until(row: BatchRow) -> float:
        died_ms = next((time_ms for time_ms in deaths_ms if time_ms >= row.submission_ms), None)
        return clock.seconds(died_ms if row.processing_start_ms is None else row.processing_start_ms)

    bars = in_slots(
        Bar(clock.seconds(row.submission_ms), waited_until(row), clock.batch_number(row.batch_time_ms))
        for row in batches(trace)
    )
    if not bars:
        return []
    slots = _slots(bars)
    return [Lane(f"waiting batches (max {slots})", "queue", bars, slots=slots)]


def _job_lanes(trace: Trace, clock: Clock) -> list[Lane]:
    bars: list[Bar] = []
    running: dict[tuple[int, int], int] = {}
    for event in trace:
        if isinstance(event, OutputOperationStarted):
            running[event.batch_time_ms, event.output_op] = len(bars)
            style = clock.batch_number(event.batch_time_ms)
            label = clock.batch_label(event.batch_time_ms)
            bars.append(Bar(clock.seconds(event.time_ms), clock.seconds(None), style, label))
        elif isinstance(event, OutputOperationCompleted):
            at = running.pop((event.batch_time_ms, event.output_op))
            ended = replace(bars[at], end_s=clock.seconds(event.time_ms))
            bars[at] = replace(ended, style=FAILED) if event.failure else ended
        elif isinstance(event, DriverDied):
            for at in running.values():
                bars[at] = replace(bars[at], end_s=clock.seconds(event.time_ms), in_vain=True)
            running = {}
    stacked = in_slots(bars)
    return [Lane("output operations", "jobs", stacked, slots=_slots(stacked))] if bars else []


def _core_lanes(trace: Trace, clock: Clock) -> list[Lane]:
    bars: dict[tuple[str, int], list[Bar]] = {}
    for row in tasks(trace):
        label = "receiver" if row.kind == "Receiver" else ""
        bar = Bar(clock.seconds(row.start_ms), clock.seconds(row.end_ms), _task_style(row, clock), label)
        bars.setdefault((row.executor_id, row.core), []).append(bar)
    rows = executors(trace)
    return [
        Lane(
            f"executor {executor_id} · core {core}",
            f"executor {executor_id}",
            tuple(bars.get((executor_id, core), ())),
            gaps=_absences([(clock.seconds(row.added_ms), row.removed_ms) for row in lives], clock),
        )
        for executor_id in _distinct(rows, "executor_id")
        for lives in [rows.where(executor_id=executor_id)]
        for core in range(max(lives.column("cores")))
    ]


def _task_style(row: TaskRow, clock: Clock) -> int | str:
    """A receiver that goes with its executor did nothing wrong until then: it keeps its colour."""
    if row.kind == "Receiver" and row.reason in (None, "Success", "ExecutorLostFailure", "TaskKilled"):
        return RECEIVER
    if row.reason not in (None, "Success"):
        return KILLED if row.reason == "TaskKilled" else FAILED
    return UNASSIGNED if row.batch_time_ms is None else clock.batch_number(row.batch_time_ms)


def _absences(lives: Sequence[tuple[float, float | None]], clock: Clock) -> tuple[tuple[float, float], ...]:
    """The spans between, before and after the lives of an executor."""
    gaps = []
    gone_s: float | None = clock.seconds(clock.origin_ms)
    for added_s, removed_ms in lives:
        if gone_s is not None and added_s > gone_s:
            gaps.append((gone_s, added_s))
        gone_s = None if removed_ms is None else clock.seconds(removed_ms)
    if gone_s is not None:
        gaps.append((gone_s, clock.seconds(None)))
    return tuple(gaps)


def failures(trace: Trace) -> list[tuple[float, str]]:
    """(seconds, label) of every injected fault, of every executor that went for another reason, and of restarts."""
    clock = Clock.of(trace)
    found: list[tuple[float, str]] = []
    struck: dict[str, int] = {}  # executor -> where its fault stands in `found`
    driver_died_ms: set[float] = set()
    for event in trace:
        at_s = clock.seconds(event.time_ms)
        if isinstance(event, FaultInjected) and event.fault == DRIVER_CRASH:
            found.append((at_s, "the driver dies, and all executors"))
            driver_died_ms.add(event.time_ms)
        elif isinstance(event, FaultEnded):
            found.append((at_s, f"{event.fault} ends"))
        elif isinstance(event, StreamingRecovered):
            again = len(event.batches)
            found.append((at_s, f"recovered: {again} batch{'es' * (again > 1)} run{'s' * (again == 1)} again"))
        elif isinstance(event, ExecutorRemoved) and event.time_ms in driver_died_ms:
            continue
        elif isinstance(event, FaultInjected):
            on_executor = event.target and f"'{event.target}'" not in event.fault
            found.append((at_s, f"{event.fault}: executor {event.target}" if on_executor else event.fault))
            struck[event.target] = len(found) - 1
        elif isinstance(event, ExecutorRemoved):
            at = struck.pop(event.executor_id, None)
            if at is not None and at_s - found[at][0] <= NOTICED_S:
                found[at] = (found[at][0], f"{found[at][1]} removed")
            else:
                found.append((at_s, f"executor {event.executor_id} removed"))
    return found


def in_slots(bars: Iterable[Bar]) -> tuple[Bar, ...]:
    """The bars stacked where they overlap: each in the lowest slot that is free when it starts."""
    free_at: list[float] = []
    stacked = []
    for bar in sorted(bars, key=lambda bar: (bar.start_s, bar.end_s)):
        slot = next((slot for slot, end_s in enumerate(free_at) if end_s <= bar.start_s), len(free_at))
        free_at[slot : slot + 1] = [bar.end_s]
        stacked.append(replace(bar, slot=slot))
    return tuple(stacked)


def _slots(bars: Iterable[Bar]) -> int:
    return max((bar.slot for bar in bars), default=0) + 1


def _distinct(table: Table[Any], name: str) -> list[Any]:
    """The values of a column, each once, in order of appearance."""
    return list(dict.fromkeys(table.column(name)))

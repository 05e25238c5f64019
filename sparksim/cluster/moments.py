"""When a fault strikes: at a time, at a step of a batch or of a record, or again and again at a seeded rate.

Moments are values, like the faults they belong to. A plain number of seconds is the simplest of them. A moment that
hangs on an event is over the moment after it: the fault strikes when everything of that instant has been done.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import simpy

from sparksim.cluster.clock import Clock
from sparksim.core.arguments import is_count, is_number, is_positive
from sparksim.core.errors import IllegalArgumentError
from sparksim.trace.events import (
    BatchCompleted,
    BatchStarted,
    BatchSubmitted,
    BlockAdded,
    BlockGenerated,
    BlocksAllocated,
    CheckpointWritten,
    Event,
    JobEnd,
    JobStart,
    StageSubmitted,
    StreamingStarted,
    TaskEnd,
    TaskStart,
)
from sparksim.trace.trace import Trace

BATCH_STEPS = ("allocated", "submitted", "started", "half processed", "processed", "completed", "checkpointed")
RECORD_STEPS = ("sent", "cut", "stored", "processed")


class Surroundings(Protocol):
    """What a moment may look at."""

    clock: Clock
    trace: Trace

    def arrival_ms(self, source: str, record: int) -> float | None:
        """When this source sends its record of this number, counted from 0; None if it never does."""

    def fault_generator(self, name: str) -> random.Random:
        """Random numbers of a fault: the same for every driver of a run."""


class Moment(Protocol):
    """When something strikes. `once`: it is over for good when it has come, also for the next driver."""

    once: bool

    def occurrences(self, world: Surroundings) -> Iterator[simpy.Event]:
        """An event for each time it comes from now on; the next is asked for when the one before has fired."""


@dataclass(frozen=True)
class AtSecond:
    """In this second of the run. What is past does not come again: a later driver knows nothing of it."""

    seconds: float
    once = False

    def occurrences(self, world: Surroundings) -> Iterator[simpy.Event]:
        yield world.clock.env.timeout(max(self.seconds * 1000 - world.clock.now_ms, 0))


@dataclass(frozen=True)
class AtRate:
    """Again and again, `per_minute` times a minute on average, each time independent of the others.

    The moments are drawn from a generator of their own, seeded by the simulation's seed and `name`: two faults with the
    same name strike together. Nothing happens before second `since`. Raises `IllegalArgumentError` for a rate that is
    not positive.
    """

    per_minute: float
    name: str = "fault"
    since: float = 0.0
    once = False

    def __post_init__(self) -> None:
        if not is_positive(self.per_minute):
            raise IllegalArgumentError(f"AtRate(per_minute={self.per_minute!r}): give a positive number of times")
        if not is_number(self.since):
            raise IllegalArgumentError(f"AtRate(since={self.since!r}): give a number of seconds, 0 or more")

    def occurrences(self, world: Surroundings) -> Iterator[simpy.Event]:
        rng = world.fault_generator(f"moments of {self.name}")
        due_ms = self.since * 1000
        while True:
            # Rounded, because the last digits of a logarithm differ between machines.
            due_ms = round(due_ms + rng.expovariate(self.per_minute) * 60_000, 3)
            if due_ms > world.clock.now_ms:
                yield world.clock.env.timeout(due_ms - world.clock.now_ms)


@dataclass(frozen=True)
class When:
    """After the first event of the trace that `condition` holds for, and `delay` seconds more.

    The condition sees events from the start of the present driver on. Raises `IllegalArgumentError` for a delay that
    is not a number, 0 or more.
    """

    condition: Callable[[Event], bool]
    delay: float = 0.0
    once = True

    def __post_init__(self) -> None:
        check_delay("When", self.delay)

    def occurrences(self, world: Surroundings) -> Iterator[simpy.Event]:
        yield from _after(world, self.condition, self.delay)


@dataclass(frozen=True)
class AtBatch:
    """At a step of the batch of this number (from 1), and `delay` seconds more.

    | step | it has just happened that |
    |---|---|
    | `"allocated"` | the received blocks were given to the batch, before its jobs are made |
    | `"submitted"` | its jobs are in the queue |
    | `"started"` | the first of its jobs runs |
    | `"half processed"` | half of the tasks of its first job's last stage have ended, or the only one has begun |
    | `"processed"` | its first Spark job has ended; the batch does not know it yet |
    | `"completed"` | all its jobs have ended; the driver's checkpoint does not know it yet |
    | `"checkpointed"` | the checkpoint after its end is in its file |

    Batch k ends k batch intervals after the zero time of the first driver that this moment meets. Raises
    `IllegalArgumentError` for a number below 1, an unknown step, or a negative delay.
    """

    batch: int
    step: str = "started"
    delay: float = 0.0
    once = True

    def __post_init__(self) -> None:
        if not is_count(self.batch):
            raise IllegalArgumentError(f"AtBatch(batch={self.batch!r}): batches are counted from 1")
        if self.step not in BATCH_STEPS:
            raise IllegalArgumentError(f"AtBatch(step={self.step!r}): use one of {', '.join(BATCH_STEPS)}")
        check_delay("AtBatch", self.delay)

    def occurrences(self, world: Surroundings) -> Iterator[simpy.Event]:
        yield from _after(world, _BatchWatch(self.batch, self.step), self.delay)


@dataclass(frozen=True)
class AtRecord:
    """At a step of record number `record` (from 0) of `source`, an address such as "localhost:9999"; `delay` s later.

    `step` is "sent", "cut" (it is in a block that is not stored yet), "stored" (the driver knows its block) or
    "processed" (a task that read its block has succeeded). Raises `IllegalArgumentError` for a negative number or
    delay, or an unknown step.
    """

    source: str
    record: int
    step: str = "sent"
    delay: float = 0.0
    once = True

    def __post_init__(self) -> None:
        if not is_count(self.record, least=0):
            raise IllegalArgumentError(f"AtRecord(record={self.record!r}): records are counted from 0")
        if self.step not in RECORD_STEPS:
            raise IllegalArgumentError(f"AtRecord(step={self.step!r}): use one of {', '.join(RECORD_STEPS)}")
        check_delay("AtRecord", self.delay)

    def occurrences(self, world: Surroundings) -> Iterator[simpy.Event]:
        if self.step != "sent":
            yield from _after(world, _RecordWatch(self.source, self.record, self.step), self.delay)
            return
        sent_ms = world.arrival_ms(self.source, self.record)
        if sent_ms is not None:
            due_ms = sent_ms + self.delay * 1000
            if due_ms >= world.clock.now_ms:
                yield world.clock.env.timeout(due_ms - world.clock.now_ms)


def moment(owner: str, at: float | Moment) -> Moment:
    """A number of seconds, or a moment, as a moment. Raises `IllegalArgumentError` for anything else."""
    if isinstance(at, (int, float)) and is_number(at):
        return AtSecond(at)
    if not isinstance(at, (int, float)) and hasattr(at, "occurrences"):
        return at
    raise IllegalArgumentError(
        f"{owner}(at={at!r}): give the moment in seconds from the start, 0 or more, or one of AtBatch, AtRecord, "
        "AtRate and When"
    )


def check_delay(owner: str, delay: float) -> None:
    """Raise `IllegalArgumentError` for what is no delay in seconds."""
    if not is_number(delay):
        raise IllegalArgumentError(f"{owner}(delay={delay!r}): give a number of seconds, 0 or more")


def _after(world: Surroundings, condition: Callable[[Event], bool], delay: float) -> Iterator[simpy.Event]:
    """Fires `delay` seconds after the first event with this condition."""
    seen = world.clock.env.event()

    def fire(_event: simpy.Event | None = None) -> None:
        seen.succeed()

    def look(event: Event) -> None:
        if condition(event):
            unsubscribe()
            if delay == 0:
                fire()
            else:
                world.clock.env.timeout(delay * 1000).callbacks.append(fire)

    unsubscribe = world.trace.subscribe(look)
    yield seen


_EVENTS_OF_STEPS: dict[str, type[BlocksAllocated | BatchSubmitted | BatchStarted | BatchCompleted]] = {
    "allocated": BlocksAllocated,
    "submitted": BatchSubmitted,
    "started": BatchStarted,
    "completed": BatchCompleted,
}


class _BatchWatch:
    """Whether an event is a step of a batch. It has to know which jobs and stages belong to the batch."""

    def __init__(self, batch: int, step: str) -> None:
        self._batch = batch
        self._step = step
        self._time_ms: int | None = None
        self._job: JobStart | None = None
        self._tasks = 0
        self._ended: dict[int, int] = {}

    def __call__(self, event: Event) -> bool:
        if isinstance(event, StreamingStarted) and self._time_ms is None:
            self._time_ms = event.zero_ms + self._batch * event.batch_ms
        kind = _EVENTS_OF_STEPS.get(self._step)
        if kind is not None:
            return isinstance(event, kind) and event.batch_time_ms == self._time_ms
        if self._step != "checkpointed":
            return self._follow_job(event)
        if not isinstance(event, CheckpointWritten) or event.batch_time_ms != self._time_ms:
            return False
        return self._time_ms not in event.pending

    def _follow_job(self, event: Event) -> bool:
        if self._job is None:
            if isinstance(event, JobStart) and None is not self._time_ms == event.batch_time_ms:
                self._job = event
            return False
        if self._step == "processed":
            return isinstance(event, JobEnd) and event.job_id == self._job.job_id
        return self._is_half_way(event, self._job.job_id)

    def _is_half_way(self, event: Event, job_id: int) -> bool:
        if isinstance(event, StageSubmitted) and event.job_id == job_id:
            self._tasks = event.tasks
        if isinstance(event, TaskStart) and event.job_id == job_id and event.kind == "ResultTask":
            return self._tasks == 1
        if isinstance(event, TaskEnd) and event.job_id == job_id and event.reason == "Success":
            self._ended[event.stage_id] = self._ended.get(event.stage_id, 0) + 1
            return self._is_last_stage(event.stage_id) and self._ended[event.stage_id] * 2 >= self._tasks
        return False

    def _is_last_stage(self, stage_id: int) -> bool:
        assert self._job is not None
        return stage_id == max(self._job.stage_ids)


class _RecordWatch:
    """Whether an event is a step of a record's block."""

    def __init__(self, source: str, record: int, step: str) -> None:
        self._source = source
        self._record = record
        self._step = step
        self._block: str | None = None

    def __call__(self, event: Event) -> bool:
        if isinstance(event, BlockGenerated):
            if any(source == self._source and first <= self._record <= last for source, first, last in event.origins):
                self._block = event.block_id
                return self._step == "cut"
        elif isinstance(event, BlockAdded):
            return self._step == "stored" and event.block_id == self._block
        elif isinstance(event, TaskEnd) and event.reason == "Success":
            return self._step == "processed" and self._block in event.blocks
        return False

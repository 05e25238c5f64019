"""Batches rebuilt from the jobs that carry their time: Spark's event log holds no events of streaming.

A batch begins with its first job and ends with its last. When it was submitted stands nowhere, so that is taken to be
its batch time: its scheduling delay then includes the few milliseconds in which Spark made its jobs. How many records
it had is known only as far as its tasks count what they read: files and topics, not blocks of receivers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from sparksim.trace import events as e
from sparksim.trace.event import Event

BLOCK_MS = 200
"""Spark's default of spark.streaming.blockInterval."""

_DURATION = re.compile(r"\s*(\d+)\s*(ms|s|)\s*")


@dataclass(slots=True)
class _Batch:
    """The jobs of one batch, by output operation, as far as they go."""

    jobs: dict[int, set[int]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)
    read: dict[int, int] = field(default_factory=dict)
    is_open: bool = False

    @property
    def job_count(self) -> int:
        return sum(len(jobs) for jobs in self.jobs.values())

    @property
    def records(self) -> int:
        """What one output operation read at most: each of them reads the same input."""
        return max(self.read.values(), default=0)


def with_batches(events: Sequence[Event], settings: Mapping[str, str]) -> list[Event]:
    """The events, and among them those of the batches that their jobs belong to. Sort by time afterwards."""
    batches = _batches(events)
    if not batches:
        return list(events)
    start_ms = min(event.time_ms for event in events)
    started = _streaming_started(events, list(batches), settings)
    return [started, *_interleaved(events, batches, start_ms)]


def _batches(events: Iterable[Event]) -> dict[int, _Batch]:
    """By batch time, in order of time, with all their jobs."""
    batches: dict[int, _Batch] = {}
    places: dict[int, tuple[_Batch, int]] = {}
    is_over = False
    for event in events:
        if isinstance(event, e.JobStart) and event.batch_time_ms is not None:
            batch, operation = batches.setdefault(event.batch_time_ms, _Batch()), event.output_op or 0
            batch.jobs.setdefault(operation, set()).add(event.job_id)
            batch.names.setdefault(operation, event.description)
            places[event.job_id] = batch, operation
        elif isinstance(event, e.TaskEnd) and event.job_id in places and event.reason == "Success":
            batch, operation = places[event.job_id]
            batch.read[operation] = batch.read.get(operation, 0) + event.records_read
        is_over = is_over or isinstance(event, e.ApplicationEnd)
    if batches and not is_over:
        # More jobs of the newest batch may have followed the end of the log.
        *others, newest = (batches[time_ms].job_count for time_ms in sorted(batches))
        batches[max(batches)].is_open = newest < max(others, default=0)
    return dict(sorted(batches.items()))


def _streaming_started(events: Iterable[Event], times_ms: list[int], settings: Mapping[str, str]) -> Event:
    batch_ms = min((after - before for before, after in pairwise(times_ms)), default=0)
    zero_ms = times_ms[0] - batch_ms
    first_ms = min(event.time_ms for event in events if isinstance(event, e.ReceiverStarted) or _of_a_batch(event))
    interval = _DURATION.fullmatch(settings.get("spark.streaming.blockInterval", ""))
    block_ms = int(interval[1]) * (1000 if interval[2] == "s" else 1) if interval else BLOCK_MS
    concurrent_jobs = int(settings.get("spark.streaming.concurrentJobs", 1))
    return e.StreamingStarted(min(float(zero_ms), first_ms), batch_ms, block_ms, zero_ms, concurrent_jobs)


def _of_a_batch(event: Event) -> bool:
    return isinstance(event, e.JobStart) and event.batch_time_ms is not None


def _interleaved(events: Iterable[Event], batches: Mapping[int, _Batch], start_ms: float) -> Iterator[Event]:
    """Each batch and each operation before its first job, and their ends after the last."""
    places: dict[int, tuple[int, int]] = {}
    begun: set[int | tuple[int, int]] = set()
    is_over = False
    for event in events:
        if isinstance(event, e.JobStart) and event.batch_time_ms is not None:
            time_ms, operation = event.batch_time_ms, event.output_op or 0
            batch = batches[time_ms]
            places[event.job_id] = time_ms, operation
            if time_ms not in begun:
                submitted_ms = min(max(float(time_ms), start_ms), event.time_ms)
                records = ((0, batch.records),) if batch.records else ()
                yield e.BatchSubmitted(submitted_ms, time_ms, records, len(batch.jobs))
                yield e.BatchStarted(event.time_ms, time_ms)
            if (time_ms, operation) not in begun:
                yield e.OutputOperationStarted(event.time_ms, time_ms, operation, batch.names[operation], ())
            begun |= {time_ms, (time_ms, operation)}
        yield event
        is_over = is_over or isinstance(event, e.ApplicationEnd)
        # What ends after the application was cut off by its end.
        if isinstance(event, e.JobEnd) and event.job_id in places and not is_over:
            yield from _ends(event, *places[event.job_id], batches)


def _ends(event: e.JobEnd, time_ms: int, operation: int, batches: Mapping[int, _Batch]) -> Iterator[Event]:
    """What came to its end with this job: its operation, its batch."""
    batch = batches[time_ms]
    batch.ended.add(event.job_id)
    if not event.succeeded:
        batch.failures.setdefault(operation, event.reason)
    if batch.is_open or not batch.jobs[operation] <= batch.ended:
        return
    yield e.OutputOperationCompleted(event.time_ms, time_ms, operation, batch.failures.get(operation, ""))
    if all(jobs <= batch.ended for jobs in batch.jobs.values()):
        yield e.BatchCompleted(event.time_ms, time_ms, bool(batch.failures))

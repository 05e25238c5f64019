"""Processes batches (Spark: JobScheduler): a queue of output operations and a small pool that takes them in order.

With `spark.streaming.concurrentJobs` at 1, its default, everything is strictly first in, first out. A job that fails is
reported, and the application goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy

from sparksim.cluster.backend import ClusterBackend
from sparksim.cluster.clock import Fiber, Killed
from sparksim.cluster.task_set import BATCH_TIME, OUTPUT_OP
from sparksim.core import local_properties
from sparksim.core.conf import integer
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.failure import describe_failure
from sparksim.streaming.job import JobSet, StreamingJob
from sparksim.streaming.outcome import outcome
from sparksim.trace.events import (
    BatchCompleted,
    BatchStarted,
    BatchSubmitted,
    OutputOperationCompleted,
    OutputOperationStarted,
)

STRIKE_MS = 100
"""How long to wait for output operations that were struck down: in live time they may be deep in user code."""


class ContextStopped(Killed):
    """What strikes user code on the driver that is still running when the context stops."""


class JobScheduler:
    """`on_error(error)` hears of failures, `on_batch_completed(time_ms)` of batches whose last job succeeded."""

    def __init__(
        self,
        backend: ClusterBackend,
        on_error: Callable[[BaseException], None],
        on_batch_completed: Callable[[int], None],
    ) -> None:
        self.concurrent_jobs = concurrent_jobs(backend)
        self._backend = backend
        self._clock = backend.clock
        self._on_error = on_error
        self._on_batch_completed = on_batch_completed
        self._queue: simpy.Store = simpy.Store(backend.clock.env)
        self._job_sets: dict[int, JobSet] = {}
        self._workers: list[simpy.Process] = []
        self._running: list[Fiber] = []
        self._stopping = False
        self._last_submitted_ms = -1

    def start(self) -> None:
        """Open the pool. Hub only."""
        self._workers = [self._clock.env.process(self._work()) for _ in range(self.concurrent_jobs)]

    def submit(self, job_set: JobSet) -> None:
        """Queue the jobs of a batch. A batch without jobs leaves no trace, as in Spark. Hub only."""
        self._last_submitted_ms = max(self._last_submitted_ms, job_set.batch_time_ms)
        if not job_set.jobs:
            return
        self._backend.emit(
            BatchSubmitted(self._clock.now_ms, job_set.batch_time_ms, job_set.records, len(job_set.jobs))
        )
        self._job_sets[job_set.batch_time_ms] = job_set
        for job in job_set.jobs:
            self._queue.put(job)

    @property
    def pending_times_ms(self) -> list[int]:
        """Batches that were submitted and are not fully processed."""
        return sorted(self._job_sets)

    def is_over(self, batch_time_ms: int) -> bool:
        """Whether the batch was submitted and is over: all its jobs ended, or it had none."""
        job_set = self._job_sets.get(batch_time_ms)
        return batch_time_ms <= self._last_submitted_ms and (job_set is None or job_set.finished)

    def stop(self, wait_ms: float, caller: Fiber | None) -> simpy.Event:
        """Close the pool. Hub only. The event fires when it is empty, or a little after `wait_ms`.

        Until then what is queued still runs; afterwards the queue is dropped and what runs is struck down, except
        the output operation `caller` that stops its own context.
        """
        self._stopping = True
        self._close_queue()
        env = self._clock.env

        def watch() -> Generator[simpy.Event, Any, None]:
            yield simpy.AllOf(env, self._workers) | env.timeout(wait_ms)
            self._queue.items.clear()
            self._close_queue()
            struck = [fiber for fiber in self._running if fiber is not caller]
            for fiber in struck:
                self._clock.kill(fiber, ContextStopped("the streaming context was stopped"))
            yield simpy.AllOf(env, [outcome(env, fiber) for fiber in struck]) | env.timeout(STRIKE_MS)

        return env.process(watch())

    def _close_queue(self) -> None:
        for _ in self._workers:
            self._queue.put(None)

    def _work(self) -> Generator[simpy.Event, Any, None]:
        prices = self._backend.prices
        while (job := (yield self._queue.get())) is not None:
            if prices.model.dispatch_ms > 0:
                yield self._clock.env.timeout(prices.draw(prices.model.dispatch_ms))
            self._started(job)
            fiber = self._clock.spawn(f"streaming job {job.batch_time_ms} ms.{job.output_op}", self._run, job)
            self._running.append(fiber)
            error = yield outcome(self._clock.env, fiber)
            self._running.remove(fiber)
            self._completed(job, error)

    def _run(self, job: StreamingJob) -> None:
        """On a fiber: the output operation itself, its Spark jobs tagged with the batch."""
        self._clock.charge(self._backend.prices.draw(self._backend.prices.model.output_op_ms))
        tags = {
            BATCH_TIME: str(job.batch_time_ms),
            OUTPUT_OP: str(job.output_op),
            local_properties.JOB_DESCRIPTION: (
                f"Streaming job from output operation {job.output_op}, batch time {job.batch_time_ms} ms"
            ),
            local_properties.CALL_SITE: job.name,
            local_properties.CHECKPOINT_ALL_ANCESTORS: "true",
        }
        with local_properties.overlay(tags):
            job.run()
        self._clock.charge(self._backend.prices.draw(self._backend.prices.model.output_op_end_ms))

    def _started(self, job: StreamingJob) -> None:
        job_set = self._job_sets[job.batch_time_ms]
        if not job_set.started:
            job_set.started = True
            self._backend.emit(BatchStarted(self._clock.now_ms, job.batch_time_ms))
        self._backend.emit(
            OutputOperationStarted(self._clock.now_ms, job.batch_time_ms, job.output_op, job.name, job.streams)
        )

    def _completed(self, job: StreamingJob, error: BaseException | None) -> None:
        """A batch whose last job failed stays pending for good; one whose earlier job failed counts as processed."""
        job_set = self._job_sets[job.batch_time_ms]
        failure = "" if error is None else describe_failure(error)
        self._backend.emit(OutputOperationCompleted(self._clock.now_ms, job.batch_time_ms, job.output_op, failure))
        job_set.failed = job_set.failed or error is not None
        complete = job_set.finish(job)
        if complete:
            self._backend.emit(BatchCompleted(self._clock.now_ms, job.batch_time_ms, job_set.failed))
        if error is not None:
            if not (self._stopping and isinstance(error, Killed)):
                self._on_error(error)
        elif complete:
            del self._job_sets[job.batch_time_ms]
            self._on_batch_completed(job.batch_time_ms)


def concurrent_jobs(backend: ClusterBackend) -> int:
    """`spark.streaming.concurrentJobs`; raises below 1."""
    jobs = integer(backend.conf, "spark.streaming.concurrentJobs", 1)
    if jobs < 1:
        raise IllegalArgumentError(
            f"spark.streaming.concurrentJobs={jobs}: at least one output operation must be able to run"
        )
    return jobs

"""The jobs of a batch (Spark: Job and JobSet of org.apache.spark.streaming.scheduler)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class StreamingJob:
    """One output operation of one batch. `streams` are the ids of the inputs it reads, `name` its call site."""

    batch_time_ms: int
    run: Callable[[], None]
    name: str
    streams: tuple[int, ...]
    output_op: int = -1


class JobSet:
    """All jobs of one batch. `records` is `(stream_id, records)` per input stream."""

    def __init__(self, batch_time_ms: int, jobs: Sequence[StreamingJob], records: tuple[tuple[int, int], ...]) -> None:
        self.batch_time_ms = batch_time_ms
        self.jobs = list(jobs)
        self.records = records
        self.started = False
        self.failed = False
        self._unfinished = set(range(len(self.jobs)))

    @property
    def finished(self) -> bool:
        """Whether all jobs have ended."""
        return not self._unfinished

    def finish(self, job: StreamingJob) -> bool:
        """Note the end of a job; whether it was the last."""
        self._unfinished.discard(job.output_op)
        return self.finished

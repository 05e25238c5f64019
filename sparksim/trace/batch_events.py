"""The events of batches: how they are made, what they take, when their output operations run and end."""

from __future__ import annotations

from dataclasses import dataclass

from sparksim.trace.event import Event, made_fast


@made_fast
@dataclass(frozen=True, slots=True)
class StreamingStarted(Event):
    """`batch_ms` is the batch interval, `zero_ms` the graph's zero time (one batch before the first)."""

    batch_ms: int
    block_ms: int
    zero_ms: int
    concurrent_jobs: int


@made_fast
@dataclass(frozen=True, slots=True)
class StreamingRecovered(Event):
    """A restarted driver goes on from the checkpoint of `checkpoint_ms`: it runs `batches` again, at once.

    The first new batch is that of `restart_ms`. `pending` are those of the batches that were not finished.
    """

    checkpoint_ms: int
    restart_ms: int
    pending: tuple[int, ...]
    batches: tuple[int, ...]


@made_fast
@dataclass(frozen=True, slots=True)
class CheckpointWritten(Event):
    """The driver's checkpoint of batch `batch_time_ms` is in its file, with the batches not finished at its making."""

    batch_time_ms: int
    name: str
    size_bytes: int
    pending: tuple[int, ...]


@made_fast
@dataclass(frozen=True, slots=True)
class StreamingStopped(Event):
    graceful: bool


@made_fast
@dataclass(frozen=True, slots=True)
class BlocksAllocated(Event):
    """Batch `batch_time_ms` took these blocks of this stream: the whole queue of blocks the driver knew of."""

    batch_time_ms: int
    stream_id: int
    block_ids: tuple[str, ...]


@made_fast
@dataclass(frozen=True, slots=True)
class BatchSubmitted(Event):
    """`records` is `(stream_id, records)` per input stream. Batches without a job are never submitted."""

    batch_time_ms: int
    records: tuple[tuple[int, int], ...]
    output_ops: int


@made_fast
@dataclass(frozen=True, slots=True)
class BatchStarted(Event):
    batch_time_ms: int


@made_fast
@dataclass(frozen=True, slots=True)
class OutputOperationStarted(Event):
    """`output_op` counts the jobs of this batch; `name` is the output's call site, `streams` the inputs it reads."""

    batch_time_ms: int
    output_op: int
    name: str
    streams: tuple[int, ...]


@made_fast
@dataclass(frozen=True, slots=True)
class OutputOperationCompleted(Event):
    """`failure` is "" when the operation succeeded."""

    batch_time_ms: int
    output_op: int
    failure: str


@made_fast
@dataclass(frozen=True, slots=True)
class BatchCompleted(Event):
    """All jobs of the batch ended, failed ones included."""

    batch_time_ms: int
    failed: bool


@made_fast
@dataclass(frozen=True, slots=True)
class RateUpdated(Event):
    """Batch `batch_time_ms`, now completed, gave a new limit for this input: `rate_per_s` whole records per second.

    A receiver obeys it up to its maximal rate, from the moment it hears of it, and until it is started anew.
    """

    batch_time_ms: int
    stream_id: int
    rate_per_s: int


@made_fast
@dataclass(frozen=True, slots=True)
class JobGenerationFailed(Event):
    """Making the jobs of this batch raised: the batch has no jobs and its blocks are given up."""

    batch_time_ms: int
    message: str

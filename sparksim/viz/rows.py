"""Rows that only pictures need: stretches of records, copies of blocks, output operations, logs and checkpoints.

Times are milliseconds on the run's clock; None means that it has not happened (yet).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StretchRow:
    """Neighbouring records of one source with the same fate, `first` to `last`, both included.

    They came between `start_ms` and `end_ms`. `block_id` is also the name of a range of a log.
    """

    source: str
    first: int
    last: int
    records: int
    stream_id: int | None
    block_id: str
    batch_time_ms: int | None
    outcome: str
    times: int
    reason: str
    start_ms: float
    end_ms: float


@dataclass(frozen=True, slots=True)
class OperationRow:
    """One output operation of one batch. `status` is running, succeeded, failed, or abandoned when the driver died."""

    batch_time_ms: int
    output_op: int
    name: str
    start_ms: float
    end_ms: float | None
    status: str
    failure: str


@dataclass(frozen=True, slots=True)
class CopyRow:
    """One copy of a block on one executor, until it is removed, evicted, or its executor goes."""

    block_id: str
    executor_id: str
    level: str
    size_bytes: int
    start_ms: float
    end_ms: float | None


@dataclass(frozen=True, slots=True)
class LogRow:
    """A block that was written to its receiver's write-ahead log: from when it was made until the log had it."""

    block_id: str
    stream_id: int
    executor_id: str
    path: str
    size_bytes: int
    start_ms: float
    end_ms: float


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A checkpoint of the driver. `pending` counts the batches that were not finished at its making."""

    batch_time_ms: int
    name: str
    size_bytes: int
    pending: int
    time_ms: float


@dataclass(frozen=True, slots=True)
class RangeRow:
    """What one batch reads of one log, `first` to `last`, both included."""

    block_id: str
    source: str
    first: int
    last: int
    records: int
    stream_id: int
    batch_time_ms: int
    time_ms: float

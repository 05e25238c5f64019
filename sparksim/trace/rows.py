"""The rows of the tables: what one asks about a batch, job, stage, task, block, executor or receiver.

Times are milliseconds on the run's clock, durations milliseconds. None means that it has not happened (yet).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One submitted batch. The delays are those of Spark's BatchInfo, counted from the submission.

    `status` is queued, processing, completed, or abandoned when the driver died first; `failed` says whether an output
    operation of the batch failed.
    """

    batch_time_ms: int
    records: int
    blocks: int
    submission_ms: float
    processing_start_ms: float | None
    processing_end_ms: float | None
    scheduling_delay_ms: float | None
    processing_time_ms: float | None
    total_delay_ms: float | None
    output_ops: int
    failed: bool
    status: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """One Spark job. `succeeded` is None while it runs."""

    job_id: int
    batch_time_ms: int | None
    output_op: int | None
    description: str
    stages: int
    start_ms: float
    end_ms: float | None
    duration_ms: float | None
    succeeded: bool | None
    reason: str


@dataclass(frozen=True, slots=True)
class StageRow:
    """One attempt of a stage. `status` is running, succeeded or failed."""

    job_id: int
    stage_id: int
    attempt: int
    name: str
    tasks: int
    start_ms: float
    end_ms: float | None
    duration_ms: float | None
    status: str
    failure: str


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One attempt of a task. `reason` is how it ended, in Spark's word, and None while it runs."""

    task_id: int
    job_id: int
    batch_time_ms: int | None
    stage_id: int
    stage_attempt: int
    index: int
    attempt: int
    kind: str
    executor_id: str
    core: int
    locality: str
    speculative: bool
    start_ms: float
    end_ms: float | None
    duration_ms: float | None
    reason: str | None
    message: str
    records_read: int
    shuffle_read: int
    shuffle_written: int
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BlockRow:
    """One received block. `batch_time_ms` is the batch it joined; `holders` are the executors that got a copy.

    `fate` is waiting (joined no batch yet), allocated (its batch is not done), processed (its batch succeeded), failed
    (its batch failed), given up (the jobs of its batch could not be made) or lost (its last copy went, or its records
    will never be processed for another reason).
    """

    block_id: str
    stream_id: int
    executor_id: str
    records: int
    generated_ms: float | None
    stored_ms: float | None
    added_ms: float | None
    batch_time_ms: int | None
    holders: tuple[str, ...]
    fate: str


@dataclass(frozen=True, slots=True)
class ExecutorRow:
    """One executor. `busy_ms` sums the time of its tasks over all cores, receivers included, until the trace ends."""

    executor_id: str
    host: str
    cores: int
    added_ms: float
    removed_ms: float | None
    reason: str
    tasks: int
    failed_tasks: int
    busy_ms: float


@dataclass(frozen=True, slots=True)
class ReceiverRow:
    """One life of a receiver on one executor: until it stops, its executor goes, or it starts elsewhere."""

    stream_id: int
    name: str
    executor_id: str
    host: str
    started_ms: float
    stopped_ms: float | None
    errors: int
    last_error: str
    blocks: int
    records: int

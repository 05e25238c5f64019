"""Every fact of a run, as one immutable event.

An event says what happened, when (`time_ms`), and to whom (ids). The names are Spark's where Spark has one
(SparkListener, StreamingListener), otherwise what the Spark component would log. Each fact is emitted once, by the
component that makes it happen; everything that shows, counts or grades a run reads these and nothing else.

Times are milliseconds on the run's clock: virtual ms from 0 in a simulation, epoch ms in live mode. Ids of records are
*origins*: `(source, first, last)`, both ends included, in the order the source produced them, counted from 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from sparksim.trace.batch_events import BatchCompleted as BatchCompleted
from sparksim.trace.batch_events import BatchStarted as BatchStarted
from sparksim.trace.batch_events import BatchSubmitted as BatchSubmitted
from sparksim.trace.batch_events import BlocksAllocated as BlocksAllocated
from sparksim.trace.batch_events import CheckpointWritten as CheckpointWritten
from sparksim.trace.batch_events import JobGenerationFailed as JobGenerationFailed
from sparksim.trace.batch_events import OutputOperationCompleted as OutputOperationCompleted
from sparksim.trace.batch_events import OutputOperationStarted as OutputOperationStarted
from sparksim.trace.batch_events import RateUpdated as RateUpdated
from sparksim.trace.batch_events import StreamingRecovered as StreamingRecovered
from sparksim.trace.batch_events import StreamingStarted as StreamingStarted
from sparksim.trace.batch_events import StreamingStopped as StreamingStopped
from sparksim.trace.event import Event as Event
from sparksim.trace.event import Origin as Origin
from sparksim.trace.event import made_fast
from sparksim.trace.kafka_events import BrokerStarted as BrokerStarted
from sparksim.trace.kafka_events import BrokerStopped as BrokerStopped
from sparksim.trace.kafka_events import GroupRebalanced as GroupRebalanced
from sparksim.trace.kafka_events import InSyncChanged as InSyncChanged
from sparksim.trace.kafka_events import LeaderElected as LeaderElected
from sparksim.trace.kafka_events import OffsetsCommitted as OffsetsCommitted
from sparksim.trace.kafka_events import OffsetsReset as OffsetsReset
from sparksim.trace.kafka_events import ProduceEnded as ProduceEnded
from sparksim.trace.kafka_events import ProduceLost as ProduceLost
from sparksim.trace.kafka_events import ProducerStarted as ProducerStarted
from sparksim.trace.kafka_events import RecordsAppended as RecordsAppended
from sparksim.trace.kafka_events import RecordsDeleted as RecordsDeleted
from sparksim.trace.kafka_events import RecordsProduced as RecordsProduced
from sparksim.trace.kafka_events import RecordsTruncated as RecordsTruncated
from sparksim.trace.kafka_events import SinkRolledBack as SinkRolledBack
from sparksim.trace.kafka_events import SinkWritten as SinkWritten
from sparksim.trace.kafka_events import TopicChanged as TopicChanged
from sparksim.trace.query_events import QueryBatchCommitted as QueryBatchCommitted
from sparksim.trace.query_events import QueryBatchPlanned as QueryBatchPlanned
from sparksim.trace.query_events import QueryEpochCommitted as QueryEpochCommitted
from sparksim.trace.query_events import QueryEpochStarted as QueryEpochStarted
from sparksim.trace.query_events import QueryIdle as QueryIdle
from sparksim.trace.query_events import QueryProgressed as QueryProgressed
from sparksim.trace.query_events import QueryRowsLate as QueryRowsLate
from sparksim.trace.query_events import QueryRowsRead as QueryRowsRead
from sparksim.trace.query_events import QueryRowsWritten as QueryRowsWritten
from sparksim.trace.query_events import QueryRowWritten as QueryRowWritten
from sparksim.trace.query_events import QueryStarted as QueryStarted
from sparksim.trace.query_events import QueryStateCommitted as QueryStateCommitted
from sparksim.trace.query_events import QueryTerminated as QueryTerminated
from sparksim.trace.source_events import OffsetRangesAllocated as OffsetRangesAllocated
from sparksim.trace.source_events import OffsetsSkipped as OffsetsSkipped
from sparksim.trace.source_events import RecordsAcknowledged as RecordsAcknowledged
from sparksim.trace.source_events import RecordsRedelivered as RecordsRedelivered
from sparksim.trace.state_events import StateUpdated as StateUpdated
from sparksim.trace.state_events import WindowComputed as WindowComputed
from sparksim.trace.storage_events import BlockEvicted as BlockEvicted
from sparksim.trace.storage_events import BlockLogged as BlockLogged
from sparksim.trace.storage_events import BlockLost as BlockLost
from sparksim.trace.storage_events import BlockRemoved as BlockRemoved
from sparksim.trace.storage_events import BlockStored as BlockStored

# ruff: noqa: PLC0414  # "as" says that these names are to be imported from here

# --- application and executors -------------------------------------------------------------------------------------


@made_fast
@dataclass(frozen=True, slots=True)
class ApplicationStart(Event):
    app_id: str
    app_name: str
    master: str
    seed: int | None
    default_parallelism: int


@made_fast
@dataclass(frozen=True, slots=True)
class ApplicationEnd(Event):
    app_id: str


@made_fast
@dataclass(frozen=True, slots=True)
class DriverDied(Event):
    """The driver's process is gone, and its executors with it. A new one starts at `restart_ms`, or none if None."""

    app_id: str
    restart_ms: float | None


@made_fast
@dataclass(frozen=True, slots=True)
class ExecutorAdded(Event):
    executor_id: str
    host: str
    cores: int


@made_fast
@dataclass(frozen=True, slots=True)
class ExecutorRemoved(Event):
    executor_id: str
    reason: str


@made_fast
@dataclass(frozen=True, slots=True)
class FaultInjected(Event):
    """A fault of the simulation's schedule struck. `target` is an executor id, or "" when it found none to strike."""

    fault: str
    target: str


@made_fast
@dataclass(frozen=True, slots=True)
class FaultEnded(Event):
    """A fault that lasted a while is over; named and targeted as when it struck."""

    fault: str
    target: str


# --- jobs, stages, tasks -------------------------------------------------------------------------------------------


@made_fast
@dataclass(frozen=True, slots=True)
class JobStart(Event):
    """`batch_time_ms` and `output_op` are None for jobs of no batch: receivers, the dummy job, plain RDD jobs."""

    job_id: int
    description: str
    stage_ids: tuple[int, ...]
    batch_time_ms: int | None
    output_op: int | None


@made_fast
@dataclass(frozen=True, slots=True)
class JobEnd(Event):
    job_id: int
    succeeded: bool
    reason: str


@made_fast
@dataclass(frozen=True, slots=True)
class StageSubmitted(Event):
    job_id: int
    stage_id: int
    attempt: int
    name: str
    tasks: int


@made_fast
@dataclass(frozen=True, slots=True)
class StageCompleted(Event):
    """`failure` is "" when the stage succeeded."""

    stage_id: int
    attempt: int
    failure: str


@made_fast
@dataclass(frozen=True, slots=True)
class TaskStart(Event):
    """`index` is the partition, `attempt` counts the tries of that partition from 0, `core` is the executor's slot."""

    task_id: int
    job_id: int
    stage_id: int
    stage_attempt: int
    index: int
    attempt: int
    executor_id: str
    host: str
    core: int
    locality: str
    speculative: bool
    kind: str  # "ResultTask" | "ShuffleMapTask" | "Receiver"


@made_fast
@dataclass(frozen=True, slots=True)
class TaskEnd(Event):
    """`reason` is Spark's: Success, ExceptionFailure, FetchFailed, ExecutorLostFailure, TaskKilled, Resubmitted.

    `records_read` counts records pulled from slices, blocks and caches, `shuffle_read` from shuffle buckets; for a task
    that died they say how far it came. `blocks` are the received blocks it read or was reading.
    """

    task_id: int
    job_id: int
    stage_id: int
    stage_attempt: int
    index: int
    attempt: int
    executor_id: str
    core: int
    reason: str
    message: str
    records_read: int
    shuffle_read: int
    shuffle_written: int
    blocks: tuple[str, ...]


# --- sources, receivers, blocks ------------------------------------------------------------------------------------


@made_fast
@dataclass(frozen=True, slots=True)
class SourceConnected(Event):
    source: str
    stream_id: int


@made_fast
@dataclass(frozen=True, slots=True)
class SourceDisconnected(Event):
    source: str
    stream_id: int
    reason: str


@made_fast
@dataclass(frozen=True, slots=True)
class RecordsSent(Event):
    """The source produced these records since its last such event. `first` is the number of the first of them."""

    source: str
    first: int
    count: int


@made_fast
@dataclass(frozen=True, slots=True)
class RecordsLost(Event):
    """These records will never be processed, and why. `stream_id`, `block_id` are None, "" where they had none yet."""

    origins: tuple[Origin, ...]
    count: int
    reason: str
    stream_id: int | None
    block_id: str


@made_fast
@dataclass(frozen=True, slots=True)
class ReceiverStarted(Event):
    stream_id: int
    name: str
    executor_id: str
    host: str


@made_fast
@dataclass(frozen=True, slots=True)
class ReceiverError(Event):
    stream_id: int
    name: str
    executor_id: str
    message: str
    error: str


@made_fast
@dataclass(frozen=True, slots=True)
class ReceiverStopped(Event):
    stream_id: int
    name: str
    executor_id: str
    message: str
    error: str


@made_fast
@dataclass(frozen=True, slots=True)
class BlockGenerated(Event):
    """The receiver's buffer was cut (or a multi-record `store` was called): these records are now one block."""

    stream_id: int
    block_id: str
    executor_id: str
    records: int
    origins: tuple[Origin, ...]


@made_fast
@dataclass(frozen=True, slots=True)
class BlockAdded(Event):
    """The driver's ReceivedBlockTracker now knows the block. From here on it can join a batch."""

    stream_id: int
    block_id: str
    records: int


# --- what the driver says ------------------------------------------------------------------------------------------


@made_fast
@dataclass(frozen=True, slots=True)
class OutputPrinted(Event):
    """Text the program printed on the driver; `batch_time_ms` is None outside a batch."""

    batch_time_ms: int | None
    text: str


@made_fast
@dataclass(frozen=True, slots=True)
class Warned(Event):
    """What Spark would log as a warning, in our words, once per cause."""

    component: str
    message: str

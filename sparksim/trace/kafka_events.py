"""The events of a Kafka cluster and of its producers, consumer groups and sinks.

A producer's records are numbered from 0 in the order in which it was given them. In a log they are known by the log,
`"topic/partition"`, and their offset: `RecordsSent` with the log as source says that readers may see them from now on.
"""

from __future__ import annotations

from dataclasses import dataclass

from sparksim.trace.event import Event, Origin, made_fast

Assignment = tuple[str, tuple[str, ...]]
"""A member of a group, and the logs it has."""

StoredOffset = tuple[str, int]
"""A log, and the offset of the next record to read."""


Setting = tuple[str, str]
"""A setting by Kafka's name for it, and its value as text."""


@made_fast
@dataclass(frozen=True, slots=True)
class ProducerStarted(Event):
    """A program made a producer. `settings` are those that decide what is delivered, such as `("acks", "1")`."""

    producer: str
    settings: tuple[Setting, ...]


@made_fast
@dataclass(frozen=True, slots=True)
class RecordsProduced(Event):
    """A program gave its producer these records. `first` is the number of the first of them."""

    producer: str
    first: int
    count: int


@made_fast
@dataclass(frozen=True, slots=True)
class RecordsAppended(Event):
    """The leader wrote records of a producer to its log: `numbers[i]` at offset `first_offset + i`.

    The same number in two such events is a record that the producer sent twice.
    """

    log: str
    broker: int
    first_offset: int
    producer: str
    numbers: tuple[int, ...]


@made_fast
@dataclass(frozen=True, slots=True)
class ProduceEnded(Event):
    """The producer knows how it ended: `error` is "" when the cluster has acknowledged these numbers.

    `attempts` is how often they were sent. With `acks=0` nobody acknowledges; it ends when they are on their way.
    """

    producer: str
    numbers: tuple[int, ...]
    log: str
    attempts: int
    error: str


@made_fast
@dataclass(frozen=True, slots=True)
class ProduceLost(Event):
    """A request with these numbers came to nobody, or was refused, and its producer waits for no answer (`acks=0`)."""

    producer: str
    numbers: tuple[int, ...]
    log: str
    reason: str


@made_fast
@dataclass(frozen=True, slots=True)
class RecordsTruncated(Event):
    """A leader died with records of which the new one has no copy: they are gone, and their offsets are given again."""

    origin: Origin
    reason: str


@made_fast
@dataclass(frozen=True, slots=True)
class RecordsDeleted(Event):
    """The log no longer holds these: retention, compaction, or the deletion of the topic."""

    origins: tuple[Origin, ...]
    reason: str


@made_fast
@dataclass(frozen=True, slots=True)
class BrokerStopped(Event):
    broker: int
    host: str
    reason: str


@made_fast
@dataclass(frozen=True, slots=True)
class BrokerStarted(Event):
    broker: int
    host: str


@made_fast
@dataclass(frozen=True, slots=True)
class LeaderElected(Event):
    """`broker` leads this log from now on; None: nobody does. `clean` is whether it was in sync."""

    log: str
    broker: int | None
    in_sync: tuple[int, ...]
    clean: bool


@made_fast
@dataclass(frozen=True, slots=True)
class InSyncChanged(Event):
    """A follower has caught up with this log's leader, or was missed. Who leads stays as it is."""

    log: str
    in_sync: tuple[int, ...]


@made_fast
@dataclass(frozen=True, slots=True)
class TopicChanged(Event):
    """A topic was made, got more partitions, or was deleted (then `partitions` is 0)."""

    topic: str
    partitions: int


@made_fast
@dataclass(frozen=True, slots=True)
class GroupRebalanced(Event):
    """The members of a consumer group share its partitions anew."""

    group: str
    generation: int
    assignments: tuple[Assignment, ...]
    reason: str


@made_fast
@dataclass(frozen=True, slots=True)
class OffsetsCommitted(Event):
    """A group's offsets were stored. `storage` is "kafka", "zookeeper" or "sink", and then `group` is the sink's name.

    `stream_id` is None for one done by hand. `cause` is what in the program did it: "enable.auto.commit=true",
    "commitAsync", "commit", "store_offsets", or "reliable receiver" for one that commits what it has stored.
    """

    group: str
    storage: str
    offsets: tuple[StoredOffset, ...]
    stream_id: int | None
    cause: str


@made_fast
@dataclass(frozen=True, slots=True)
class OffsetsReset(Event):
    """A consumer had no usable offset for a log, and starts at `offset` as `auto.offset.reset` says."""

    group: str
    log: str
    offset: int
    reason: str


@made_fast
@dataclass(frozen=True, slots=True)
class SinkWritten(Event):
    """Rows of a sink outside of every process, now visible to all: `keys[i]` was written by `operation`.

    `operation` is "insert" (one more row each time) or "upsert" (the same row again). `origins` names the record of a
    log behind each row, in the order of `keys`; "" and offsets of -1 where the program did not say. `batch_time_ms` is
    None outside of a batch.
    """

    sink: str
    operation: str
    keys: tuple[str, ...]
    origins: tuple[Origin, ...]
    batch_time_ms: int | None


@made_fast
@dataclass(frozen=True, slots=True)
class SinkRolledBack(Event):
    """A transaction on a sink ended without effect, with so many rows; `origins` as in `SinkWritten`."""

    sink: str
    rows: int
    reason: str
    origins: tuple[Origin, ...]
    batch_time_ms: int | None

"""What stands in a topic: partitions, and records with their offsets (Kafka: TopicPartition, ConsumerRecord)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from sparksim.trace.event import Origin


class TopicPartition(NamedTuple):
    """One partition of a topic. Partitions are numbered from 0."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


class PartitionInfo(NamedTuple):
    """What a cluster says of one partition. `leader` is the leader's host and port, "" while there is none."""

    partition: TopicPartition
    leader: str
    replicas: int


NO_TIMESTAMP, CREATE_TIME, LOG_APPEND_TIME = -1, 0, 1
"""Who said what the time of a record is: nobody, its producer, the broker (Kafka: TimestampType)."""

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class ConsumerRecord:
    """One record as a consumer gets it. `timestamp` in ms; `key` and `value` are bytes until they are deserialised."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: Any
    value: Any
    headers: Headers = ()
    timestamp_type: int = CREATE_TIME

    @property
    def origin(self) -> Origin:
        """The record as the trace names it."""
        return str(TopicPartition(self.topic, self.partition)), self.offset, self.offset


class ProducerRecord(NamedTuple):
    """One record for a producer, in bytes. Without a partition the key decides, without a key the producer."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    partition: int | None = None
    headers: Headers = ()

"""What can go wrong with Kafka, named as Kafka's own clients name it (package org.apache.kafka.common.errors).

Each message names the broker, topic, partition or offset, and what to do about it.
"""

from __future__ import annotations

from sparksim.core.errors import SparkException


class KafkaError(SparkException):
    """A cluster or its client refused or failed (Kafka: KafkaException)."""


class BrokerNotAvailable(KafkaError, ConnectionError):
    """Nobody answers: no broker of the bootstrap list, or not a partition's leader (BrokerNotAvailableException)."""


class UnknownTopicOrPartition(KafkaError, LookupError):
    """The cluster has no such topic, or the topic no such partition (UnknownTopicOrPartitionException)."""


class LeaderNotAvailable(KafkaError, ConnectionError):
    """The partition has no leader now (LeaderNotAvailableException)."""


class OffsetOutOfRange(KafkaError, LookupError):
    """The log does not hold this offset: deleted by retention, or not written yet (OffsetOutOfRangeException)."""


class NoOffsetForPartition(KafkaError, LookupError):
    """The group has no offset and `auto.offset.reset` is none (NoOffsetForPartitionException)."""


class CommitFailed(KafkaError):
    """The group has moved on without this member, so its offsets are refused (CommitFailedException)."""


class RecordTooLarge(KafkaError, ValueError):
    """A record is larger than the producer, the broker or the consumer may take (RecordTooLargeException)."""


class InvalidRecord(KafkaError, ValueError):
    """The broker does not take the record, such as one without a key in a compacted topic (InvalidRecordException)."""


class NotEnoughReplicas(KafkaError):
    """Fewer replicas are in sync than `min.insync.replicas` asks for (NotEnoughReplicasException)."""


class KafkaTimeout(KafkaError, TimeoutError):
    """No answer, or no record, came in time (TimeoutException)."""


class SerializationError(KafkaError, ValueError):
    """A (de)serialiser raised (SerializationException)."""

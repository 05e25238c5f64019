"""Offsets by hand, for streams of Kafka 0.8 (Spark: KafkaCluster of spark-streaming-kafka-0-8).

The direct stream of Kafka 0.8 leaves offsets to the program. With these calls a program keeps them where the tools of
that time look for them: with a consumer group, in ZooKeeper. Brokers of today have no ZooKeeper; a live program's
offsets are then kept with the group on the brokers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import cast

from sparksim.cluster.backend import ClusterBackend
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalStateError
from sparksim.kafka.client import Kafka, Offsets, Settings
from sparksim.kafka.records import TopicPartition
from sparksim.streaming.arguments import check_text
from sparksim.streaming.kafka.arguments import check_offsets, check_partitions, check_settings, check_topics
from sparksim.streaming.kafka.connection import Connection, partitions_of

STORAGE = "zookeeper"


class KafkaCluster:
    """The cluster that `kafkaParams` name, asked from the driver. All calls raise what asking a cluster raises.

    Raises `TypeError` for what are no settings, `IllegalArgumentError` for settings without brokers, and
    `IllegalStateError` where there is no SparkContext.
    """

    def __init__(self, kafkaParams: Settings) -> None:
        check_settings(kafkaParams)
        self.kafkaParams = dict(kafkaParams)
        self._connection = Connection()
        self._kafka()

    def getPartitions(self, topics: Sequence[str]) -> frozenset[TopicPartition]:
        """All partitions of these topics. Raises `UnknownTopicOrPartition`."""
        check_topics(topics)
        return frozenset(partitions_of(self._kafka(), topics))

    def getEarliestLeaderOffsets(self, topicAndPartitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """The first offset that each partition's leader still has."""
        return self._kafka().earliest_offsets(_checked(topicAndPartitions))

    def getLatestLeaderOffsets(self, topicAndPartitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset that each partition's next record will have."""
        return self._kafka().latest_offsets(_checked(topicAndPartitions))

    def getConsumerOffsets(
        self, groupId: str, topicAndPartitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """What the group has stored, of those partitions for which it has."""
        check_text(groupId, "groupId", "give the name of a consumer group")
        return self._kafka().committed(groupId, _checked(topicAndPartitions), STORAGE)

    def setConsumerOffsets(self, groupId: str, offsets: Offsets) -> None:
        """Store the offsets from which the group goes on. Raises `TypeError` for what are no offsets."""
        check_text(groupId, "groupId", "give the name of a consumer group")
        check_offsets(offsets, "offsets")
        self._kafka().commit(groupId, offsets, STORAGE)

    def _kafka(self) -> Kafka:
        sc = SparkContext._active_spark_context
        if sc is None:
            raise IllegalStateError("KafkaCluster(...) reaches its brokers through a SparkContext: make one before it")
        return self._connection.kafka(cast(ClusterBackend, sc._backend), self.kafkaParams, "KafkaCluster")


def _checked(partitions: Collection[TopicPartition]) -> list[TopicPartition]:
    check_partitions(partitions, "topicAndPartitions")
    return sorted(partitions)

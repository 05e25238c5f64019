"""A stream's way to its Kafka cluster, which belongs to one process: a driver that goes on from a checkpoint makes it
anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sparksim.cluster.backend import ClusterBackend
from sparksim.kafka.client import Consumer, Kafka, Settings, connect
from sparksim.kafka.errors import UnknownTopicOrPartition
from sparksim.kafka.records import TopicPartition


class Connection:
    """Made when it is first needed. In a checkpoint it is an empty one."""

    def __init__(self) -> None:
        self._kafka: Kafka | None = None
        self.consumer: Consumer | None = None

    def kafka(self, backend: ClusterBackend, settings: Settings, owner: str) -> Kafka:
        """The cluster. Raises like `sparksim.kafka.client.connect`."""
        if self._kafka is None:
            self._kafka = connect(backend.network, settings, owner)
        return self._kafka

    def __reduce__(self) -> tuple[Any, ...]:
        return Connection, ()


def partitions_of(kafka: Kafka, topics: Sequence[str]) -> list[TopicPartition]:
    """All partitions of these topics. Raises `UnknownTopicOrPartition` and what asking the cluster raises."""
    known = kafka.topics()
    missing = [topic for topic in topics if topic not in known]
    if missing:
        raise UnknownTopicOrPartition(
            f"topics={list(topics)!r}: the cluster has no topic {', '.join(map(repr, missing))}, but "
            f"{', '.join(map(repr, sorted(known))) or 'none at all'}. Make the topic before the stream"
        )
    return [info.partition for topic in dict.fromkeys(topics) for info in known[topic]]


def leader_hosts(kafka: Kafka, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, str]:
    """On which host each partition's leader is, of those that have one. Raises `BrokerNotAvailable`."""
    topics = kafka.topics()
    wanted = set(partitions)
    return {
        info.partition: info.leader.rpartition(":")[0]
        for topic in sorted({partition.topic for partition in wanted})
        for info in topics.get(topic, ())
        if info.partition in wanted and info.leader
    }

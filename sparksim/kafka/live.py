"""A real Kafka cluster as this process sees it, over the wire, through librdkafka (confluent-kafka).

Offsets of all partitions are asked for in one request per broker. Clients are kept for the life of the process, one per
cluster, settings and group: to connect once more costs nothing. None of librdkafka's admin client is used: as of 2.16
it may abort the process when a broker comes back.

A modern cluster has no ZooKeeper that clients may write to. A group that keeps its offsets there (Kafka 0.8,
`offsets.storage=zookeeper`) has them on the brokers here, in the group's own place: both names mean the same store.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping

from confluent_kafka.admin import ClusterMetadata

from sparksim.kafka import live_producer, live_reader
from sparksim.kafka.client import Consumer, Offsets, Producer, Settings
from sparksim.kafka.live_consumer import LiveConsumer
from sparksim.kafka.live_contact import EARLIEST, LATEST, Contact, commit, committed, offsets
from sparksim.kafka.live_settings import NO_GROUP, consumer_config, group_id, patience_s
from sparksim.kafka.records import ConsumerRecord, PartitionInfo, TopicPartition

_contacts: dict[str, Contact] = {}
_making = threading.Lock()


class LiveKafka:
    """The cluster behind `servers`, "host:port,host:port". `settings` are those of the program's kafkaParams.

    Raises `BrokerNotAvailable` as soon as all of them have been found away, or none has answered within
    `request.timeout.ms`, 30 s.
    """

    def __init__(self, servers: str, settings: Settings) -> None:
        self._servers = servers
        self._settings = settings
        self._contact = self._as_group(group_id(settings) or NO_GROUP)

    def __reduce__(self) -> tuple[type[LiveKafka], tuple[str, Settings]]:
        """Where a copy arrives, it connects by itself."""
        return LiveKafka, (self._servers, dict(self._settings))

    def topics(self) -> Mapping[str, tuple[PartitionInfo, ...]]:
        """All topics of the cluster, its own among them."""
        client = self._contact.client
        return _topics(self._contact.ask("topics", lambda seconds: client.list_topics(timeout=seconds)))

    def earliest_offsets(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """See `Kafka`."""
        return offsets(self._contact, partitions, EARLIEST)

    def latest_offsets(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """See `Kafka`. With `isolation.level=read_committed` before the first transaction that is still open."""
        return offsets(self._contact, partitions, LATEST)

    def read(
        self, partition: TopicPartition, offset: int, settings: Settings, wait_ms: float, *, fresh: bool = False
    ) -> Iterator[ConsumerRecord]:
        """See `Kafka`. A consumer is kept for the next read with these settings: Spark's cached consumer."""
        return live_reader.read(self._servers, partition, offset, settings, wait_ms, fresh)

    def consumer(self, settings: Settings, stream_id: int) -> Consumer:
        """See `Kafka`. Raises `IllegalArgumentError` for values that a consumer cannot have."""
        return LiveConsumer(self._servers, settings)

    def producer(self, settings: Settings) -> Producer:
        """See `Kafka`. Raises `IllegalArgumentError` for values that a producer cannot have."""
        return live_producer.producer(self._servers, settings)

    def committed(
        self, group: str, partitions: Collection[TopicPartition], storage: str = "kafka"
    ) -> dict[TopicPartition, int]:
        """See `Kafka`. `storage="zookeeper"` means the same: the group's offsets on the brokers."""
        return committed(self._as_group(group), group, partitions)

    def commit(self, group: str, offsets: Offsets, storage: str = "kafka") -> None:
        """See `Kafka`. Raises `CommitFailed` while the group has members, as Kafka's own tools do."""
        commit(self._as_group(group), group, offsets)

    def _as_group(self, group: str) -> Contact:
        """The client of this process for this group, made and tried when it is the first."""
        config = consumer_config(self._servers, {**self._settings, "group.id": group})
        patience = patience_s(self._settings)
        key = f"{sorted(config.items())!r} {patience}"
        with _making:
            known = _contacts.get(key)
        if known is not None:
            return known
        made = Contact(config, patience, listens=True)
        made.ask("connecting", lambda seconds: made.client.list_topics(timeout=seconds), at_once=True)
        with _making:
            return _contacts.setdefault(key, made)


def _topics(metadata: ClusterMetadata) -> dict[str, tuple[PartitionInfo, ...]]:
    """What the cluster says of itself, by topic and partition in order."""
    brokers = {number: f"{each.host}:{each.port}" for number, each in metadata.brokers.items()}
    return {
        name: tuple(
            PartitionInfo(TopicPartition(name, number), brokers.get(each.leader, ""), len(each.replicas))
            for number, each in sorted(topic.partitions.items())
        )
        for name, topic in sorted(metadata.topics.items())
    }

"""A cluster as one process of Spark sees it (`sparksim.kafka.client.Kafka`): metadata, offsets, and reads by offset.

Every request takes `request_ms`, half of it until it is at the broker. A fetch that finds nothing new is held there
until something comes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from sparksim.core.errors import IllegalArgumentError
from sparksim.kafka.client import Consumer, Offsets, Producer, Settings
from sparksim.kafka.errors import BrokerNotAvailable, KafkaTimeout, LeaderNotAvailable
from sparksim.kafka.records import ConsumerRecord, PartitionInfo, TopicPartition
from sparksim.sim.kafka.consumer import SimulatedConsumer, consumer_record
from sparksim.sim.kafka.line import Line
from sparksim.sim.kafka.log import StoredRecord
from sparksim.sim.kafka.partition import Partition
from sparksim.sim.kafka.settings import ConsumerSettings, ProducerSettings, partition_bytes
from sparksim.sim.kafka.task_producer import TaskProducer

RETRY_MS = 100.0
"""How long a reader waits before it asks again who leads (retry.backoff.ms)."""


class SimulatedKafka:
    """One process's way to a cluster; it ends with the process."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._server = line.server

    def topics(self) -> Mapping[str, tuple[PartitionInfo, ...]]:
        """All topics, each with its partitions in order."""
        return self._line.ask(self._describe)

    def earliest_offsets(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """The first offset that each log still holds."""
        return self._line.ask(lambda: self._offsets(partitions, lambda partition: partition.log.start))

    def latest_offsets(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """The high watermarks."""
        return self._line.ask(lambda: self._offsets(partitions, lambda partition: partition.high_watermark))

    def read(
        self, partition: TopicPartition, offset: int, settings: Settings, wait_ms: float, *, fresh: bool = False
    ) -> Iterator[ConsumerRecord]:
        """The records from `offset` on. For a leader that is away it waits as for records, then raises why it is."""
        max_bytes = partition_bytes(settings)
        while True:
            for record in self._fetch(partition, offset, max_bytes, wait_ms):
                yield consumer_record(partition, record)
                offset = record.offset + 1

    def consumer(self, settings: Settings, stream_id: int) -> Consumer:
        """A new consumer."""
        return SimulatedConsumer(self._line, ConsumerSettings.of(settings), stream_id)

    def producer(self, settings: Settings) -> Producer:
        """A new producer. It connects when it has something to send."""
        return TaskProducer(self._line, ProducerSettings.of(settings))

    def committed(
        self, group: str, partitions: Collection[TopicPartition], storage: str = "kafka"
    ) -> dict[TopicPartition, int]:
        """What the group has stored."""
        return self._line.ask(lambda: self._server.groups.committed(group, partitions, storage))

    def commit(self, group: str, offsets: Offsets, storage: str = "kafka") -> None:
        """Store offsets for a group from outside. Raises `CommitFailed` while the group in the cluster has members."""
        self._line.ask(lambda: self._server.groups.commit_from_outside(group, offsets, storage, "commit"))

    def _describe(self) -> Mapping[str, tuple[PartitionInfo, ...]]:
        self._server.brokers.check_any()
        return self._server.controller.describe()

    def _offsets(
        self, names: Collection[TopicPartition], offset: Callable[[Partition], int]
    ) -> dict[TopicPartition, int]:
        self._server.brokers.check_any()
        found = {}
        for name in names:
            partition = self._server.controller.partition(name)
            partition.reachable_leader()
            found[name] = offset(partition)
        return found

    def _fetch(self, name: TopicPartition, offset: int, max_bytes: int, wait_ms: float) -> list[StoredRecord]:
        if offset < 0:
            raise IllegalArgumentError(f"offset={offset!r}: offsets of {name} are counted from 0")

        def fetch() -> list[StoredRecord]:
            self._server.brokers.check_any()
            return self._server.controller.partition(name).fetch(offset, max_bytes)

        clock = self._line.clock
        end_ms = round(clock.now_ms + wait_ms, 3)
        while True:
            try:
                fetched = self._line.ask(fetch, end_ms)
            except (LeaderNotAvailable, BrokerNotAvailable):
                if clock.now_ms + RETRY_MS >= end_ms:
                    raise
                clock.sleep(RETRY_MS)
            else:
                if fetched:
                    return fetched
                raise KafkaTimeout(f"no record at offset {offset} of {name} came within {wait_ms:g} ms")

"""The small interface between Spark and a Kafka cluster, and how to get one.

`sparksim.streaming.kafka` and the sources and sinks of `sparksim.sql` are written against it. Behind it stands a real
client (`live.py`, on confluent-kafka) in a live program, and a model of brokers in virtual time (`sparksim.sim.kafka`)
in a simulation. All calls block: they are made from fibers or from the main program, never in the hub. Settings have
Kafka's own names ("auto.offset.reset") and any values; who does not know a setting ignores it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

from sparksim.cluster.network import LiveNetwork, Network
from sparksim.core.errors import IllegalArgumentError, UnsupportedOperation
from sparksim.kafka.records import ConsumerRecord, PartitionInfo, ProducerRecord, TopicPartition

Settings = Mapping[str, Any]
Offsets = Mapping[TopicPartition, int]
CommitCallback = Callable[[Offsets, Exception | None], object]

BOOTSTRAP = ("bootstrap.servers", "metadata.broker.list")
"""Where a consumer finds its brokers: since 0.9, and before."""


class Consumer(Protocol):
    """A member of a consumer group (Kafka: KafkaConsumer). Used by one fiber at a time.

    Before anything else, one of `subscribe`, `subscribe_pattern` and `assign`. With `enable.auto.commit` its positions
    are committed every `auto.commit.interval.ms`, from within `poll` and `close`. With `offsets.storage=zookeeper` the
    group keeps its offsets there (Kafka 0.8: ZookeeperConsumerConnector), else in the cluster: a receiver's consumer.
    Nobody checks such a commit against the group's members, and what `poll` gives of an offset that the group has been
    given before is put on record as `RecordsRedelivered`, in a simulation.
    """

    def subscribe(self, topics: Collection[str]) -> None:
        """Join the group for these topics."""

    def subscribe_pattern(self, pattern: str) -> None:
        """Join the group for all topics whose whole name the regular expression matches, now and later."""

    def assign(self, partitions: Collection[TopicPartition]) -> None:
        """Take these partitions, outside of any group membership."""

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions that are this member's now. They change only in `poll`."""

    def poll(self, wait_ms: float) -> list[ConsumerRecord]:
        """The next records, at most `max.poll.records`; none when none came for so long. Takes part in rebalances.

        However short `wait_ms` is, it waits for the member's first assignment, and for a rebalance that is going on, as
        the consumer of Kafka 0.10 does: afterwards `assignment` is true. Partitions that are assigned anew begin at the
        group's stored offsets, and are not paused.

        Raises `NoOffsetForPartition`, `OffsetOutOfRange` where `auto.offset.reset` is none, `UnknownTopicOrPartition`,
        `BrokerNotAvailable`.
        """

    def position(self, partition: TopicPartition) -> int:
        """The offset of the next record that `poll` gives. Raises as `poll`, and for what is not assigned."""

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go on from there."""

    def pause(self, partitions: Collection[TopicPartition]) -> None:
        """Let `poll` give nothing of these until they are assigned anew."""

    def commit(self, offsets: Offsets) -> None:
        """Store these offsets for the group, and wait for it. Raises `CommitFailed`, `BrokerNotAvailable`.

        Also from another fiber than the one that polls.
        """

    def stored(self) -> Offsets:
        """What this member has stored for the group, of its own accord or by `commit`. At once, also in the hub."""

    def commit_async(self, offsets: Offsets, callback: CommitCallback | None = None) -> None:
        """Store these offsets for the group; a later `poll` or `close` calls `callback(offsets, error or None)`."""

    def close(self) -> None:
        """Leave the group."""

    def abandon(self) -> None:
        """Its process has died: nothing is said or committed, and the group hears of it by a timeout. Hub only."""


class Producer(Protocol):
    """What a task writes records with (Kafka: KafkaProducer). Used by one fiber."""

    def send(self, record: ProducerRecord) -> None:
        """Give it a record; it is on its way at once, and nobody waits for it.

        Raises `RecordTooLarge` and `UnknownTopicOrPartition` where that is known before, else what became of a record
        before this one that could not be written.
        """

    def flush(self) -> None:
        """Wait until the cluster has acknowledged all. Raises what became of the first one that it did not."""

    def abandon(self) -> None:
        """Forget what is not on its way yet: whoever gave it has failed or died. Never waits."""


class Kafka(Protocol):
    """One cluster, as one process sees it."""

    def topics(self) -> Mapping[str, tuple[PartitionInfo, ...]]:
        """All topics, each with its partitions in order. Raises `BrokerNotAvailable`."""

    def earliest_offsets(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """The first offset that each log still holds. Raises `UnknownTopicOrPartition`, `BrokerNotAvailable`, …"""

    def latest_offsets(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset that the next record readers may see will have: the high watermark. Raises like the former."""

    def read(
        self, partition: TopicPartition, offset: int, settings: Settings, wait_ms: float, *, fresh: bool = False
    ) -> Iterator[ConsumerRecord]:
        """The records from `offset` on, fetched as they are asked for; it never ends by itself. Outside of any group.

        A log with gaps (compaction, transactions) gives the next record that there is. Raises at the first record that
        cannot be had: `OffsetOutOfRange` (no reset is ever made), `KafkaTimeout` when none came within `wait_ms`, and
        so on. `fresh`: do not use a consumer that is kept from an earlier call.
        """

    def consumer(self, settings: Settings, stream_id: int) -> Consumer:
        """A new consumer, of the group `group.id`. `stream_id` is for the trace."""

    def producer(self, settings: Settings) -> Producer:
        """A producer for one task. Unless the settings say otherwise, as of Kafka 3: idempotent, with `acks=all`."""

    def committed(
        self, group: str, partitions: Collection[TopicPartition], storage: str = "kafka"
    ) -> dict[TopicPartition, int]:
        """What the group has stored, of those partitions for which it has. `storage`: "kafka" or "zookeeper"."""

    def commit(self, group: str, offsets: Offsets, storage: str = "kafka") -> None:
        """Store offsets for a group without being a member, as tools and programs by hand do."""


@runtime_checkable
class KafkaNetwork(Protocol):
    """A network on which Kafka clusters can be found."""

    def kafka(self, addresses: str) -> Kafka:
        """The cluster behind one of these addresses, "host:port,host:port", of brokers or of its ZooKeeper.

        Raises `BrokerNotAvailable` where there is none.
        """


def bootstrap_servers(settings: Settings, owner: str) -> str:
    """The brokers that these settings name. Raises `IllegalArgumentError` when they name none; `owner` is who asks."""
    for name in BOOTSTRAP:
        servers = settings.get(name)
        if isinstance(servers, str) and servers.strip():
            return servers
    raise IllegalArgumentError(
        f"{owner}: kafkaParams={dict(settings)!r} name no broker: give 'bootstrap.servers', such as 'localhost:9092'"
    )


def connect(network: Network, settings: Settings, owner: str) -> Kafka:
    """The cluster that `bootstrap.servers` names, over this network.

    Raises `IllegalArgumentError` for settings without brokers, `BrokerNotAvailable` where nobody answers, and
    `UnsupportedOperation` in a live program without the `[kafka]` extra.
    """
    servers = bootstrap_servers(settings, owner)
    if isinstance(network, KafkaNetwork):
        return network.kafka(servers)
    if isinstance(network, LiveNetwork):
        try:
            from sparksim.kafka.live import LiveKafka
        except ModuleNotFoundError as error:
            raise UnsupportedOperation(
                f"{owner}: a real Kafka needs the package confluent-kafka, which is not installed: "
                "pip install 'sparksim[kafka]'"
            ) from error
        return LiveKafka(servers, settings)
    raise IllegalArgumentError(f"{owner}: {type(network).__name__} has no Kafka at {servers!r}")

"""Topics and who leads them: makes and deletes topics, elects leaders when brokers come and go, deletes old records.

One broker does this in a real cluster (Kafka: KafkaController); here it is always there, and never the one that dies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sparksim.core.errors import IllegalArgumentError
from sparksim.kafka.errors import BrokerNotAvailable, UnknownTopicOrPartition
from sparksim.kafka.records import PartitionInfo, TopicPartition
from sparksim.sim.kafka.brokers import Brokers
from sparksim.sim.kafka.changes import AddPartitions, Change, CreateTopic, DeleteTopic
from sparksim.sim.kafka.cleaner import expired, superseded
from sparksim.sim.kafka.partition import Partition
from sparksim.sim.kafka.values import KafkaCluster, Topic
from sparksim.trace.events import TopicChanged

LEADER_OF = "leader of "


class Controller:
    """`topics` are the partitions of each topic, in order. `forget` hears of topics that are deleted."""

    def __init__(self, cluster: KafkaCluster, brokers: Brokers) -> None:
        self.topics: dict[str, list[Partition]] = {}
        self.forget: Callable[[str], None] = lambda topic: None
        self._cluster = cluster
        created = [change.topic for change in cluster.changes if isinstance(change, CreateTopic)]
        self._ever = [topic.name for topic in (*cluster.topics, *created)]
        self._brokers = brokers
        self._calendar = brokers.calendar
        self._deaths = [0] * len(brokers.addresses)
        for topic in cluster.topics:
            self._calendar.at(0, self._create, topic)
        for change in cluster.changes:
            self._calendar.appointment(change.at * 1000, self._change, change)
        self._calendar.at(cluster.cleanup * 1000, self._clean)

    # --- what there is -----------------------------------------------------------------------------------------------

    def partition(self, name: TopicPartition) -> Partition:
        """Raises `UnknownTopicOrPartition`."""
        topic, number = name
        if topic not in self.topics:
            known = ", ".join(map(repr, self.topics)) or "none"
            raise UnknownTopicOrPartition(f"the cluster has no topic {topic!r}; its topics: {known}")
        partitions = self.topics[topic]
        if not 0 <= number < len(partitions):
            raise UnknownTopicOrPartition(
                f"topic {topic!r} has no partition {number}; it has 0 to {len(partitions) - 1}"
            )
        return partitions[number]

    def will_have(self, topic: str) -> bool:
        """Whether there is such a topic at some time."""
        return topic in self._ever

    def describe(self) -> dict[str, tuple[PartitionInfo, ...]]:
        """All topics, as clients hear of them."""
        return {topic: tuple(map(self._info, partitions)) for topic, partitions in self.topics.items()}

    def _info(self, partition: Partition) -> PartitionInfo:
        leader = "" if partition.leader is None else self._brokers.addresses[partition.leader]
        return PartitionInfo(partition.name, leader, len(partition.replicas))

    def _partitions_on(self, broker: int) -> Iterator[Partition]:
        for partitions in list(self.topics.values()):
            yield from (partition for partition in partitions if broker in partition.replicas)

    # --- brokers that come and go ------------------------------------------------------------------------------------

    def broker(self, name: int | str) -> int | None:
        """The broker that this means now: its number, or "leader of orders/0"; None if nobody leads it."""
        if isinstance(name, str) and name.startswith(LEADER_OF):
            topic, _, number = name.removeprefix(LEADER_OF).rpartition("/")
            partitions = self.topics.get(topic, ())
            if number.isdecimal() and topic in self._ever:
                return partitions[int(number)].leader if int(number) < len(partitions) else None
        elif str(name).isdecimal() and int(name) < len(self._deaths):
            return int(name)
        raise IllegalArgumentError(
            f"broker={name!r}: give a broker's number, 0 to {len(self._deaths) - 1}, or 'leader of TOPIC/PARTITION'; "
            f"the topics are {', '.join(map(repr, self._ever)) or 'none'}"
        )

    def crash(self, broker: int, reason: str, restart_ms: float | None) -> None:
        """The broker's process dies now, and starts again `restart_ms` later, if that is not None."""
        if not self._brokers.is_alive(broker):
            return
        self._brokers.stop(broker, reason)
        self._deaths[broker] += 1
        death = self._deaths[broker]
        error = BrokerNotAvailable(f"the connection broke: broker {broker} died")
        for partition in self._partitions_on(broker):
            partition.break_requests(broker, error)
        self._calendar.appointment(self._calendar.now_ms + self._cluster.detect * 1000, self._miss, broker, death)
        if restart_ms is not None:
            self._calendar.appointment(self._calendar.now_ms + restart_ms, self._restart, broker, death)

    def _miss(self, broker: int, death: int) -> None:
        if death == self._deaths[broker] and self._brokers.is_known(broker) and not self._brokers.is_alive(broker):
            self._brokers.miss(broker)
            for partition in self._partitions_on(broker):
                partition.missed(broker)

    def _restart(self, broker: int, death: int) -> None:
        if death != self._deaths[broker]:
            return
        self._miss(broker, death)  # a broker that comes back sooner than it is missed says itself that it was away
        self._brokers.start(broker)
        for partition in self._partitions_on(broker):
            partition.returned(broker)

    # --- topics that change ------------------------------------------------------------------------------------------

    def _create(self, topic: Topic) -> None:
        if topic.name not in self.topics:
            self.topics[topic.name] = []
            self._grow(topic, topic.partitions)

    def _change(self, change: Change) -> None:
        if isinstance(change, CreateTopic):
            self._create(change.topic)
        elif change.topic not in self.topics:
            return
        elif isinstance(change, DeleteTopic):
            self._delete(change.topic)
        elif isinstance(change, AddPartitions):
            first, *_ = self.topics[change.topic]
            self._grow(first.topic, change.partitions)
        else:
            for partition in self.topics[change.topic][change.partition : change.partition + 1]:
                end = partition.high_watermark if change.before is None else change.before
                self._delete_before(partition, min(end, partition.high_watermark), "deleted by hand")

    def _grow(self, topic: Topic, count: int) -> None:
        """Replicas of partition i: broker i and those after it, round and round."""
        partitions, brokers = self.topics[topic.name], len(self._brokers.addresses)
        begin = len(partitions)
        if count <= begin:
            return
        for number in range(begin, count):
            replicas = [(number + each) % brokers for each in range(topic.replicas)]
            partitions.append(Partition(TopicPartition(topic.name, number), topic, replicas, self._brokers))
        self._brokers.emit(TopicChanged(self._calendar.now_ms, topic.name, count))
        for partition in partitions[begin:]:
            partition.elect()

    def _delete(self, topic: str) -> None:
        error = UnknownTopicOrPartition(f"topic {topic!r} was deleted")
        for partition in self.topics.pop(topic):
            partition.end("the topic was deleted", error)
        self.forget(topic)
        self._brokers.emit(TopicChanged(self._calendar.now_ms, topic, 0))

    # --- records that go ---------------------------------------------------------------------------------------------

    def _clean(self) -> None:
        self._calendar.after(self._cluster.cleanup * 1000, self._clean)
        for partitions in self.topics.values():
            for partition in partitions:
                self._clean_partition(partition)

    def _clean_partition(self, partition: Partition) -> None:
        if partition.leader is None or not self._brokers.is_alive(partition.leader):
            return  # the leader's cleaner is the one that counts
        topic, log = partition.topic, partition.log
        gone, reason = expired(topic, log, partition.high_watermark, self._calendar.now_ms)
        if gone:
            self._delete_before(partition, gone[-1].offset + 1, reason)
        if topic.compact:
            superseded_records = superseded(log, partition.high_watermark)
            if superseded_records:
                partition.delete(superseded_records, log.start, "compaction")

    def _delete_before(self, partition: Partition, offset: int, reason: str) -> None:
        log = partition.log
        if offset > log.start:
            partition.delete(log.between(log.start, offset), offset, reason)

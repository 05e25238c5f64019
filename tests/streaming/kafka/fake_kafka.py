"""A Kafka cluster of plain lists, for tests of who uses it: no time passes in it, and nothing happens by itself.

It answers as `sparksim.kafka.client` says. A topic is a list of partitions; a group's partitions go to its members in
turn, anew whenever a member polls.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from sparksim.cluster.world import SilentNetwork
from sparksim.kafka.errors import (
    BrokerNotAvailable,
    CommitFailed,
    KafkaError,
    KafkaTimeout,
    NoOffsetForPartition,
    OffsetOutOfRange,
    UnknownTopicOrPartition,
)
from sparksim.kafka.records import ConsumerRecord, PartitionInfo, TopicPartition


class Log:
    """One partition. `first` is the offset of the first record that is still there; gaps are offsets without one."""

    def __init__(self, partition: TopicPartition) -> None:
        self.partition = partition
        self.first = 0
        self.end = 0
        self.records: dict[int, ConsumerRecord] = {}

    def append(self, value: bytes | None, key: bytes | None = None) -> None:
        self.records[self.end] = ConsumerRecord(*self.partition, self.end, 1000 * self.end, key, value)
        self.end += 1

    def delete_before(self, offset: int) -> None:
        self.first = offset
        for each in [each for each in self.records if each < offset]:
            del self.records[each]


class FakeCluster:
    """The brokers, and a network on which they are found at `address`.

    `down` is whether none answers. `reads` are (partition, offset, settings, wait, fresh) of each read so far, and
    `on_read` may raise in it.
    """

    def __init__(self, topics: dict[str, int] | None = None, address: str = "localhost:9092") -> None:
        self.address = address
        self.down = False
        self.logs: dict[TopicPartition, Log] = {}
        self.leader = "broker-1:9092"
        self.stored: dict[tuple[str, str], dict[TopicPartition, int]] = {}
        self.commits: list[tuple[float, str, dict[TopicPartition, int]]] = []
        self.members: dict[str, list[FakeConsumer]] = {}
        self.reads: list[tuple[TopicPartition, int, dict[str, Any], float, bool]] = []
        self.on_read: Callable[[Any, int], Any] = lambda settings, offset: None
        self.refuses_commits = False
        self.asked = 0
        self.clock: Any = None
        for topic, partitions in (topics or {}).items():
            self.make(topic, partitions)

    # --- what happens to it -------------------------------------------------------------------------------------------

    def make(self, topic: str, partitions: int) -> None:
        """Make a topic, or give it more partitions."""
        for number in range(partitions):
            partition = TopicPartition(topic, number)
            self.logs.setdefault(partition, Log(partition))

    def delete(self, topic: str) -> None:
        self.logs = {partition: log for partition, log in self.logs.items() if partition.topic != topic}

    def write(self, topic: str, values: Iterable[Any], key: bytes | None = None) -> None:
        """Write these, as text, to the partitions of a topic in turn."""
        logs = [log for partition, log in sorted(self.logs.items()) if partition.topic == topic]
        for value in values:
            min(logs, key=lambda log: (log.end, log.partition)).append(_bytes(value), key)

    def network(self, *events: tuple[float, Callable[[], Any]]) -> Callable[..., Any]:
        """The network of a simulated world, in which these things happen at these seconds."""

        def make(clock: Any, *_: Any) -> FakeNetwork:
            self.clock = clock
            for at_s, action in events:
                if at_s * 1000 >= clock.now_ms:
                    clock.env.process(_later(clock, at_s * 1000 - clock.now_ms, action))
            return FakeNetwork(self)

        return make

    # --- sparksim.kafka.client.Kafka ----------------------------------------------------------------------------------

    def topics(self) -> dict[str, tuple[PartitionInfo, ...]]:
        self.check_up()
        found: dict[str, tuple[PartitionInfo, ...]] = {}
        for partition in sorted(self.logs):
            found[partition.topic] = (*found.get(partition.topic, ()), PartitionInfo(partition, self.leader, 1))
        return found

    def earliest_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return {each: self.log(each).first for each in partitions}

    def latest_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        self.asked += 1
        return {each: self.log(each).end for each in partitions}

    def read(
        self, partition: TopicPartition, offset: int, settings: Any, wait_ms: float, *, fresh: bool = False
    ) -> Any:
        self.reads.append((partition, offset, dict(settings), wait_ms, fresh))
        self.on_read(settings, offset)
        log = self.log(partition)
        if not log.first <= offset <= log.end:
            raise OffsetOutOfRange(f"offset {offset} of {partition}: the log holds {log.first} to {log.end}")
        for each in range(offset, log.end):
            self.check_up()
            if each in log.records:
                yield log.records[each]
        self.clock.sleep(wait_ms)
        raise KafkaTimeout(f"no record of {partition} behind offset {log.end - 1}")

    def consumer(self, settings: Any, stream_id: int) -> FakeConsumer:
        self.check_up()
        return FakeConsumer(self, settings)

    def committed(
        self, group: str, partitions: Iterable[TopicPartition], storage: str = "kafka"
    ) -> dict[TopicPartition, int]:
        stored = self.stored.get((group, storage), {})
        return {each: stored[each] for each in partitions if each in stored}

    def commit(self, group: str, offsets: Any, storage: str = "kafka") -> None:
        self.check_up()
        if self.refuses_commits:
            raise CommitFailed(f"no coordinator for group {group}")
        self.stored.setdefault((group, storage), {}).update(offsets)
        self.commits.append((self.clock.now_ms / 1000, group, dict(offsets)))

    def log(self, partition: TopicPartition) -> Log:
        self.check_up()
        if partition not in self.logs:
            raise UnknownTopicOrPartition(f"there is no {partition}")
        return self.logs[partition]

    def check_up(self) -> None:
        if self.down:
            raise BrokerNotAvailable(f"nobody answers on {self.address}")


class FakeConsumer:
    """A member of a group (`sparksim.kafka.client.Consumer`). With `enable.auto.commit` each poll commits."""

    def __init__(self, cluster: FakeCluster, settings: Any) -> None:
        self.cluster = cluster
        self.settings = dict(settings)
        self.group = str(self.settings.get("group.id"))
        self.positions: dict[TopicPartition, int] = {}
        self.paused: set[TopicPartition] = set()
        self.closed = False
        self._wants: Callable[[str], bool] | None = None
        self._due: list[Callable[[], Any]] = []

    def subscribe(self, topics: Iterable[str]) -> None:
        wanted = set(topics)
        self._join(lambda topic: topic in wanted)

    def subscribe_pattern(self, pattern: str) -> None:
        self._join(lambda topic: re.fullmatch(pattern, topic) is not None)

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        self._take(partitions)

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self.positions)

    def poll(self, wait_ms: float) -> list[ConsumerRecord]:
        self.cluster.check_up()
        for callback in self._due:
            callback()
        self._due.clear()
        if self.settings.get("enable.auto.commit", True) and any(each >= 0 for each in self.positions.values()):
            self.commit({each: offset for each, offset in self.positions.items() if offset >= 0})
        if self._wants is not None:
            self._rebalance()
        came: list[ConsumerRecord] = []
        for partition in sorted(self.positions.keys() - self.paused):
            log, position = self.cluster.log(partition), self.position(partition)
            came += [log.records[each] for each in range(position, log.end) if each in log.records]
            self.positions[partition] = log.end
        return came

    def position(self, partition: TopicPartition) -> int:
        if self.positions[partition] < 0:
            self.positions[partition] = self._first_position(partition)
        return self.positions[partition]

    def seek(self, partition: TopicPartition, offset: int) -> None:
        assert partition in self.positions, f"{partition} is not assigned"
        self.positions[partition] = offset

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        self.paused.update(partitions)

    def commit(self, offsets: Any) -> None:
        self.cluster.commit(self.group, offsets)

    def commit_async(self, offsets: Any, callback: Callable[..., Any] | None = None) -> None:
        error: Exception | None = None
        try:
            self.commit(offsets)
        except KafkaError as raised:
            error = raised
        if callback is not None:
            self._due.append(lambda: callback(offsets, error))

    def stored(self) -> dict[TopicPartition, int]:
        return self.cluster.committed(self.group, self.positions)

    def close(self) -> None:
        self.closed = True
        if self._wants is not None:
            self.cluster.members[self.group].remove(self)

    def abandon(self) -> None:
        self.close()

    def _join(self, wants: Callable[[str], bool]) -> None:
        self._wants = wants
        self.cluster.members.setdefault(self.group, []).append(self)

    def _rebalance(self) -> None:
        wants, members = self._wants, self.cluster.members[self.group]
        assert wants is not None
        partitions = [each for each in sorted(self.cluster.logs) if wants(each.topic)]
        self._take(partitions[members.index(self) :: len(members)])

    def _take(self, partitions: Iterable[TopicPartition]) -> None:
        taken = list(partitions)
        self.positions = {each: self.positions.get(each, -1) for each in taken}
        self.paused &= set(taken)

    def _first_position(self, partition: TopicPartition) -> int:
        stored = self.cluster.committed(self.group, [partition])
        if partition in stored:
            return stored[partition]
        reset = self.settings.get("auto.offset.reset", "latest")
        if reset == "none":
            raise NoOffsetForPartition(f"group {self.group} has no offset for {partition}, and nothing to reset it by")
        log = self.cluster.log(partition)
        return log.first if reset == "earliest" else log.end


class FakeNetwork(SilentNetwork):
    """Where the cluster is found."""

    def __init__(self, cluster: FakeCluster) -> None:
        self.cluster = cluster

    def kafka(self, addresses: str) -> FakeCluster:
        if self.cluster.address not in addresses.split(","):
            raise BrokerNotAvailable(f"nobody answers on {addresses}")
        self.cluster.check_up()
        return self.cluster


def _bytes(value: Any) -> bytes | None:
    return value if value is None or isinstance(value, bytes) else str(value).encode()


def _later(clock: Any, wait_ms: float, action: Callable[[], Any]) -> Any:
    yield clock.env.timeout(wait_ms)
    action()

"""Where groups keep their offsets: in the cluster itself or, as in Kafka 0.8, in ZooKeeper. And the groups.

Both outlive every broker: the topic that a cluster keeps them in has copies enough.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence

from sparksim.core.errors import IllegalArgumentError
from sparksim.kafka.client import Offsets
from sparksim.kafka.errors import CommitFailed
from sparksim.kafka.records import ConsumerRecord, TopicPartition
from sparksim.sim.kafka.brokers import Brokers
from sparksim.sim.kafka.controller import Controller
from sparksim.sim.kafka.group import Group
from sparksim.sim.server import runs
from sparksim.trace.events import OffsetsCommitted, Origin

STORAGES = ("kafka", "zookeeper")


class OffsetSet:
    """Offsets, kept as runs: `_begins[i]` to before `_ends[i]`."""

    def __init__(self) -> None:
        self._begins: list[int] = []
        self._ends: list[int] = []

    def add(self, offset: int) -> bool:
        """Whether it is new."""
        place = bisect_right(self._begins, offset)
        if place and offset < self._ends[place - 1]:
            return False
        if place and offset == self._ends[place - 1]:
            self._ends[place - 1] = offset + 1
        else:
            self._begins.insert(place, offset)
            self._ends.insert(place, offset + 1)
        return True


class Groups:
    """All groups of a cluster: one of a name in the cluster, and another one in ZooKeeper."""

    def __init__(self, brokers: Brokers, controller: Controller, delay_ms: float) -> None:
        self._brokers = brokers
        self._controller = controller
        self._delay_ms = delay_ms
        self._groups: dict[tuple[str, str], Group] = {}
        self._stored: dict[tuple[str, str], dict[TopicPartition, int]] = {}
        self._given: dict[tuple[str, TopicPartition], OffsetSet] = {}
        self._members = 0

    def group(self, name: str, storage: str) -> Group:
        """The group of this name; there is one as soon as somebody asks."""
        if (storage, name) not in self._groups:
            waits = storage == "kafka"
            self._groups[storage, name] = Group(
                name,
                waits,
                self._delay_ms if waits else 0.0,
                self._brokers.calendar,
                self._brokers.emit,
                self._partitions,
            )
        return self._groups[storage, name]

    def new_name(self, client: str) -> str:
        """A member's name, unlike all others of the cluster."""
        self._members += 1
        return f"{client}-{self._members}"

    def committed(self, name: str, partitions: Collection[TopicPartition], storage: str) -> dict[TopicPartition, int]:
        """Of those partitions for which there is one, the offset that the group has stored."""
        self._check_storage(storage)
        stored = self._stored.get((storage, name), {})
        return {partition: stored[partition] for partition in partitions if partition in stored}

    def commit(self, name: str, offsets: Offsets, storage: str, stream_id: int | None, cause: str) -> None:
        """Store these offsets. Raises `UnknownTopicOrPartition` for a partition that does not exist."""
        self._check_storage(storage)
        for partition in offsets:
            self._controller.partition(partition)
        if not offsets:
            return
        self._stored.setdefault((storage, name), {}).update(offsets)
        told = tuple((str(partition), offset) for partition, offset in offsets.items())
        self._brokers.emit(OffsetsCommitted(self._brokers.calendar.now_ms, name, storage, told, stream_id, cause))

    def commit_from_outside(self, name: str, offsets: Offsets, storage: str, cause: str) -> None:
        """Store offsets without being a member. Raises `CommitFailed` while the group in the cluster has members."""
        if storage == "kafka" and self.group(name, storage).members:
            raise CommitFailed(
                f"group {name!r} has members, and only they can commit to it: stop them first, or use another group.id"
            )
        self.commit(name, offsets, storage, None, cause)

    def given_again(self, name: str, records: Sequence[ConsumerRecord]) -> tuple[Origin, ...]:
        """Which of these records the group had been given before; from now on it has been given all of them."""
        again: dict[TopicPartition, list[int]] = {}
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            given = self._given.setdefault((name, partition), OffsetSet())
            if not given.add(record.offset):
                again.setdefault(partition, []).append(record.offset)
        return tuple(
            (str(partition), first, last) for partition, offsets in again.items() for first, last in runs(offsets)
        )

    def forget(self, topic: str) -> None:
        """The topic is deleted: the cluster forgets what groups stored for it; ZooKeeper does not."""
        for (storage, _), stored in self._stored.items():
            if storage == "kafka":
                for partition in [each for each in stored if each.topic == topic]:
                    del stored[partition]

    def _partitions(self) -> Mapping[str, int]:
        return {topic: len(partitions) for topic, partitions in self._controller.topics.items()}

    def _check_storage(self, storage: str) -> None:
        if storage not in STORAGES:
            raise IllegalArgumentError(f"storage={storage!r}: use one of {', '.join(map(repr, STORAGES))}")
        if storage == "kafka":
            self._brokers.check_any()
        else:
            self._brokers.check_zookeeper()

"""A consumer group of Kafka 0.8 on the fake cluster: polls take time, offsets are in ZooKeeper, members can die."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from sparksim.kafka.errors import RecordTooLarge
from sparksim.kafka.records import ConsumerRecord, TopicPartition
from sparksim.trace.events import RecordsRedelivered
from tests.streaming.kafka.fake_kafka import FakeCluster, FakeConsumer, _later

ZOOKEEPER = "localhost:2181"
GROUP = "shop"


class ZooKeeperCluster(FakeCluster):
    """`given` are the records that members of the group were given. `poisoned` are records that no poll gives."""

    def __init__(self, topics: dict[str, int] | None = None) -> None:
        super().__init__(topics, ZOOKEEPER)
        self.poisoned: set[bytes] = set()
        self.given: set[tuple[TopicPartition, int]] = set()
        self.emit: Callable[[Any], None] = lambda event: None

    def network(self, *events: tuple[float, Callable[[], Any]]) -> Callable[..., Any]:
        make = super().network(*events)

        def with_trace(clock: Any, seeds: Any, trace: Any) -> Any:
            self.emit = trace.append
            return make(clock, seeds, trace)

        return with_trace

    def consumer(self, settings: Any, stream_id: int) -> Member:
        return Member(self, settings, stream_id)

    def commit(self, group: str, offsets: Any, storage: str = "zookeeper") -> None:
        super().commit(group, offsets, storage)

    def sent(self, topic: str, from_s: float, every_s: float, count: int) -> list[tuple[float, Callable[[], Any]]]:
        """Events: the records 0, 1, 2, … at a steady pace."""
        return [(round(from_s + k * every_s, 3), partial(self.write, topic, [k])) for k in range(count)]

    @property
    def offsets(self) -> dict[TopicPartition, int]:
        """What the group has stored."""
        return self.stored.get((GROUP, "zookeeper"), {})


class Member(FakeConsumer):
    """Gives one record per poll, as soon as there is one."""

    def __init__(self, cluster: ZooKeeperCluster, settings: Any, stream_id: int) -> None:
        super().__init__(cluster, settings)
        self.zookeeper = cluster
        self.stream_id = stream_id
        self.mine: dict[TopicPartition, int] = {}
        self.committed_ms = cluster.clock.now_ms

    def poll(self, wait_ms: float) -> list[ConsumerRecord]:
        clock = self.cluster.clock
        end_ms = clock.now_ms + wait_ms
        while True:
            self.cluster.check_up()
            if clock.now_ms - self.committed_ms >= self.settings["auto.commit.interval.ms"]:
                self._commit_positions()
            self._rebalance()
            for partition in sorted(self.positions):
                record = self.cluster.log(partition).records.get(self.position(partition))
                if record is not None and record.value in self.zookeeper.poisoned:
                    raise RecordTooLarge(f"{partition}, offset {record.offset}: larger than fetch.message.max.bytes")
                if record is not None:
                    self.positions[partition] += 1
                    self._give(partition, record)
                    return [record]
            if clock.now_ms >= end_ms:
                return []
            clock.sleep(min(10.0, end_ms - clock.now_ms))

    def commit(self, offsets: Any) -> None:
        self.cluster.commit(self.group, offsets)
        self.mine.update(offsets)

    def stored(self) -> dict[TopicPartition, int]:
        return self.mine

    def close(self) -> None:
        self._commit_positions()
        super().close()

    def abandon(self) -> None:
        session_ms = self.settings["session.timeout.ms"]
        leave = partial(self.cluster.members[self.group].remove, self)
        self.cluster.clock.env.process(_later(self.cluster.clock, session_ms, leave))

    def _commit_positions(self) -> None:
        self.committed_ms = self.cluster.clock.now_ms
        if self.settings["enable.auto.commit"] and self.positions:
            self.commit({each: self.position(each) for each in self.positions})

    def _give(self, partition: TopicPartition, record: ConsumerRecord) -> None:
        if (partition, record.offset) in self.zookeeper.given:
            now_ms = self.cluster.clock.now_ms
            self.zookeeper.emit(RecordsRedelivered(now_ms, (record.origin,), self.stream_id))
        self.zookeeper.given.add((partition, record.offset))

    def _rebalance(self) -> None:
        """A topic's partitions are shared by those members who want the topic."""
        mine: list[TopicPartition] = []
        for topic in sorted({partition.topic for partition in self.cluster.logs if self._is_wanted(partition.topic)}):
            partitions = [partition for partition in sorted(self.cluster.logs) if partition.topic == topic]
            members = [each for each in self.cluster.members[self.group] if cast(Member, each)._is_wanted(topic)]
            mine += partitions[members.index(self) :: len(members)]
        self._take(mine)

    def _is_wanted(self, topic: str) -> bool:
        return self._wants is not None and self._wants(topic)

    def _first_position(self, partition: TopicPartition) -> int:
        stored = self.zookeeper.offsets
        if partition in stored:
            return stored[partition]
        log = self.cluster.log(partition)
        return log.first if self.settings["auto.offset.reset"] == "earliest" else log.end

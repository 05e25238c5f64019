"""A member of a consumer group over the wire: positions, commits and rebalances as Java's client has them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sparksim.kafka.client import Offsets
from sparksim.kafka.errors import (
    BrokerNotAvailable,
    CommitFailed,
    NoOffsetForPartition,
    OffsetOutOfRange,
    UnknownTopicOrPartition,
)
from sparksim.kafka.live import LiveKafka
from sparksim.kafka.live_consumer import LiveConsumer
from sparksim.kafka.records import ConsumerRecord, TopicPartition
from tests.kafka.mock_broker import Brokers, mock_brokers, produce

pytestmark = pytest.mark.kafka

PATIENCE_S = 30
WAIT_MS = 200


@contextmanager
def member(brokers: Brokers, group: str, **settings: Any) -> Iterator[LiveConsumer]:
    """The brokers take a session to rebalance, so it is a short one."""
    named = {name.replace("_", "."): value for name, value in settings.items()}
    consumer = LiveConsumer(
        brokers.servers,
        {
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 2_000,
            "heartbeat.interval.ms": 200,
            **named,
        },
    )
    try:
        yield consumer
    finally:
        consumer.close()


def take(consumer: LiveConsumer, count: int) -> list[ConsumerRecord]:
    """So many records and no more."""
    records: list[ConsumerRecord] = []
    until(lambda: len(records) >= count, lambda: records.extend(consumer.poll(WAIT_MS)))
    assert len(records) == count
    return records


def until(holds: Callable[[], bool], do: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S} s"
        do()


def offsets_by_partition(records: list[ConsumerRecord]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for record in records:
        found.setdefault(record.partition, []).append(record.offset)
    return found


def test_a_subscription_is_there_after_the_shortest_poll(brokers: Brokers, topic: str) -> None:
    with member(brokers, topic) as consumer:
        consumer.subscribe([topic])
        assert consumer.assignment() == frozenset()
        first = consumer.poll(0)
        assert consumer.assignment() == {TopicPartition(topic, 0), TopicPartition(topic, 1)}
        assert offsets_by_partition([*first, *take(consumer, 20 - len(first))]) == {
            0: list(range(10)),
            1: list(range(10)),
        }


@pytest.mark.parametrize(("reset", "position"), [("earliest", 2), ("smallest", 2), ("latest", 10), ("largest", 10)])
def test_where_a_consumer_begins(brokers: Brokers, topic: str, reset: str, position: int) -> None:
    first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)
    brokers.delete_records(topic, 0, before=2)
    LiveKafka(brokers.servers, {}).commit(topic, {second: 5})
    with member(brokers, topic, auto_offset_reset=reset) as consumer:
        consumer.assign([first, second])
        assert (consumer.position(first), consumer.position(second)) == (position, 5)


def test_no_offset_and_no_reset(brokers: Brokers, topic: str) -> None:
    partition = TopicPartition(topic, 0)
    with member(brokers, topic, auto_offset_reset="none") as consumer:
        consumer.assign([partition])
        for ask in (lambda: consumer.position(partition), lambda: consumer.poll(0)):
            with pytest.raises(
                NoOffsetForPartition, match=f"group '{topic}' has no offset for {topic}/0, and auto.offset.reset"
            ):
                ask()
        consumer.seek(partition, 7)
        assert [record.offset for record in take(consumer, 3)] == [7, 8, 9]


@pytest.mark.parametrize("offset", [1, 500])
def test_offset_out_of_range(brokers: Brokers, topic: str, offset: int) -> None:
    partition = TopicPartition(topic, 0)
    brokers.delete_records(topic, 0, before=4)
    with member(brokers, topic, auto_offset_reset="none") as strict:
        strict.assign([partition])
        strict.seek(partition, offset)
        with pytest.raises(OffsetOutOfRange, match="Offset out of range"):
            take(strict, 1)
    with member(brokers, topic) as lenient:
        lenient.assign([partition])
        lenient.seek(partition, offset)
        assert [record.offset for record in take(lenient, 6)] == [4, 5, 6, 7, 8, 9]


def test_max_poll_records_seek_and_position(brokers: Brokers, topic: str) -> None:
    partition = TopicPartition(topic, 0)
    with member(brokers, topic, max_poll_records=3) as consumer:
        consumer.assign([partition])
        sizes: list[int] = []
        until(lambda: sum(sizes) == 10, lambda: sizes.append(len(consumer.poll(WAIT_MS))))
        assert max(sizes) <= 3
        assert consumer.position(partition) == 10
        consumer.seek(partition, 8)
        assert consumer.position(partition) == 8
        assert [record.offset for record in take(consumer, 2)] == [8, 9]


def test_paused_partitions_keep_their_positions(brokers: Brokers, topic: str) -> None:
    first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)
    with member(brokers, topic) as consumer:
        consumer.assign([first, second])
        consumer.pause([first])
        assert offsets_by_partition(take(consumer, 10)) == {1: list(range(10))}
        consumer.seek(first, 4)
        consumer.pause([second])
        assert consumer.poll(WAIT_MS) == []
        assert (consumer.position(first), consumer.position(second)) == (4, 10)


def test_commits_and_callbacks(brokers: Brokers, topic: str) -> None:
    first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)
    answers: list[tuple[Offsets, Exception | None]] = []
    with member(brokers, topic) as consumer:
        consumer.assign([first, second])
        consumer.commit({first: 3})
        consumer.commit_async({second: 4}, lambda *answer: answers.append(answer))
        consumer.commit_async({first: 5}, lambda *answer: answers.append(answer))
        consumer.commit_async({}, lambda *answer: answers.append(answer))
        assert answers == []
        until(lambda: len(answers) == 3, lambda: consumer.poll(0))
        assert sorted(map(str, answers)) == sorted(map(str, [({second: 4}, None), ({first: 5}, None), ({}, None)]))
        assert consumer.stored() == {first: 5, second: 4}
        consumer.commit_async({TopicPartition("nowhere", 0): 1}, lambda *answer: answers.append(answer))
        until(lambda: len(answers) == 4, lambda: consumer.poll(0))
        assert isinstance(answers[-1][1], UnknownTopicOrPartition)
        consumer.commit_async({first: 6}, lambda *answer: answers.append(answer))
    assert answers[-1] == ({first: 6}, None)
    assert LiveKafka(brokers.servers, {}).committed(topic, [first, second]) == {first: 6, second: 4}


def test_offsets_of_a_group_that_has_members(brokers: Brokers, topic: str) -> None:
    kafka, partition = LiveKafka(brokers.servers, {}), TopicPartition(topic, 0)
    with member(brokers, topic) as consumer:
        consumer.subscribe([topic])
        consumer.poll(0)
        consumer.commit({partition: 2})
        with pytest.raises(CommitFailed, match=f"commit of group '{topic}': .*Unknown member"):
            kafka.commit(topic, {partition: 5})
    assert kafka.committed(topic, [partition]) == {partition: 2}


def test_positions_are_committed_by_themselves(brokers: Brokers, topic: str) -> None:
    """Positions and not what was delivered: also those that `seek` set."""
    kafka, first, second = LiveKafka(brokers.servers, {}), TopicPartition(topic, 0), TopicPartition(topic, 1)
    with member(brokers, topic, enable_auto_commit=True, auto_commit_interval_ms=50) as consumer:
        consumer.assign([first, second])
        take(consumer, 20)
        until(lambda: kafka.committed(topic, [first]) == {first: 10}, lambda: consumer.poll(WAIT_MS))
        consumer.pause([second])
        consumer.seek(second, 1)
    assert kafka.committed(topic, [first, second]) == {first: 10, second: 1}
    with member(brokers, topic) as consumer:
        consumer.assign([first, second])
        assert [record.partition for record in take(consumer, 9)] == [1] * 9


def test_a_second_member_shares(brokers: Brokers, topic: str) -> None:
    """What neither has committed comes anew after a rebalance; in the end each has had all of its one partition."""
    got: dict[str, list[ConsumerRecord]] = {"one": [], "other": []}
    with member(brokers, topic) as one, member(brokers, topic) as other:
        one.subscribe([topic])
        one.poll(0)
        one.pause(one.assignment())
        other.subscribe([topic])
        done = threading.Event()

        def take_part() -> None:
            while not done.is_set():
                got["other"] += other.poll(WAIT_MS)

        def share() -> bool:
            if len(one.assignment()) != 1 or len(other.assignment()) != 1 or one.assignment() == other.assignment():
                return False
            return all(
                offsets_by_partition(got[name]).get(partition.partition, [])[-10:] == list(range(10))
                for name, consumer in (("one", one), ("other", other))
                for partition in consumer.assignment()
            )

        companion = threading.Thread(target=take_part)
        companion.start()
        try:
            until(share, lambda: got["one"].extend(one.poll(WAIT_MS)))
        finally:
            done.set()
            companion.join()


def test_patterns_match_whole_names(brokers: Brokers) -> None:
    for name in ("sales-1", "sales-22", "sales-x", "presales-1"):
        brokers.create_topic(name, 1)
    with member(brokers, "patterns", metadata_max_age_ms=100) as consumer:
        consumer.subscribe_pattern(r"sales-\d+")
        consumer.poll(0)
        assert {each.topic for each in consumer.assignment()} == {"sales-1", "sales-22"}
        brokers.create_topic("sales-333", 1)
        until(lambda: len(consumer.assignment()) == 3, lambda: consumer.poll(WAIT_MS))


def test_a_pattern_that_matches_later(brokers: Brokers) -> None:
    with member(brokers, "later", metadata_max_age_ms=100) as consumer:
        consumer.subscribe_pattern("arrives-.*")
        assert consumer.poll(0) == []
        assert consumer.assignment() == frozenset()
        brokers.create_topic("arrives-late", 1)
        produce(brokers.servers, "arrives-late", [(0, "at last")])
        assert [record.value for record in take(consumer, 1)] == [b"at last"]


def test_a_topic_that_is_not_there(brokers: Brokers) -> None:
    with member(brokers, "absent") as consumer:
        consumer.subscribe(["absent"])
        with pytest.raises(UnknownTopicOrPartition, match="Subscribed topic not available: absent"):
            consumer.poll(WAIT_MS)
        assert consumer.poll(WAIT_MS) == []
        brokers.create_topic("absent", 1)
        produce(brokers.servers, "absent", [(0, "here")])
        assert [record.value for record in take(consumer, 1)] == [b"here"]
    with member(brokers, "absent too") as consumer:
        consumer.assign([TopicPartition("absent", 5)])
        with pytest.raises(UnknownTopicOrPartition, match="absent/5"):
            consumer.poll(WAIT_MS)


def test_an_abandoned_member_commits_nothing(brokers: Brokers, topic: str) -> None:
    kafka, partition = LiveKafka(brokers.servers, {}), TopicPartition(topic, 0)
    with member(brokers, topic, enable_auto_commit=True) as consumer:
        consumer.assign([partition])
        take(consumer, 10)
        consumer.abandon()
    assert kafka.committed(topic, [partition]) == {}


def test_brokers_that_go_and_come_back() -> None:
    with mock_brokers({"orders": 1}) as brokers:
        produce(brokers.servers, "orders", [(0, "before")])
        with member(brokers, "g", request_timeout_ms=1_000) as consumer:
            consumer.assign([TopicPartition("orders", 0)])
            assert [record.value for record in take(consumer, 1)] == [b"before"]
            for each in (1, 2, 3):
                brokers.set_down(each)
            with pytest.raises(BrokerNotAvailable, match=f"consuming in group 'g': no broker of {brokers.servers}"):
                until(lambda: False, lambda: consumer.poll(WAIT_MS))
            for each in (1, 2, 3):
                brokers.set_up(each)
            produce(brokers.servers, "orders", [(0, "after")])
            assert [record.value for record in take(consumer, 1)] == [b"after"]


def test_a_consumer_without_brokers_can_be_closed() -> None:
    with mock_brokers({"orders": 1}) as brokers:
        kafka = LiveKafka(brokers.servers, {})
        with member(brokers, "g", request_timeout_ms=1_000, enable_auto_commit=True) as consumer:
            consumer.assign([TopicPartition("orders", 0)])
            consumer.poll(WAIT_MS)
            for each in (1, 2, 3):
                brokers.set_down(each)
            with pytest.raises(BrokerNotAvailable, match=f"commit of group 'g': no broker of {brokers.servers}"):
                consumer.commit({TopicPartition("orders", 0): 0})
        for each in (1, 2, 3):
            brokers.set_up(each)
        assert kafka.committed("g", [TopicPartition("orders", 0)]) == {}

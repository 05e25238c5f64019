"""Reading a partition from an offset on, over the wire; the consumer is kept for the read that follows."""

from __future__ import annotations

import threading
from itertools import islice

import pytest

from sparksim.kafka import live_reader
from sparksim.kafka.errors import (
    BrokerNotAvailable,
    KafkaTimeout,
    LeaderNotAvailable,
    OffsetOutOfRange,
    UnknownTopicOrPartition,
)
from sparksim.kafka.live import LiveKafka
from sparksim.kafka.live_reader import PartitionReader
from sparksim.kafka.records import TopicPartition
from tests.kafka.mock_broker import Brokers, mock_brokers, produce

pytestmark = pytest.mark.kafka

WAIT_MS = 10_000
SHORT_MS = 200


def values(kafka: LiveKafka, partition: TopicPartition, offset: int, count: int, *, fresh: bool = False) -> list[int]:
    records = kafka.read(partition, offset, {"group.id": "g"}, WAIT_MS, fresh=fresh)
    return [int(record.value) for record in islice(records, count)]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[PartitionReader]:
    """The consumers that are made meanwhile."""
    readers: list[PartitionReader] = []

    class Noted(PartitionReader):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)  # type: ignore[arg-type]  # whatever it takes
            readers.append(self)

    monkeypatch.setattr(live_reader, "PartitionReader", Noted)
    return readers


def test_records_have_all_that_was_produced(brokers: Brokers) -> None:
    brokers.create_topic("full", 1)
    produce(brokers.servers, "full", [(0, "v")], key=b"k", timestamp=1_700_000_000_123, headers=[("h", b"1")])
    kafka = LiveKafka(brokers.servers, {})
    [record] = islice(kafka.read(TopicPartition("full", 0), 0, {}, WAIT_MS), 1)
    assert (record.topic, record.partition, record.offset, record.timestamp) == ("full", 0, 0, 1_700_000_000_123)
    assert (record.key, record.value, record.headers) == (b"k", b"v", (("h", b"1"),))


def test_reads_that_follow_each_other_share_a_consumer(
    brokers: Brokers, topic: str, made: list[PartitionReader]
) -> None:
    kafka, partition = LiveKafka(brokers.servers, {}), TopicPartition(topic, 0)
    assert values(kafka, partition, 2, 3) == [2, 3, 4]
    assert values(kafka, partition, 5, 3) == [5, 6, 7]
    assert values(kafka, partition, 0, 10) == list(range(10))
    assert len(made) == 1
    assert values(kafka, partition, 4, 1, fresh=True) == [4]
    assert values(kafka, partition, 5, 1) == [5]
    assert len(made) == 2
    assert values(kafka, TopicPartition(topic, 1), 5, 1) == [5]
    assert len(made) == 3


def test_two_reads_of_one_partition_at_a_time(brokers: Brokers, topic: str, made: list[PartitionReader]) -> None:
    kafka, partition = LiveKafka(brokers.servers, {}), TopicPartition(topic, 0)
    one, other = (kafka.read(partition, offset, {"group.id": "g"}, WAIT_MS) for offset in (0, 5))
    assert [int(each.value) for pair in zip(islice(one, 3), islice(other, 3), strict=True) for each in pair] == [
        *(0, 5),
        *(1, 6),
        *(2, 7),
    ]
    assert len(made) == 2


def test_many_threads(brokers: Brokers) -> None:
    brokers.create_topic("many", 8)
    produce(brokers.servers, "many", ((number % 8, str(number // 8)) for number in range(8_000)))
    kafka, found = LiveKafka(brokers.servers, {}), {}

    def work(partition: int) -> None:
        found[partition] = [
            value
            for begin in range(0, 1_000, 100)
            for value in values(kafka, TopicPartition("many", partition), begin, 100)
        ]

    threads = [threading.Thread(target=work, args=(partition,)) for partition in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == {partition: list(range(1_000)) for partition in range(8)}


def test_a_record_that_comes_while_one_waits(brokers: Brokers, topic: str) -> None:
    kafka, partition = LiveKafka(brokers.servers, {}), TopicPartition(topic, 0)
    records = kafka.read(partition, 9, {}, WAIT_MS)
    assert next(records).value == b"9"
    later = threading.Timer(0.2, produce, (brokers.servers, topic, [(0, "late")]))
    later.start()
    assert next(records).value == b"late"
    later.join()


def test_no_record_comes(brokers: Brokers, topic: str) -> None:
    kafka, partition = LiveKafka(brokers.servers, {}), TopicPartition(topic, 0)
    with pytest.raises(
        KafkaTimeout, match=f"{topic}/0 from offset 10: no record came in 0.2 s; the log holds offsets 0 to before 10"
    ):
        next(kafka.read(partition, 10, {}, SHORT_MS))


@pytest.mark.parametrize("offset", [0, 3, 11, 1_000])
def test_offsets_that_the_log_does_not_hold(brokers: Brokers, topic: str, offset: int) -> None:
    kafka, partition = LiveKafka(brokers.servers, {}), TopicPartition(topic, 0)
    brokers.delete_records(topic, 0, before=4)
    with pytest.raises(OffsetOutOfRange, match=f"{topic}/0 from offset {offset}: the log holds offsets 4 to before 10"):
        next(kafka.read(partition, offset, {"auto.offset.reset": "earliest"}, WAIT_MS))


def test_deleted_while_one_reads(brokers: Brokers, topic: str) -> None:
    kafka, partition = LiveKafka(brokers.servers, {}), TopicPartition(topic, 0)
    assert values(kafka, partition, 0, 1) == [0]
    produce(brokers.servers, topic, ((0, str(number)) for number in range(10, 20)))
    brokers.delete_records(topic, 0, before=15)
    with pytest.raises(OffsetOutOfRange, match="from offset 12: the log holds offsets 15 to before 20"):
        values(kafka, partition, 12, 1, fresh=True)


def test_what_is_not_there(brokers: Brokers, topic: str) -> None:
    kafka = LiveKafka(brokers.servers, {})
    for partition in (TopicPartition(topic, 2), TopicPartition("nowhere", 0)):
        with pytest.raises(UnknownTopicOrPartition, match=f"{partition} is not in the cluster"):
            next(kafka.read(partition, 0, {}, WAIT_MS))


def test_the_leader_is_away_and_comes_back() -> None:
    with mock_brokers({"orders": 1}) as brokers:
        produce(brokers.servers, "orders", ((0, str(number)) for number in range(5)))
        kafka, partition = LiveKafka(brokers.servers, {}), TopicPartition("orders", 0)
        brokers.set_leader("orders", 0, 2)
        records = kafka.read(partition, 4, {}, SHORT_MS)
        assert next(records).value == b"4"
        brokers.set_down(2)
        with pytest.raises((BrokerNotAvailable, LeaderNotAvailable), match="orders/0"):
            next(records)
        brokers.set_up(2)
        assert values(kafka, partition, 0, 5) == [0, 1, 2, 3, 4]


def test_brokers_that_go_and_come_back() -> None:
    with mock_brokers({"orders": 1}) as brokers:
        produce(brokers.servers, "orders", ((0, str(number)) for number in range(5)))
        kafka, partition = LiveKafka(brokers.servers, {}), TopicPartition("orders", 0)
        records = kafka.read(partition, 4, {}, 1_000)
        assert next(records).value == b"4"
        for each in (1, 2, 3):
            brokers.set_down(each)
        with pytest.raises(BrokerNotAvailable, match=f"orders/0.*no broker of {brokers.servers} answers"):
            next(records)
        with pytest.raises(BrokerNotAvailable, match=f"orders/0.*no broker of {brokers.servers} answers"):
            next(kafka.read(partition, 0, {}, 500))
        for each in (1, 2, 3):
            brokers.set_up(each)
        assert values(kafka, partition, 0, 5) == [0, 1, 2, 3, 4]

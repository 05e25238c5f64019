"""A producer inside of Spark: it sends while its task goes on, and its task waits for the cluster in the end."""

from __future__ import annotations

from typing import Any

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.kafka.client import Producer
from sparksim.kafka.errors import BrokerNotAvailable, KafkaTimeout, RecordTooLarge, UnknownTopicOrPartition
from sparksim.kafka.records import ProducerRecord
from sparksim.sim import KafkaCluster, Topic
from sparksim.sim.kafka.changes import CreateTopic
from sparksim.trace.events import ProduceEnded, ProducerStarted, RecordsAppended, RecordsProduced
from tests.sim.kafka.stage import ORDERS, Stage, orders


def producer(stage: Stage, **settings: Any) -> Producer:
    return stage.kafka.producer({name.replace("_", "."): value for name, value in settings.items()})


def send(to: Producer, text: str, topic: str = "orders", **more: Any) -> None:
    for letter in text:
        to.send(ProducerRecord(topic, letter.encode(), **more))


def test_records_are_on_their_way_at_once_and_acknowledged_at_the_flush() -> None:
    stage = Stage(orders(request_ms=10))
    task = producer(stage)
    send(task, "ab")
    assert stage.clock.now_ms == 10
    assert stage.times(RecordsProduced) == [10, 10]
    assert stage.times(RecordsAppended) == []
    task.flush()
    assert stage.clock.now_ms == 20
    assert stage.values() == "ab"
    assert stage.endings() == [((0,), 1, ""), ((1,), 1, "")]


def test_a_flush_waits_for_all_replicas_in_sync() -> None:
    stage = Stage(orders(topic={"replicas": 3}, request_ms=10, replicate_ms=6))
    task = producer(stage)
    send(task, "a")
    task.flush()
    assert stage.clock.now_ms == 26


def test_linger_makes_one_batch_of_what_comes_meanwhile() -> None:
    stage = Stage(orders())
    task = producer(stage, linger_ms="100")
    for letter in "abc":
        send(task, letter)
        stage.clock.sleep(30)
    task.flush()
    assert stage.appended() == [(0, (0, 1, 2))]


def test_each_producer_is_another_one_for_the_brokers() -> None:
    stage = Stage(orders())
    for client in ("spark", "spark"):
        task = producer(stage, client_id=client)
        send(task, "a")
        task.flush()
    assert [event.producer for event in stage.events(ProducerStarted)] == ["spark-1", "spark-2"]
    assert stage.values() == "aa"


@pytest.mark.parametrize(("idempotent", "found"), [("true", "a"), ("false", "aa")])
def test_an_answer_that_is_late_makes_only_a_plain_producer_write_twice(idempotent: str, found: str) -> None:
    stage = Stage(orders(topic={"replicas": 3}, replicate_ms=1000))
    task = producer(stage, enable_idempotence=idempotent, retries="1", request_timeout_ms="300")
    send(task, "a")
    with pytest.raises(KafkaTimeout, match=r"no answer for orders/0 within 0.3 s"):
        task.flush()
    stage.until(5)
    assert stage.values() == found


def test_a_flush_says_what_could_not_be_written() -> None:
    stage = Stage(orders(topic={"max_message_bytes": 3}))
    task = producer(stage)
    task.send(ProducerRecord("orders", b"much too large"))
    with pytest.raises(RecordTooLarge, match=r"orders/0, whose max.message.bytes is 3"):
        task.flush()
    with pytest.raises(RecordTooLarge):
        send(task, "a")


def test_a_record_that_the_producer_itself_refuses_is_on_record() -> None:
    stage = Stage(orders())
    task = producer(stage, max_request_size="3")
    with pytest.raises(RecordTooLarge, match=r"a record for 'orders' has 5 bytes, and max.request.size is 3"):
        task.send(ProducerRecord("orders", b"large"))
    [ended] = stage.events(ProduceEnded)
    assert (ended.numbers, ended.log) == ((0,), "")


def test_a_topic_is_waited_for() -> None:
    stage = Stage(KafkaCluster(changes=[CreateTopic(Topic("orders"), at=1)]))
    task = producer(stage, max_block_ms="3000")
    send(task, "a")
    assert stage.clock.now_ms >= 1000
    task.flush()
    assert stage.values() == "a"
    with pytest.raises(UnknownTopicOrPartition, match="no topic 'returns', not even after 3 s"):
        send(task, "b", topic="returns")


@pytest.mark.parametrize(
    ("partition", "error", "problem"),
    [
        (1, UnknownTopicOrPartition, "'orders' has no partition 1: it has 1, numbered from 0"),
        (-1, IllegalArgumentError, "partition=-1: the partitions of 'orders' are numbered from 0"),
    ],
)
def test_a_partition_that_there_is_not_is_refused(partition: int, error: type[Exception], problem: str) -> None:
    with pytest.raises(error, match=problem):
        send(producer(Stage(orders())), "a", partition=partition)


def test_who_is_abandoned_sends_nothing_more() -> None:
    stage = Stage(orders(request_ms=100))
    task = producer(stage, max_in_flight_requests_per_connection="1", batch_size="1")
    send(task, "abc")
    task.abandon()
    stage.until(5)
    assert stage.values() == "a"
    assert sorted(event.numbers for event in stage.events(ProduceEnded)) == [(0,), (1,), (2,)]
    assert [event.error[:40] for event in stage.events(ProduceEnded)] == [
        "BrokerNotAvailable: given up: the task t",
        "BrokerNotAvailable: given up: the task t",
        "",
    ]


def test_a_dead_leader_is_waited_for_and_gets_everything_once() -> None:
    stage = Stage(orders(topic={"replicas": 3}))
    stage.crash("leader of orders/0", at=1)
    stage.until(1.5)
    task = producer(stage)
    send(task, "abc")
    task.flush()
    assert stage.clock.now_ms > 6000
    assert stage.values() == "abc"


def test_a_broker_that_answers_is_waited_for() -> None:
    stage = Stage(orders(brokers=1))
    stage.crash(0, at=1, restart_after=3)
    stage.until(2)
    with pytest.raises(BrokerNotAvailable):
        send(producer(stage, max_block_ms="1000"), "a")
    assert 2900 < stage.clock.now_ms < 3100
    task = producer(stage)
    send(task, "b")
    task.flush()
    assert 4000 < stage.clock.now_ms < 4200
    assert stage.values() == "b"


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"acks": "2"}, "acks='2': use 0, 1 or all"),
        ({"acks": "1", "enable_idempotence": "true"}, "enable.idempotence=true: it needs acks=all, and acks=1"),
        ({"linger_ms": "soon"}, "linger.ms='soon': give a number, 0 or more"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, str], problem: str) -> None:
    with pytest.raises(IllegalArgumentError, match=problem):
        producer(Stage(orders()), **settings)


def test_a_record_keeps_its_key_and_its_headers() -> None:
    stage = Stage(orders())
    task = producer(stage)
    send(task, "a", key=b"k", headers=(("h", b"1"),))
    task.flush()
    [record] = [next(stage.kafka.read(ORDERS, 0, {}, 0))]
    assert (record.key, record.value, record.headers) == (b"k", b"a", (("h", b"1"),))

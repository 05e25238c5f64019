"""How a producer's records get into a log: when, in which batches, and what is refused."""

import pytest

from sparksim.kafka.records import TopicPartition
from sparksim.sim import KafkaCluster, Producer, Replay, Topic
from sparksim.sim.kafka.changes import CreateTopic
from sparksim.trace.events import (
    LeaderElected,
    ProduceEnded,
    ProducerStarted,
    RecordsAppended,
    RecordsProduced,
    RecordsSent,
    TopicChanged,
)
from tests.sim.kafka.stage import ORDERS, Stage, letters, orders


def test_the_way_of_a_record_takes_its_exact_times():
    stage = Stage(orders("a", topic={"replicas": 3}, acks="all", request_ms=10, replicate_ms=4))
    stage.until(2)
    assert [(type(event).__name__, event.time_ms) for event in stage.trace][:3] == [
        ("TopicChanged", 0),
        ("LeaderElected", 0),
        ("ProducerStarted", 0),
    ]
    assert stage.times(RecordsProduced) == [1000]
    assert stage.times(RecordsAppended) == [1005]
    assert stage.times(RecordsSent) == [1009]
    assert stage.times(ProduceEnded) == [1014]
    assert stage.endings() == [((0,), 1, "")]


@pytest.mark.parametrize(("acks", "ended_ms"), [(0, 1000), (1, 1010), ("all", 1014)])
def test_acks_say_when_the_producer_hears_of_it(acks, ended_ms):
    stage = Stage(orders("a", topic={"replicas": 2}, acks=acks, request_ms=10, replicate_ms=4))
    stage.until(2)
    assert stage.times(ProduceEnded) == [ended_ms]
    assert stage.sent() == [(1009, "orders/0", 0, 1)]


def test_a_record_keeps_its_time_and_its_bytes():
    stage = Stage(KafkaCluster([Topic("orders")], [Producer("orders", Replay([(1.5, "ä"), (2, (None, b"\x00"))]))]))
    stage.until(3)
    records = stage.kafka.read(ORDERS, 0, {}, 0)
    first, second = next(records), next(records)
    assert (first.topic, first.partition, first.offset, first.timestamp) == ("orders", 0, 0, 1500)
    assert (first.key, first.value, second.key, second.value) == (None, "ä".encode(), None, b"\x00")
    assert second.origin == ("orders/0", 1, 1)


def test_a_batch_waits_for_more_as_long_as_it_lingers():
    stage = Stage(orders("abcdef", every=0.1, linger=0.25))
    stage.until(3)
    assert [(event.time_ms, event.numbers) for event in stage.events(RecordsAppended)] == [
        (1251, (0, 1, 2)),
        (1551, (3, 4, 5)),
    ]


@pytest.mark.parametrize("room", [{"batch_records": 2}, {"batch_bytes": 2}, {"batch_records": 9, "batch_bytes": 2}])
def test_a_full_batch_does_not_wait(room):
    stage = Stage(orders("abcde", every=0.1, linger=10, **room))
    stage.until(3)
    assert [(event.time_ms, event.numbers) for event in stage.events(RecordsAppended)] == [
        (1101, (0, 1)),
        (1301, (2, 3)),
    ]


def test_with_so_many_in_flight_the_others_wait_and_grow_into_batches():
    stage = Stage(orders("abcdef", every=0.1, max_in_flight=1, request_ms=500))
    stage.until(3)
    assert [(event.time_ms, event.numbers) for event in stage.events(RecordsAppended)] == [
        (1250, (0,)),
        (1750, (1, 2, 3, 4)),
        (2250, (5,)),
    ]


def test_a_producer_refuses_what_is_too_large_for_it():
    stage = Stage(orders("a", max_request_bytes=1))
    stage.until(2)
    assert stage.endings() == [((0,), 1, "")]
    large = Producer("orders", Replay([(1, "four"), (2, ("key", "4"))]), max_request_bytes=3, name="shop")
    stage = Stage(KafkaCluster([Topic("orders")], [large]))
    stage.until(3)
    assert stage.endings() == [((0,), 0, "RecordTooLarge"), ((1,), 0, "RecordTooLarge")]
    first = stage.events(ProduceEnded)[0]
    assert "record 0 of shop has 4 bytes, and max.request.size is 3" in first.error
    assert stage.appended() == []


def test_a_broker_refuses_only_the_record_that_is_too_large():
    load = Replay([(1, "a"), (1, "bbbb"), (1, "c"), (1, "d")])
    stage = Stage(KafkaCluster([Topic("orders", max_message_bytes=3)], [Producer("orders", load, linger=0.1)]))
    stage.until(2)
    assert sorted(stage.endings()) == [((0,), 3, ""), ((1,), 3, "RecordTooLarge"), ((2, 3), 2, "")]
    assert stage.values() == "cda"


@pytest.mark.parametrize(
    ("content", "key", "message"),
    [
        (7, None, "the value 7 is neither a text nor bytes"),
        ((7, "a"), None, "the key 7 is neither a text nor bytes"),
        ("a", lambda record: 7, "the key 7 is neither a text nor bytes"),
        ("a", lambda record: record["id"], "the producer's key function raised TypeError"),
    ],
)
def test_what_cannot_be_serialized_ends_with_an_error(content, key, message):
    stage = Stage(KafkaCluster([Topic("orders")], [Producer("orders", Replay([(1, content)]), key=key)]))
    stage.until(2)
    (ended,) = stage.events(ProduceEnded)
    assert ended.error.startswith("SerializationError: record 0 of producer-1: ")
    assert message in ended.error


def test_a_topic_that_never_comes_ends_the_records_with_an_error():
    producer = Producer("payments", letters("ab"), delivery_timeout=5)
    stage = Stage(KafkaCluster([Topic("orders")], [producer]))
    stage.until(10)
    assert [(event.time_ms, event.numbers) for event in stage.events(ProduceEnded)] == [(6000, (0,)), (7000, (1,))]
    assert (
        "UnknownTopicOrPartition: the cluster has no topic 'payments', not even after 5 s"
        in stage.events(ProduceEnded)[0].error
    )


def test_a_topic_that_comes_late_gets_what_waited_for_it():
    stage = Stage(
        KafkaCluster([], [Producer("orders", letters("abc"))], changes=[CreateTopic(Topic("orders"), at=2.5)])
    )
    stage.until(5)
    assert stage.values() == "abc"
    assert stage.times(TopicChanged) == stage.times(LeaderElected) == [2500]


def test_producers_say_what_decides_about_delivery():
    stage = Stage(
        KafkaCluster(
            [Topic("orders")],
            [
                Producer("orders", letters("a"), acks="all", idempotent=True, name="shop"),
                Producer("orders", letters("b"), acks=0, retries=0, max_in_flight=1),
            ],
        )
    )
    stage.until(1)
    shop, other = stage.events(ProducerStarted)
    assert (shop.producer, dict(shop.settings)["acks"], dict(shop.settings)["enable.idempotence"]) == (
        "shop",
        "all",
        "true",
    )
    assert other.producer == "producer-2"
    assert dict(other.settings) == {
        "acks": "0",
        "enable.idempotence": "false",
        "retries": "0",
        "max.in.flight.requests.per.connection": "1",
    }


def test_partitions_have_leaders_and_replicas_in_turn():
    stage = Stage(KafkaCluster([Topic("orders", partitions=4, replicas=2)]))
    infos = stage.kafka.topics()["orders"]
    assert [info.leader for info in infos] == ["localhost:9092", "localhost:9093", "localhost:9094", "localhost:9092"]
    assert [info.partition for info in infos] == [TopicPartition("orders", number) for number in range(4)]
    assert [event.in_sync for event in stage.events(LeaderElected)] == [(0, 1), (1, 2), (2, 0), (0, 1)]


def test_a_cluster_that_nobody_asks_does_nothing():
    stage = Stage(orders("abc"))
    assert stage.clock.env.peek() == float("inf")
    stage.clock.sleep(5000)
    assert len(stage.trace) == 0
    stage.until(5)
    assert stage.sent() == [(second * 1000 + 1, "orders/0", second - 1, 1) for second in (1, 2, 3)]

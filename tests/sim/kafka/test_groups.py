"""Several members of a group: who has what, when they change, and who cannot commit any more."""

import pytest

from sparksim.cluster.clock import Killed
from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.kafka.errors import BrokerNotAvailable, CommitFailed
from sparksim.kafka.records import TopicPartition
from sparksim.sim import AddPartitions, KafkaCluster, Producer, Topic
from sparksim.sim.kafka.assignor import ranges
from sparksim.trace.events import GroupRebalanced, OffsetsCommitted
from tests.sim.kafka.stage import ADDRESS, Stage, letters

TOPIC = KafkaCluster([Topic("orders", partitions=3)], request_ms=10)


def partitions(*numbers):
    return tuple(TopicPartition("orders", number) for number in numbers)


def told(stage):
    """Time, generation, numbers of partitions by member, reason."""
    return [
        (
            event.time_ms,
            event.generation,
            {name: [int(log[-1]) for log in logs] for name, logs in event.assignments},
            event.reason,
        )
        for event in stage.events(GroupRebalanced)
    ]


def polling(stage, until_s, every_ms=500, close=True, **settings):
    """A member that polls until some second; then it leaves or, without `close`, only stops."""
    consumer = stage.consumer(**settings)
    consumer.subscribe(["orders"])

    def story(begin_s):
        stage.clock.sleep(begin_s * 1000)
        while stage.clock.now_ms < until_s * 1000:
            consumer.poll(every_ms)
        if close:
            consumer.close()

    return consumer, story


@pytest.mark.parametrize(
    ("count", "topics", "shares"),
    [
        (1, {"a": 3}, ["a0 a1 a2"]),
        (2, {"a": 3}, ["a0 a1", "a2"]),
        (3, {"a": 4, "b": 1}, ["a0 a1 b0", "a2", "a3"]),
        (4, {"a": 2}, ["a0", "a1", "", ""]),
        (2, {"b": 2, "a": 2}, ["a0 b0", "a1 b1"]),
        (0, {"a": 2}, []),
    ],
)
def test_the_range_assignor(count, topics, shares):
    given = ranges([lambda topic: True] * count, topics)
    assert [" ".join(f"{topic}{number}" for topic, number in share) for share in given] == shares


def test_members_share_only_the_topics_they_want():
    given = ranges([lambda topic: True, lambda topic: topic == "b"], {"a": 2, "b": 2})
    assert [[str(each) for each in share] for share in given] == [["a/0", "a/1", "b/0"], ["b/1"]]


def test_members_that_come_and_go():
    stage = Stage(TOPIC)
    _, story = polling(stage, 20)
    stage.fiber(story, 0)
    _, story = polling(stage, 10)
    stage.fiber(story, 4.2)
    stage.until(25)
    assert told(stage) == [
        (5, 1, {"consumer-1": [0, 1, 2]}, "consumer-1 joined"),
        # The first one hears of it with its heartbeat, 3 s after it joined and then every 3 s, and joins again.
        (pytest.approx(6020, abs=10), 2, {"consumer-1": [0, 1], "consumer-2": [2]}, "consumer-2 joined"),
        (pytest.approx(12_100, abs=200), 3, {"consumer-1": [0, 1, 2]}, "consumer-2 left"),
        (pytest.approx(20_100, abs=600), 4, {}, "consumer-1 left"),
    ]


def test_a_member_that_does_not_call_is_missed_and_cannot_commit():
    stage = Stage(TOPIC)
    lazy, story = polling(stage, 1, close=False, session_timeout_ms=10_000, enable_auto_commit=False)
    stage.fiber(story, 0)
    _, story = polling(stage, 30, enable_auto_commit=False)
    stage.fiber(story, 15)
    stage.until(20)
    (_, gone, joined) = told(stage)
    assert gone[1:] == (2, {}, "consumer-1 was not heard of for 10 s")
    assert 10_000 < gone[0] < 11_100
    assert joined[1:] == (3, {"consumer-2": [0, 1, 2]}, "consumer-2 joined")
    with pytest.raises(CommitFailed, match="consumer-1 is no member of generation 3 of group 'g': the group was reb"):
        lazy.commit({partitions(0)[0]: 1})
    heard = []
    lazy.commit_async({partitions(0)[0]: 1}, lambda offsets, error: heard.append(type(error)))
    lazy.poll(0)
    assert lazy.assignment() == set(partitions(2))
    lazy.poll(0)
    assert heard == [CommitFailed]
    assert told(stage)[-1][2] == {"consumer-2": [0, 1], "consumer-3": [2]}
    assert stage.events(OffsetsCommitted) == []


def test_who_does_not_join_in_time_is_no_member_any_more():
    stage = Stage(TOPIC)
    lazy, story = polling(stage, 1, close=False, max_poll_interval_ms=8000, session_timeout_ms=6000)
    stage.fiber(story, 0)
    _, story = polling(stage, 30, max_poll_interval_ms=8000, session_timeout_ms=6000)
    stage.fiber(story, 4)
    stage.until(20)
    assert told(stage)[1:] == [(pytest.approx(12_005, abs=10), 2, {"consumer-2": [0, 1, 2]}, "consumer-2 joined")]
    with pytest.raises(CommitFailed):
        lazy.commit({partitions(0)[0]: 1})


@pytest.mark.parametrize(
    "settings", [{"session_timeout_ms": 6000, "max_poll_interval_ms": 300_000}, {"offsets_storage": "zookeeper"}]
)
def test_a_thread_keeps_a_member_alive_as_long_as_its_fiber(settings):
    stage = Stage(TOPIC)
    consumer = stage.consumer(**settings)
    consumer.subscribe(["orders"])

    def story():
        consumer.poll(100)
        stage.clock.sleep(60_000)

    fiber = stage.fiber(story)
    stage.until(30.5)
    assert len(told(stage)) == 1
    stage.clock.kill(fiber, Killed("the executor died"))
    stage.until(50)
    time_ms, _, shares, reason = told(stage)[-1]
    assert (shares, reason) == ({}, "consumer-1 was not heard of for 6 s")
    assert 34_000 < time_ms < 36_600


def test_members_of_a_driver_that_died_are_missed():
    stage = Stage(TOPIC)
    consumer = stage.consumer(session_timeout_ms=6000, max_poll_interval_ms=300_000)
    consumer.subscribe(["orders"])
    consumer.poll(0)
    stage.until(20)
    stage.network.live_by(VirtualClock(40_000.0), stage.trace.append)
    (_, gone) = told(stage)
    assert 24_000 <= gone[0] <= 26_000
    assert gone[2:] == ({}, "consumer-1 was not heard of for 6 s")


def test_a_consumer_that_is_abandoned_is_missed():
    stage = Stage(TOPIC)
    consumer = stage.consumer(offsets_storage="zookeeper")
    consumer.subscribe(["orders"])
    consumer.poll(0)
    stage.until(10)
    stage.clock.call(consumer.abandon)
    stage.until(20)
    assert told(stage)[-1][2:] == ({}, "consumer-1 was not heard of for 6 s")


def test_a_group_in_zookeeper_does_not_wait_for_its_members():
    stage = Stage(TOPIC)
    old = {"offsets_storage": "zookeeper"}
    first = stage.consumer(**old)
    first.subscribe(["orders"])
    first.poll(0)
    second = stage.consumer(**old)
    second.subscribe(["orders"])
    second.poll(0)
    assert second.assignment() == set(partitions(2))
    assert first.assignment() == set(partitions(0, 1, 2))
    first.poll(0)
    assert first.assignment() == set(partitions(0, 1))
    second.close()
    first.poll(0)
    assert first.assignment() == set(partitions(0, 1, 2))


def test_a_rebalance_takes_records_up_again_from_the_stored_offsets():
    producer = Producer("orders", letters("abcdef", every=0.1))
    stage = Stage(KafkaCluster([Topic("orders")], [producer]))
    stage.until(2)
    old = {"offsets_storage": "zookeeper", "auto_commit_enable": False, "max_poll_records": 2}
    first = stage.consumer(**old)
    first.subscribe(["orders"])
    assert [record.value for record in first.poll(0)] == [b"a", b"b"]
    first.commit({partitions(0)[0]: 1})
    second = stage.consumer(**old)
    second.subscribe(["orders"])
    second.poll(0)
    assert [record.value for record in first.poll(0)] == [b"b", b"c"]


def test_positions_are_committed_before_a_member_joins_again():
    producer = Producer("orders", letters("abcdef"), partitioner="round-robin")
    stage = Stage(KafkaCluster([Topic("orders", partitions=3)], [producer]))
    for begin_s in (0, 4.5):
        _, story = polling(stage, 30, auto_commit_interval_ms=60_000)
        stage.fiber(story, begin_s)
    stage.until(9)
    rejoined_ms = told(stage)[1][0]
    before = [event for event in stage.events(OffsetsCommitted) if event.time_ms < rejoined_ms]
    assert [event.offsets for event in before] == [(("orders/0", 2), ("orders/1", 2), ("orders/2", 2))]


def test_a_new_group_may_wait_for_more_members():
    stage = Stage(KafkaCluster([Topic("orders", partitions=3)], request_ms=10, rebalance_delay=3))
    for begin_s in (0, 1):
        _, story = polling(stage, 20)
        stage.fiber(story, begin_s)
    stage.until(10)
    assert told(stage) == [(3005, 1, {"consumer-1": [0, 1], "consumer-2": [2]}, "consumer-1 joined")]


def test_new_partitions_are_shared_when_metadata_is_old():
    stage = Stage(KafkaCluster([Topic("orders")], changes=[AddPartitions("orders", 2, at=5)], request_ms=10))
    _, story = polling(stage, 400, every_ms=1000, metadata_max_age_ms=60_000)
    stage.fiber(story, 0)
    stage.until(120)
    (_, grown) = told(stage)
    assert grown[2:] == ({"consumer-1": [0, 1]}, "consumer-1 joined again")
    assert 60_000 < grown[0] < 64_000


def test_an_outage_longer_than_its_session_costs_a_member_its_place():
    stage = Stage(TOPIC)
    consumer = stage.consumer(offsets_storage="zookeeper")
    consumer.subscribe(["orders"])
    consumer.poll(0)
    stage.until(10)
    stage.clock.call(stage.network.take_down, ADDRESS, 11_000)
    stage.until(20)
    assert len(told(stage)) == 1
    stage.clock.call(stage.network.take_down, ADDRESS, 30_000)
    with pytest.raises(BrokerNotAvailable):
        consumer.poll(8000)
    stage.until(31)
    consumer.poll(0)
    (_, gone, again) = told(stage)
    assert (gone[2:], again[2:]) == (
        ({}, "consumer-1 was not heard of for 6 s"),
        ({"consumer-2": [0, 1, 2]}, "consumer-2 joined"),
    )


def test_a_member_that_cannot_say_goodbye_is_missed():
    stage = Stage(TOPIC)
    consumer = stage.consumer(session_timeout_ms=6000)
    consumer.subscribe(["orders"])
    consumer.poll(0)
    stage.clock.call(stage.network.take_down, ADDRESS, 3000)
    consumer.close()
    stage.until(10)
    (_, gone) = told(stage)
    assert gone[2:] == ({}, "consumer-1 was not heard of for 6 s")

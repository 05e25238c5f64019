"""Leaders die: who leads next, what readers see meanwhile, what is lost, and what comes back."""

import pytest

from sparksim.kafka.errors import BrokerNotAvailable, LeaderNotAvailable
from sparksim.kafka.records import TopicPartition
from sparksim.sim import KafkaCluster, Producer, Topic
from sparksim.trace.events import (
    BrokerStarted,
    BrokerStopped,
    FaultInjected,
    InSyncChanged,
    LeaderElected,
    ProduceEnded,
    ProduceLost,
    RecordsAppended,
    RecordsTruncated,
)
from tests.sim.kafka.stage import ORDERS, Stage, letters, orders

SLOW = {"replicate_ms": 400, "request_ms": 20}
"""A follower has a record 200 ms after the leader, which knows it after 200 ms more."""


def elections(stage):
    return [(event.time_ms, event.broker, event.in_sync, event.clean) for event in stage.events(LeaderElected)]


def truncated(stage):
    return [event.origin for event in stage.events(RecordsTruncated)]


def test_readers_see_a_record_when_all_in_sync_have_it():
    stage = Stage(orders("a", topic={"replicas": 3}, **SLOW))
    stage.until(1.39)
    assert stage.kafka.latest_offsets([ORDERS]) == {ORDERS: 0}  # at the broker at 1.4 s
    assert stage.kafka.latest_offsets([ORDERS]) == {ORDERS: 1}
    assert stage.sent() == [(1410, "orders/0", 0, 1)]


def test_a_dead_leader_leads_until_it_is_missed():
    stage = Stage(orders("", topic={"replicas": 2}, detect=5))
    stage.crash(0, at=2)
    stage.until(6)
    with pytest.raises(BrokerNotAvailable, match="broker 0 at localhost:9092 does not answer: its process is dead"):
        stage.kafka.latest_offsets([ORDERS])
    assert stage.kafka.topics()["orders"][0].leader == "localhost:9092"
    stage.until(8)
    assert stage.kafka.topics()["orders"][0].leader == "localhost:9093"
    assert elections(stage) == [(0, 0, (0, 1), True), (7000, 1, (1,), True)]
    assert [(event.time_ms, event.broker, event.host) for event in stage.events(BrokerStopped)] == [
        (2000, 0, "localhost:9092")
    ]
    assert [(event.fault, event.target) for event in stage.events(FaultInjected)] == [("crash", "broker 0")]


def test_without_another_replica_there_is_no_leader_until_it_is_back():
    stage = Stage(orders("abc", detect=1))
    stage.crash("leader of orders/0", at=1.5, restart_after=3)
    stage.until(3)
    with pytest.raises(LeaderNotAvailable, match=r"orders/0 has no leader now: no in-sync replica, on brokers 0, is"):
        stage.kafka.latest_offsets([ORDERS])
    assert stage.kafka.topics()["orders"][0].leader == ""
    stage.until(6)
    assert elections(stage)[1:] == [(2500, None, (0,), True), (4500, 0, (0,), True)]
    assert [event.time_ms for event in stage.events(BrokerStarted)] == [4500]
    assert stage.values() == "abc"


def test_acks_1_loses_what_the_follower_had_not_fetched():
    stage = Stage(orders("ab", topic={"replicas": 2}, acks=1, detect=1, **SLOW))
    stage.crash(0, at=2.1)
    stage.until(5)
    assert stage.endings() == [((0,), 1, ""), ((1,), 1, "")]
    assert truncated(stage) == [("orders/0", 1, 1)]
    assert stage.values() == "a"


def test_acks_all_loses_nothing():
    stage = Stage(orders("ab", topic={"replicas": 2}, acks="all", detect=1, **SLOW))
    stage.crash(0, at=2.1)
    stage.until(5)
    assert truncated(stage) == [("orders/0", 1, 1)]
    assert stage.endings() == [((0,), 1, ""), ((1,), 10, "")]
    assert stage.values() == "ab"
    assert [(event.broker, event.numbers) for event in stage.events(RecordsAppended)] == [
        (0, (0,)),
        (0, (1,)),
        (1, (1,)),
    ]


def test_acks_0_never_knows_what_was_lost():
    stage = Stage(orders("ab", acks=0, detect=1, request_ms=200))
    stage.crash(0, at=2.05)
    stage.until(4)
    assert stage.endings() == [((0,), 1, ""), ((1,), 1, "")]
    (lost,) = stage.events(ProduceLost)
    assert (lost.time_ms, lost.numbers, lost.log) == (2100, (1,), "orders/0")
    assert lost.reason.startswith("BrokerNotAvailable: broker 0 at localhost:9092 does not answer")


def test_acks_0_does_not_send_where_there_is_no_connection():
    stage = Stage(orders("ab", topic={"replicas": 2}, acks=0, detect=2))
    stage.crash(0, at=1.5)
    stage.until(5)
    assert stage.values() == "ab"
    assert stage.endings()[1] == ((1,), 16, "")  # from 2 s on every 100 ms, until 3.5 s
    assert stage.events(ProduceLost) == []


def test_a_follower_that_dies_holds_up_the_watermark_until_it_is_missed():
    stage = Stage(orders("abc", topic={"replicas": 2}, acks="all", detect=5, request_ms=0, replicate_ms=0))
    stage.crash(1, at=1.5)
    stage.until(8)
    assert stage.sent() == [(1000, "orders/0", 0, 1), (6500, "orders/0", 1, 2)]
    assert [(event.time_ms, event.in_sync) for event in stage.events(InSyncChanged)] == [(6500, (0,))]
    assert [event.time_ms for event in stage.events(ProduceEnded)] == [1000, 6500, 6500]


def test_a_follower_that_is_back_catches_up_and_may_lead_again():
    stage = Stage(orders("abcdef", topic={"replicas": 2}, acks="all", detect=0.5))
    stage.crash(0, at=1.5, restart_after=2)
    stage.crash(1, at=4.5)
    stage.until(8)
    assert [(broker, in_sync) for _, broker, in_sync, _ in elections(stage)] == [(0, (0, 1)), (1, (1,)), (0, (0,))]
    assert [(event.time_ms, event.in_sync) for event in stage.events(InSyncChanged)] == [(3502, (0, 1))]
    assert truncated(stage) == []
    assert stage.values() == "abcdef"


def test_a_broker_that_is_back_before_it_is_missed_has_lost_the_lead():
    stage = Stage(orders("ab", topic={"replicas": 2}, detect=30))
    stage.crash(0, at=1.5, restart_after=1)
    stage.until(4)
    assert elections(stage)[1:] == [(2500, 1, (1,), True)]
    assert stage.server.controller.partition(ORDERS).in_sync == (0, 1)
    assert stage.values() == "ab"


def test_with_too_few_in_sync_all_is_refused_until_they_are_back():
    topic = {"replicas": 2, "min_insync": 2}
    stage = Stage(orders("ab", topic=topic, acks="all", retries=3, detect=0.2))
    stage.crash(1, at=1.5)
    stage.until(5)
    assert stage.endings() == [((0,), 1, ""), ((1,), 4, "NotEnoughReplicas")]
    error = stage.events(ProduceEnded)[1].error
    assert "orders/0 has 1 replicas in sync, on brokers 0, and min.insync.replicas is 2" in error
    assert stage.appended() == [(0, (0,))]


def test_acks_1_does_not_mind_how_many_are_in_sync():
    stage = Stage(orders("ab", topic={"replicas": 2, "min_insync": 2}, acks=1, detect=0.2))
    stage.crash(1, at=1.5)
    stage.until(5)
    assert stage.values() == "ab"


def test_what_was_written_before_too_few_were_left_is_written_again():
    stage = Stage(orders("ab", topic={"replicas": 2, "min_insync": 2}, acks="all", detect=0.5, **SLOW))
    stage.crash(1, at=2.1, restart_after=2)
    stage.until(8)
    assert stage.endings() == [((0,), 1, ""), ((1,), 17, "")]
    assert stage.appended() == [(0, (0,)), (1, (1,)), (2, (1,))]
    assert stage.values() == "abb"


@pytest.mark.parametrize(("unclean", "seen", "gone"), [(True, "ad", [("orders/0", 1, 2)]), (False, "abcd", [])])
def test_an_unclean_leader_takes_back_what_readers_have_seen(unclean, seen, gone):
    stage = Stage(orders("abcd", topic={"replicas": 2}, detect=0.2, unclean=unclean))
    stage.crash(1, at=1.5, restart_after=2)  # it is not in sync any more when b and c come
    stage.crash(0, at=3.4, restart_after=5)
    stage.until(10)
    assert truncated(stage) == gone
    assert stage.values() == seen
    assert [clean for *_, clean in elections(stage)].count(False) == unclean
    if unclean:
        assert stage.sent()[:4] == [
            (when, "orders/0", first, 1) for when, first in ((1003, 0), (2001, 1), (3001, 2), (4001, 1))
        ]


def test_an_unclean_leader_may_bring_back_what_was_truncated():
    stage = Stage(orders("ab", topic={"replicas": 2}, acks=1, detect=0.2, unclean=True, **SLOW))
    stage.crash(0, at=2.1, restart_after=2)
    stage.crash(1, at=3)
    stage.until(6)
    assert truncated(stage) == [("orders/0", 1, 1)]
    assert stage.appended() == [(0, (0,)), (1, (1,)), (1, (1,))]
    assert stage.values() == "ab"


def test_leaders_of_other_partitions_are_not_touched():
    topics = [Topic("orders", partitions=3, replicas=2)]
    producer = Producer("orders", letters("abcdef"), partitioner="round-robin", acks="all")
    stage = Stage(KafkaCluster(topics, [producer], detect=1))
    stage.crash(1, at=2.5)
    stage.until(12)
    assert [stage.values(TopicPartition("orders", number)) for number in range(3)] == ["ad", "be", "cf"]
    assert [event.log for event in stage.events(LeaderElected)][3:] == ["orders/1"]

"""Acknowledgements that are lost: records sent again, twice in the log unless the producer is idempotent, reordered."""

import pytest

from sparksim.sim import KafkaCluster, Producer, Topic
from sparksim.trace.events import LeaderElected, ProduceEnded, RecordsTruncated
from tests.sim.kafka.stage import ADDRESS, Stage, letters, orders

SLOW = {"replicate_ms": 400, "request_ms": 20}


@pytest.mark.parametrize(("idempotent", "seen"), [(False, "abb"), (True, "ab")])
def test_a_leader_that_dies_before_it_acknowledges(idempotent, seen):
    stage = Stage(orders("ab", topic={"replicas": 2}, acks="all", idempotent=idempotent, detect=1, **SLOW))
    stage.crash(0, at=2.3)  # the follower has b since 2.21 s, and the leader would know it at 2.41 s
    stage.until(6)
    assert stage.events(RecordsTruncated) == []
    assert stage.values() == seen
    assert [error for _, _, error in stage.endings()] == ["", ""]


@pytest.mark.parametrize(("idempotent", "seen"), [(False, "abb"), (True, "ab")])
def test_an_outage_swallows_an_acknowledgement(idempotent, seen):
    stage = Stage(orders("ab", acks="all", idempotent=idempotent, request_ms=200))
    stage.until(2.15)
    stage.clock.call(stage.network.take_down, ADDRESS, 3000)
    stage.until(5)
    assert stage.values() == seen


@pytest.mark.parametrize(("idempotent", "seen"), [(False, "abb"), (True, "ab")])
def test_an_answer_that_comes_too_late_is_none(idempotent, seen):
    cluster = orders(
        "ab", topic={"replicas": 2}, acks="all", idempotent=idempotent, request_timeout=1, detect=2, **SLOW
    )
    stage = Stage(cluster)
    stage.crash(1, at=1.9)  # until it is missed, at 3.9 s, nobody is told that b is safe
    stage.until(6)
    assert stage.values() == seen
    assert stage.endings()[1][1] == 2


@pytest.mark.parametrize(
    ("settings", "seen"),
    [({"max_in_flight": 5}, "bacd"), ({"max_in_flight": 1}, "abcd"), ({"acks": "all", "idempotent": True}, "abcd")],
)
def test_a_record_that_is_sent_again_may_come_behind_later_ones(settings, seen):
    producer = Producer("orders", letters("abcd", every=0.01), **settings)
    stage = Stage(KafkaCluster([Topic("orders")], [producer], request_ms=20))
    stage.until(0.995)
    stage.clock.call(stage.network.take_down, ADDRESS, 1015)  # a arrives at 1.01 s, b at 1.02 s
    stage.until(3)
    assert stage.values() == seen


def test_an_idempotent_producer_goes_on_behind_a_record_that_it_gave_up():
    stage = Stage(orders("abcd", acks="all", idempotent=True, delivery_timeout=0.5))
    stage.until(1.5)
    stage.clock.call(stage.network.take_down, ADDRESS, 2900)
    stage.until(6)
    assert [(numbers, error) for numbers, _, error in stage.endings()] == [
        ((0,), ""),
        ((1,), "KafkaTimeout"),
        ((2,), ""),
        ((3,), ""),
    ]
    assert "given up after 0.5 s; the last error: BrokerNotAvailable: " in stage.events(ProduceEnded)[1].error
    assert stage.values() == "acd"


def test_an_idempotent_producer_goes_on_when_an_unclean_leader_lost_its_records():
    stage = Stage(orders("abcd", topic={"replicas": 2}, acks="all", idempotent=True, detect=0.2, unclean=True))
    stage.crash(1, at=1.5, restart_after=2)
    stage.crash(0, at=3.4)
    stage.until(10)
    assert [event.clean for event in stage.events(LeaderElected)] == [True, False]
    assert stage.values() == "ad"
    assert [error for _, _, error in stage.endings()] == [""] * 4


def test_tries_end_when_there_were_enough():
    stage = Stage(orders("a", retries=2, retry_backoff=0.3))
    stage.clock.call(stage.network.take_down, ADDRESS, 60_000)
    stage.until(5)
    assert stage.endings() == [((0,), 3, "BrokerNotAvailable")]
    assert stage.times(ProduceEnded) == [1606]  # three requests of 2 ms, 300 ms between them

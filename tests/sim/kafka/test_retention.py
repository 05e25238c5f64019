"""Records that go: too old, too many, superseded by key, deleted by hand or with their topic. Topics that change."""

import pytest

from sparksim.kafka.errors import OffsetOutOfRange, UnknownTopicOrPartition
from sparksim.kafka.records import TopicPartition
from sparksim.sim import AddPartitions, CreateTopic, DeleteRecords, DeleteTopic, KafkaCluster, Producer, Replay, Topic
from sparksim.trace.events import ProduceEnded, RecordsAppended, RecordsDeleted, TopicChanged
from tests.sim.kafka.stage import ORDERS, Stage, letters, orders


def deleted(stage):
    return [(event.time_ms, event.origins, event.reason) for event in stage.events(RecordsDeleted)]


def test_old_records_go_and_the_log_begins_later():
    stage = Stage(orders("abcde", topic={"retention": 2.5}, cleanup=1))
    stage.until(4.5)
    assert deleted(stage) == [(4000, (("orders/0", 0, 0),), "retention.ms")]
    assert stage.kafka.earliest_offsets([ORDERS]) == {ORDERS: 1}
    with pytest.raises(OffsetOutOfRange, match=r"orders/0 has no offset 0: its log holds 1 to 4\. Start from one of"):
        next(stage.kafka.read(ORDERS, 0, {}, 0))
    assert stage.values(begin=1) == "bcd"
    stage.until(20)
    assert [origin for _, origins, _ in deleted(stage) for origin in origins] == [
        ("orders/0", offset, offset) for offset in range(5)
    ]
    assert stage.kafka.earliest_offsets([ORDERS]) == stage.kafka.latest_offsets([ORDERS]) == {ORDERS: 5}


@pytest.mark.parametrize(
    ("limit", "reason"),
    [({"retention_records": 2}, "retention records"), ({"retention_bytes": 2}, "retention.bytes")],
)
def test_only_the_newest_stay(limit, reason):
    stage = Stage(orders("abcde", topic=limit, cleanup=2.5))
    stage.until(6)
    assert deleted(stage) == [(5000, (("orders/0", 0, 1),), reason)]
    assert stage.values(begin=2) == "cde"


def test_what_readers_may_not_see_yet_does_not_go():
    stage = Stage(orders("abc", topic={"replicas": 2, "retention": 1}, acks=1, detect=20))
    stage.crash(1, at=1.5)
    stage.until(10)
    assert deleted(stage) == [(3000, (("orders/0", 0, 0),), "retention.ms")]


def test_retention_goes_on_with_a_new_leader():
    stage = Stage(orders("abcd", topic={"replicas": 2, "retention": 2.5}, acks="all", detect=0.5))
    stage.crash(0, at=3.2, restart_after=3)
    stage.until(9)
    assert [origins for _, origins, _ in deleted(stage)] == [(("orders/0", offset, offset),) for offset in range(4)]
    assert stage.kafka.earliest_offsets([ORDERS]) == {ORDERS: 4}


def test_compaction_keeps_the_last_record_of_each_key():
    load = Replay([(second, (key, str(second))) for second, key in enumerate("abacb", start=1)])
    stage = Stage(KafkaCluster([Topic("orders", compact=True)], [Producer("orders", load)], cleanup=10))
    stage.until(11)
    assert deleted(stage) == [(10000, (("orders/0", 0, 1),), "compaction")]
    reader = stage.kafka.read(ORDERS, 0, {}, 0)
    assert [(record.offset, record.key, record.value) for record in (next(reader), next(reader), next(reader))] == [
        (2, b"a", b"3"),
        (3, b"c", b"4"),
        (4, b"b", b"5"),
    ]
    assert stage.kafka.earliest_offsets([ORDERS]) == {ORDERS: 0}


def test_compaction_leaves_gaps_over_which_readers_go():
    load = Replay([(second, (key, str(second))) for second, key in enumerate("abbbc", start=1)])
    stage = Stage(KafkaCluster([Topic("orders", compact=True)], [Producer("orders", load)], cleanup=10))
    stage.until(11)
    reader = stage.kafka.read(ORDERS, 1, {}, 0)
    assert [next(reader).offset, next(reader).offset] == [3, 4]


def test_a_compacted_topic_takes_no_record_without_a_key():
    stage = Stage(orders("a", topic={"compact": True}))
    stage.until(2)
    assert stage.endings() == [((0,), 1, "InvalidRecord")]
    assert stage.appended() == []


@pytest.mark.parametrize(("before", "last"), [(2, 1), (None, 2), (99, 2), (0, None)])
def test_records_deleted_by_hand(before, last):
    stage = Stage(orders("abcde", changes=[DeleteRecords("orders", 0, at=3.5, before=before)]))
    stage.until(6)
    expected = [] if last is None else [(3500, (("orders/0", 0, last),), "deleted by hand")]
    assert deleted(stage) == expected


def test_a_topic_that_is_deleted_takes_its_records_along():
    stage = Stage(orders("abcd", changes=[DeleteTopic("orders", at=2.5)], delivery_timeout=1))
    stage.until(2.2)
    stage.kafka.commit("g", {ORDERS: 1})
    stage.kafka.commit("g", {ORDERS: 1}, "zookeeper")
    stage.until(6)
    assert deleted(stage) == [(2500, (("orders/0", 0, 1),), "the topic was deleted")]
    assert [(event.time_ms, event.partitions) for event in stage.events(TopicChanged)] == [(0, 1), (2500, 0)]
    with pytest.raises(UnknownTopicOrPartition, match="the cluster has no topic 'orders'; its topics: none"):
        stage.kafka.latest_offsets([ORDERS])
    assert [event.error.partition(":")[0] for event in stage.events(ProduceEnded)] == [
        "",
        "",
        "UnknownTopicOrPartition",
        "UnknownTopicOrPartition",
    ]
    assert stage.kafka.committed("g", [ORDERS]) == {}
    assert stage.kafka.committed("g", [ORDERS], "zookeeper") == {ORDERS: 1}


def test_a_topic_of_the_same_name_begins_at_0_again():
    changes = [DeleteTopic("orders", at=2.5), CreateTopic(Topic("orders"), at=2.7)]
    stage = Stage(orders("abcd", changes=changes))
    stage.until(6)
    assert stage.values() == "cd"
    assert [first for first, _ in stage.appended()] == [0, 1, 0, 1]


def test_a_topic_gets_more_partitions():
    producer = Producer("orders", letters("abcdef"), partitioner="round-robin")
    cluster = KafkaCluster([Topic("orders", replicas=2)], [producer], changes=[AddPartitions("orders", 3, at=2.5)])
    stage = Stage(cluster)
    stage.until(8)
    assert [event.log for event in stage.events(RecordsAppended)] == [
        f"orders/{number}" for number in (0, 0, 1, 2, 0, 1)
    ]
    assert [(event.time_ms, event.partitions) for event in stage.events(TopicChanged)] == [(0, 1), (2500, 3)]
    assert stage.values(TopicPartition("orders", 1)) == "cf"


@pytest.mark.parametrize(
    "change",
    [
        AddPartitions("orders", 1, at=1),
        AddPartitions("payments", 3, at=1),
        DeleteTopic("payments", at=1),
        DeleteRecords("payments", 0, at=1),
        DeleteRecords("orders", 5, at=1),
        CreateTopic(Topic("orders", partitions=9), at=1),
    ],
)
def test_a_change_of_what_is_not_there_or_is_there_already_does_nothing(change):
    stage = Stage(orders("a", changes=[change]))
    stage.until(3)
    assert len(stage.events(TopicChanged)) == 1
    assert stage.values() == "a"

"""One consumer: where it begins, what `poll` gives, what it commits."""

import pytest

from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.kafka.errors import (
    BrokerNotAvailable,
    KafkaTimeout,
    NoOffsetForPartition,
    OffsetOutOfRange,
    RecordTooLarge,
    UnknownTopicOrPartition,
)
from sparksim.kafka.records import TopicPartition
from sparksim.sim import CreateTopic, DeleteTopic, KafkaCluster, Producer, Topic
from sparksim.trace.events import GroupRebalanced, OffsetsCommitted, OffsetsReset, RecordsRedelivered
from tests.sim.kafka.stage import ADDRESS, ORDERS, Stage, letters, orders

OTHER = TopicPartition("orders", 1)
BY_HAND = {"enable_auto_commit": False}


def text(records):
    return "".join(record.value.decode() for record in records)


def assigned(stage, partitions=(ORDERS,), **settings):
    consumer = stage.consumer(**{**BY_HAND, **settings})
    consumer.assign(partitions)
    return consumer


def committed(stage):
    return [(event.time_ms, event.offsets, event.cause) for event in stage.events(OffsetsCommitted)]


@pytest.mark.parametrize(
    ("settings", "offset", "policy"),
    [
        ({"auto.offset.reset": "earliest"}, 0, "earliest"),
        ({"auto.offset.reset": "smallest"}, 0, "earliest"),
        ({"auto.offset.reset": "latest"}, 3, "latest"),
        ({"auto.offset.reset": "largest"}, 3, "latest"),
        ({}, 3, "latest"),
    ],
)
def test_where_a_group_without_offsets_begins(settings, offset, policy):
    stage = Stage(orders("abcd"))
    stage.until(3.5)
    consumer = stage.kafka.consumer({"group.id": "g", **settings}, 0)
    consumer.assign([ORDERS])
    assert consumer.position(ORDERS) == offset
    stage.until(5)
    assert text(consumer.poll(0)) == "abcd"[offset:]
    (told,) = stage.events(OffsetsReset)
    assert (told.group, told.log, told.offset) == ("g", "orders/0", offset)
    assert told.reason == f"the group has no offset; auto.offset.reset={policy}"


def test_a_group_goes_on_where_it_committed():
    stage = Stage(orders("abcd"))
    stage.until(5)
    stage.kafka.commit("g", {ORDERS: 2})
    consumer = assigned(stage)
    assert consumer.position(ORDERS) == 2
    assert text(consumer.poll(0)) == "cd"
    assert consumer.position(ORDERS) == 4
    assert stage.events(OffsetsReset) == []


def test_no_offset_and_no_reset_is_an_error():
    stage = Stage(orders("a"))
    consumer = assigned(stage, auto_offset_reset="none")
    for ask in (lambda: consumer.poll(0), lambda: consumer.position(ORDERS)):
        with pytest.raises(
            NoOffsetForPartition, match=r"group 'g' has no offset for orders/0, and auto.offset.reset is"
        ):
            ask()


@pytest.mark.parametrize(("reset", "position", "seen"), [("earliest", 2, "cde"), ("latest", 5, "")])
def test_an_offset_out_of_range_is_reset(reset, position, seen):
    stage = Stage(orders("abcde", topic={"retention_records": 3}))
    stage.until(7)
    for offset in (0, 99):
        consumer = assigned(stage, auto_offset_reset=reset)
        consumer.seek(ORDERS, offset)
        assert text(consumer.poll(100)) == seen
        assert consumer.position(ORDERS) == 5
    low, high = stage.events(OffsetsReset)
    assert (low.offset, high.offset) == (position, position)
    assert low.reason == f"orders/0 has no offset 0: its log holds 2 to 5; auto.offset.reset={reset}"


def test_an_offset_out_of_range_without_reset_is_an_error():
    stage = Stage(orders("abcde", topic={"retention_records": 3}))
    stage.until(7)
    consumer = assigned(stage, auto_offset_reset="none")
    consumer.seek(ORDERS, 0)
    with pytest.raises(OffsetOutOfRange, match="its log holds 2 to 5"):
        consumer.poll(0)


def test_poll_waits_for_records_and_not_longer():
    stage = Stage(orders("ab", replicate_ms=0, request_ms=10))
    consumer = assigned(stage)
    assert (text(consumer.poll(5000)), stage.clock.now_ms) == ("a", 1010)
    assert (consumer.poll(500), stage.clock.now_ms) == ([], 1510)
    assert (text(consumer.poll(500)), stage.clock.now_ms) == ("b", 2010)


def test_a_wait_between_two_microseconds_ends():
    stage = Stage(orders("", request_ms=0))
    consumer = assigned(stage)
    assert consumer.poll(10.0004) == []
    assert stage.clock.now_ms == 10
    with pytest.raises(KafkaTimeout):
        next(stage.kafka.read(ORDERS, 0, {}, 10.0004))
    assert stage.clock.now_ms == 20


def test_poll_gives_so_many_records_and_keeps_the_others_of_a_fetch():
    stage = Stage(orders("abcdefg", every=0.1, request_ms=10))
    stage.until(3)
    consumer = assigned(stage, max_poll_records=3)
    polled = [(text(consumer.poll(0)), stage.clock.now_ms) for _ in range(3)]
    assert polled == [("abc", 3020), ("def", 3020), ("g", 3020)]  # one request for the position, one for records
    assert consumer.position(ORDERS) == 7


def test_partitions_have_their_turns():
    producer = Producer("orders", letters("AaBbCc", every=0.1), partitioner="round-robin")
    stage = Stage(KafkaCluster([Topic("orders", partitions=2)], [producer]))
    stage.until(3)
    consumer = assigned(stage, [ORDERS, OTHER], max_partition_fetch_bytes=2, fetch_max_bytes=2)
    assert [text(consumer.poll(0)) for _ in range(4)] == ["AB", "ab", "Cc", ""]


def test_a_record_that_has_no_room():
    stage = Stage(orders("a"))
    stage.until(2)
    consumer = assigned(stage, max_partition_fetch_bytes=1)
    assert text(consumer.poll(0)) == "a"
    large = Stage(KafkaCluster([Topic("orders")], [Producer("orders", letters("a"), key=lambda letter: "key")]))
    large.until(2)
    with pytest.raises(RecordTooLarge, match="has 4 bytes, and the consumer takes 3"):
        assigned(large, max_partition_fetch_bytes=3).poll(0)


def test_paused_partitions_give_nothing_until_they_are_assigned_anew():
    stage = Stage(orders("abc"))
    stage.until(2.5)
    consumer = assigned(stage)
    consumer.pause([ORDERS])
    assert consumer.poll(1000) == []
    assert stage.clock.now_ms == 3500
    assert consumer.position(ORDERS) == 0
    consumer.assign([ORDERS])
    assert text(consumer.poll(0)) == "abc"


def test_seek_drops_what_was_fetched():
    stage = Stage(orders("abcd", every=0.1))
    stage.until(3)
    consumer = assigned(stage, max_poll_records=1)
    assert text(consumer.poll(0)) == "a"
    consumer.seek(ORDERS, 3)
    assert text(consumer.poll(0)) == "d"


def test_positions_are_committed_by_the_clock_and_at_the_end():
    stage = Stage(orders("abcdefgh", every=1, request_ms=0, replicate_ms=0))
    consumer = stage.consumer(auto_commit_interval_ms=3000)
    consumer.assign([ORDERS])
    for _ in range(5):
        consumer.poll(1000)
    consumer.close()
    assert committed(stage) == [
        (3000, (("orders/0", 3),), "enable.auto.commit=true"),
        (5000, (("orders/0", 5),), "enable.auto.commit=true"),
    ]
    assert consumer.stored() == {ORDERS: 5}


def test_commit_waits_and_commit_async_calls_back_later():
    stage = Stage(orders("a", request_ms=10))
    consumer = assigned(stage)
    consumer.commit({ORDERS: 1})
    assert stage.clock.now_ms == 10
    heard = []
    consumer.commit_async({ORDERS: 2}, lambda offsets, error: heard.append((offsets, error)))
    consumer.commit_async({ORDERS: 3})
    assert stage.clock.now_ms == 10
    consumer.poll(0)
    assert heard == []
    consumer.poll(0)
    assert heard == [({ORDERS: 2}, None)]
    assert committed(stage) == [
        (5, (("orders/0", 1),), "commit"),
        (15, (("orders/0", 2),), "commitAsync"),
        (15, (("orders/0", 3),), "commitAsync"),
    ]
    assert consumer.stored() == stage.kafka.committed("g", [ORDERS]) == {ORDERS: 3}


def test_close_waits_for_the_answers():
    stage = Stage(orders("a", request_ms=10))
    consumer, heard = assigned(stage), []
    consumer.commit_async({ORDERS: 1}, lambda offsets, error: heard.append(error))
    consumer.close()
    consumer.close()
    assert heard == [None]
    with pytest.raises(IllegalStateError, match="this consumer is closed: make another one"):
        consumer.poll(0)


def test_a_commit_that_nobody_hears():
    stage = Stage(orders("a"))
    consumer, heard = assigned(stage), []
    stage.clock.call(stage.network.take_down, ADDRESS, 2000)
    with pytest.raises(BrokerNotAvailable, match="the cluster cannot be reached now"):
        consumer.commit({ORDERS: 1})
    consumer.commit_async({ORDERS: 1}, lambda offsets, error: heard.append(type(error)))
    stage.until(3)
    consumer.poll(0)
    assert heard == [BrokerNotAvailable]
    assert consumer.stored() == {}


def test_poll_waits_through_a_short_outage_and_tells_of_a_long_one():
    stage = Stage(orders("abcdef", acks="all", idempotent=True))
    consumer = assigned(stage)
    assert text(consumer.poll(2000)) == "a"
    stage.clock.call(stage.network.take_down, ADDRESS, 3500)
    with pytest.raises(BrokerNotAvailable, match=r"none of the brokers localhost:9092, .* answers"):
        consumer.poll(1000)
    assert 2000 <= stage.clock.now_ms < 2110
    assert text(consumer.poll(3000)) == "bc"
    assert 3500 <= stage.clock.now_ms < 3610  # both have tried again and again


def test_a_dead_leader_keeps_only_its_own_partitions_back():
    producer = Producer("orders", letters("AaBbCc"), partitioner="round-robin", acks="all")
    stage = Stage(KafkaCluster([Topic("orders", partitions=2, replicas=2)], [producer], detect=2))
    consumer = assigned(stage, [ORDERS, OTHER])
    stage.crash(0, at=2.5)
    seen = ""
    while stage.clock.now_ms < 8000:
        seen += text(consumer.poll(500))
    assert seen == "AabBCc"  # B waits for its new leader until 4.5 s


def test_a_topic_that_is_not_there():
    stage = Stage(orders("a"))
    consumer = assigned(stage, [TopicPartition("payments", 0)])
    with pytest.raises(UnknownTopicOrPartition, match="the cluster has no topic 'payments'"):
        consumer.poll(0)
    subscriber = stage.consumer("h")
    subscriber.subscribe(["payments"])
    assert subscriber.poll(500) == []
    assert subscriber.assignment() == frozenset()


def test_subscribers_see_new_and_deleted_topics_when_their_metadata_is_old():
    changes = [CreateTopic(Topic("orders-2"), at=2), DeleteTopic("orders-1", at=4)]
    stage = Stage(KafkaCluster([Topic("orders-1"), Topic("payments")], changes=changes))
    consumer = stage.consumer(metadata_max_age_ms=1000, heartbeat_interval_ms=500, **BY_HAND)
    consumer.subscribe_pattern("orders-.")
    seen = []
    while stage.clock.now_ms < 6000:
        consumer.poll(300)
        names = sorted(partition.topic for partition in consumer.assignment())
        if names not in seen:
            seen.append(names)
    assert seen == [["orders-1"], ["orders-1", "orders-2"], ["orders-2"]]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda c: c.position(OTHER),
            IllegalStateError,
            r"orders/1 is not assigned to this consumer, which has orders/0",
        ),
        (lambda c: c.seek(OTHER, 0), IllegalStateError, r"orders/1 is not assigned"),
        (lambda c: c.pause([OTHER]), IllegalStateError, r"orders/1 is not assigned"),
        (lambda c: c.seek(ORDERS, -1), IllegalArgumentError, r"seek\(orders/0, -1\): give an offset, 0 or more"),
        (lambda c: c.seek(ORDERS, 1.5), IllegalArgumentError, r"give an offset"),
        (lambda c: c.subscribe(["orders"]), IllegalStateError, r"has partitions assigned by hand"),
        (lambda c: c.subscribe("orders"), IllegalArgumentError, r"subscribe\('orders'\): give a list of topics"),
        (lambda c: c.subscribe_pattern("("), IllegalArgumentError, r"subscribe_pattern\('\('\): no regular expression"),
    ],
)
def test_what_makes_no_sense_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(assigned(Stage(orders("a"))))


def test_a_subscriber_cannot_assign_and_needs_a_group():
    stage = Stage(orders("a"))
    consumer = stage.consumer()
    consumer.subscribe(["orders"])
    with pytest.raises(IllegalStateError, match="has subscribed to topics"):
        consumer.assign([ORDERS])
    nobody = stage.kafka.consumer({}, 0)
    for call in (
        lambda: nobody.subscribe(["orders"]),
        lambda: nobody.commit({ORDERS: 1}),
        lambda: nobody.commit_async({ORDERS: 1}),
    ):
        with pytest.raises(IllegalArgumentError, match=r"the consumer belongs to no group; give it a group.id"):
            call()


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("auto.offset.reset", "newest", "auto.offset.reset='newest': use 'earliest', 'latest' or 'none'"),
        ("enable.auto.commit", "yes", "enable.auto.commit='yes': use true or false"),
        ("auto.commit.enable", 1, "auto.commit.enable=1: use true or false"),
        ("session.timeout.ms", "soon", "session.timeout.ms='soon': give a number, 0 or more"),
        ("max.poll.records", 0, "max.poll.records=0: give a number, 1 or more"),
        ("max.poll.records", True, "max.poll.records=True"),
        ("offsets.storage", "disk", "offsets.storage='disk': use 'kafka' or 'zookeeper'"),
    ],
)
def test_settings_that_cannot_be_read_are_refused(setting, value, message):
    with pytest.raises(IllegalArgumentError, match=message):
        Stage(orders("a")).kafka.consumer({"group.id": "g", setting: value}, 0)


def test_settings_may_be_texts():
    stage = Stage(orders("abc", every=0.1))
    stage.until(2)
    consumer = stage.kafka.consumer(
        {"group.id": "g", "auto.offset.reset": "earliest", "max.poll.records": "2", "enable.auto.commit": "False"}, 0
    )
    consumer.assign([ORDERS])
    assert text(consumer.poll(0)) == "ab"
    consumer.close()
    assert committed(stage) == []


def test_a_receiver_is_told_what_its_group_had_been_given_before():
    stage = Stage(orders("abcd"))
    old = {"offsets_storage": "zookeeper", "auto_commit_enable": "false"}
    stage.until(3.5)
    first = stage.consumer(**old)
    first.subscribe(["orders"])
    assert text(first.poll(1000)) == "abc"
    first.commit({ORDERS: 2})
    first.close()
    second = stage.consumer(**old)
    second.subscribe(["orders"])
    assert text(second.poll(0)) == "c"
    assert text(second.poll(2000)) == "d"
    (again,) = stage.events(RecordsRedelivered)
    assert again.origins == (("orders/0", 2, 2),)
    assert [event.group for event in stage.events(GroupRebalanced)] == ["g", "g", "g"]

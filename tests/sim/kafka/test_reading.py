"""What a process reads of a cluster by offset: metadata, offsets, records, stored offsets; and what it waits for."""

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.kafka.client import KafkaNetwork, connect
from sparksim.kafka.errors import (
    BrokerNotAvailable,
    CommitFailed,
    KafkaTimeout,
    LeaderNotAvailable,
    OffsetOutOfRange,
    RecordTooLarge,
    UnknownTopicOrPartition,
)
from sparksim.kafka.records import TopicPartition
from sparksim.sim import KafkaCluster, Producer, Replay, Topic
from sparksim.trace.events import OffsetsCommitted
from tests.sim.kafka.stage import ADDRESS, ORDERS, Stage, letters, orders


def test_every_request_takes_its_time():
    stage = Stage(orders("a", request_ms=10))
    for ask in (
        stage.kafka.topics,
        lambda: stage.kafka.earliest_offsets([ORDERS]),
        lambda: stage.kafka.latest_offsets([ORDERS]),
        lambda: stage.kafka.committed("g", [ORDERS]),
        lambda: stage.kafka.commit("g", {ORDERS: 0}),
    ):
        before_ms = stage.clock.now_ms
        ask()
        assert stage.clock.now_ms - before_ms == 10


def test_a_fetch_brings_as_much_as_it_may():
    stage = Stage(orders("abcdefgh", every=0.1, request_ms=10))
    stage.until(3)
    reader = stage.kafka.read(ORDERS, 2, {"max.partition.fetch.bytes": 3}, 0)
    read = [(next(reader).value, stage.clock.now_ms) for _ in range(6)]
    assert read == [(b"c", 3010), (b"d", 3010), (b"e", 3010), (b"f", 3020), (b"g", 3020), (b"h", 3020)]


@pytest.mark.parametrize("setting", ["max.partition.fetch.bytes", "fetch.message.max.bytes"])
def test_a_record_that_has_no_room_in_a_fetch(setting):
    stage = Stage(KafkaCluster([Topic("orders")], [Producer("orders", Replay([(1, "a"), (1.1, "four")]))]))
    stage.until(2)
    reader = stage.kafka.read(ORDERS, 0, {setting: 3}, 0)
    assert next(reader).value == b"a"
    with pytest.raises(RecordTooLarge, match=r"offset 1 of orders/0 has 4 bytes, and the consumer takes 3: raise max"):
        next(reader)


def test_a_reader_waits_for_the_next_record_and_has_it_at_once():
    stage = Stage(orders("ab", request_ms=10, replicate_ms=0))
    reader = stage.kafka.read(ORDERS, 0, {}, 5000)
    assert (next(reader).value, stage.clock.now_ms) == (b"a", 1010)
    assert (next(reader).value, stage.clock.now_ms) == (b"b", 2010)
    with pytest.raises(KafkaTimeout, match=r"no record at offset 2 of orders/0 came within 5000 ms"):
        next(reader)
    assert stage.clock.now_ms == 7010


def test_offsets_that_the_log_has_not_got():
    stage = Stage(orders("ab"))
    stage.until(3)
    for offset in (3, 99):
        with pytest.raises(OffsetOutOfRange, match=rf"orders/0 has no offset {offset}: its log holds 0 to 2"):
            next(stage.kafka.read(ORDERS, offset, {}, 1000))
    with pytest.raises(KafkaTimeout):
        next(stage.kafka.read(ORDERS, 2, {}, 0))
    with pytest.raises(IllegalArgumentError, match=r"offset=-1: offsets of orders/0 are counted from 0"):
        next(stage.kafka.read(ORDERS, -1, {}, 0))


@pytest.mark.parametrize(
    ("partition", "message"),
    [
        (TopicPartition("payments", 0), "the cluster has no topic 'payments'; its topics: 'orders'"),
        (TopicPartition("orders", 1), "topic 'orders' has no partition 1; it has 0 to 0"),
        (TopicPartition("orders", -1), "topic 'orders' has no partition -1"),
    ],
)
def test_a_partition_that_is_not_there(partition, message):
    stage = Stage(orders("a"))
    for ask in (
        lambda: stage.kafka.earliest_offsets([partition]),
        lambda: stage.kafka.latest_offsets([partition]),
        lambda: next(stage.kafka.read(partition, 0, {}, 0)),
        lambda: stage.kafka.commit("g", {partition: 0}),
    ):
        with pytest.raises(UnknownTopicOrPartition, match=message):
            ask()


def test_a_reader_asks_for_the_leader_as_long_as_it_would_wait_for_a_record():
    stage = Stage(orders("ab", topic={"replicas": 2}, acks="all", detect=1))
    stage.crash(0, at=3)
    stage.until(3.1)
    reader = stage.kafka.read(ORDERS, 0, {}, 2000)
    assert (next(reader).value, next(reader).value) == (b"a", b"b")
    assert 4000 < stage.clock.now_ms < 4200


def test_a_reader_that_does_not_wait_is_told_at_once():
    stage = Stage(orders("ab", detect=1))
    stage.until(3)
    half_read = stage.kafka.read(ORDERS, 0, {"max.partition.fetch.bytes": 1}, 0)
    next(half_read)
    stage.crash(0, at=3.05)
    stage.until(3.1)
    with pytest.raises(BrokerNotAvailable, match="broker 0 at localhost:9092 does not answer: its process is dead"):
        next(half_read)
    stage.until(5)
    with pytest.raises(LeaderNotAvailable, match="orders/0 has no leader now"):
        next(stage.kafka.read(ORDERS, 0, {}, 0))


def test_stored_offsets_are_kept_by_group_and_place():
    stage = Stage(KafkaCluster([Topic("orders", partitions=2)]))
    other = TopicPartition("orders", 1)
    stage.kafka.commit("g", {ORDERS: 5, other: 7})
    stage.kafka.commit("g", {ORDERS: 2}, "zookeeper")
    stage.kafka.commit("h", {})
    assert stage.kafka.committed("g", [ORDERS, other]) == {ORDERS: 5, other: 7}
    assert stage.kafka.committed("g", [ORDERS, other], "zookeeper") == {ORDERS: 2}
    assert stage.kafka.committed("h", [ORDERS]) == {}
    first, second = stage.events(OffsetsCommitted)
    assert (first.group, first.storage, first.offsets) == ("g", "kafka", (("orders/0", 5), ("orders/1", 7)))
    assert (second.storage, second.stream_id, second.cause) == ("zookeeper", None, "commit")
    with pytest.raises(IllegalArgumentError, match="storage='disk': use one of 'kafka', 'zookeeper'"):
        stage.kafka.committed("g", [ORDERS], "disk")


def test_only_members_commit_to_a_group_that_has_some():
    stage = Stage(orders("a"))
    consumer = stage.consumer("g", enable_auto_commit=False)
    consumer.subscribe(["orders"])
    consumer.poll(0)
    with pytest.raises(CommitFailed, match="group 'g' has members, and only they can commit to it"):
        stage.kafka.commit("g", {ORDERS: 1})
    consumer.close()
    stage.kafka.commit("g", {ORDERS: 1})


@pytest.mark.parametrize(
    "addresses",
    [
        "localhost:9092",
        "localhost:9094",
        "nobody:1,localhost:9093",
        "localhost:2181",
        "localhost:2181/kafka",
        " localhost:9092 ",
    ],
)
def test_a_cluster_is_found_by_any_of_its_addresses(addresses):
    stage = Stage(orders("a"))
    assert isinstance(stage.network, KafkaNetwork)
    assert list(stage.network.kafka(addresses).topics()) == ["orders"]
    assert list(connect(stage.network, {"bootstrap.servers": addresses}, "test").topics()) == ["orders"]


def test_where_there_is_no_cluster():
    stage = Stage(orders("a"))
    with pytest.raises(
        BrokerNotAvailable, match=r"no Kafka cluster answers at 'host:1'; the simulated network has 'loc"
    ):
        stage.network.kafka("host:1")
    with pytest.raises(ConnectionRefusedError, match="localhost:9092 is a Kafka cluster, and no server of lines"):
        stage.network.connect("localhost", 9092, 0)
    with pytest.raises(IllegalArgumentError, match=f"address='{ADDRESS}': this source keeps no log"):
        stage.network.log(ADDRESS)


def test_a_client_that_knows_only_a_dead_broker_finds_nobody():
    stage = Stage(orders("a", topic={"replicas": 2}))
    knows_them = stage.network.kafka("localhost:9092")
    knows_them.topics()
    stage.crash(0, at=1)
    stage.until(2)
    assert list(knows_them.topics()) == ["orders"]
    with pytest.raises(
        BrokerNotAvailable, match=r"none of the brokers localhost:9092 answers.*name more of its brokers"
    ):
        stage.network.kafka("localhost:9092").topics()


def test_brokers_may_have_addresses_of_their_own():
    cluster = KafkaCluster(
        [Topic("orders", partitions=2)],
        [Producer("orders", letters("ab"), partitioner="round-robin")],
        brokers=["host-1:9092", "host-2:9092"],
    )
    stage = Stage(cluster)
    stage.until(3)
    assert [info.leader for info in stage.network.kafka(ADDRESS).topics()["orders"]] == ["host-1:9092", "host-2:9092"]
    stage.crash(0, at=4)
    stage.until(5)
    assert stage.network.kafka(ADDRESS).latest_offsets([TopicPartition("orders", 1)])  # the key is no single broker
    assert stage.network.kafka("host-2:9092").topics()

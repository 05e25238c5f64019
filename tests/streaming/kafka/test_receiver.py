"""`KafkaUtils.createStream` without a write-ahead log: what Spark does with what a consumer group gives it."""

import pytest

from sparksim import StorageLevel
from sparksim.kafka.records import TopicPartition
from sparksim.sim import ExecutorCrash, ReceiverCrash
from sparksim.streaming.kafka import KafkaUtils
from sparksim.streaming.kafka.receiver import KafkaReceiver
from sparksim.streaming.kafka.reliable_receiver import ReliableKafkaReceiver
from sparksim.trace.delivery import Delivery
from sparksim.trace.events import (
    BlockAdded,
    BlockGenerated,
    BlockStored,
    ReceiverError,
    ReceiverStarted,
    ReceiverStopped,
    RecordsLost,
    TaskStart,
)
from tests.streaming.kafka.receiver_fakes import GROUP, ZOOKEEPER, ZooKeeperCluster

TOPIC = "orders"
P0, P1, P2 = (TopicPartition(TOPIC, number) for number in range(3))
SMALLEST = {"auto.offset.reset": "smallest"}


def stream_of(ssc, topics=None, params=SMALLEST, **more):
    return KafkaUtils.createStream(ssc, ZOOKEEPER, GROUP, topics or {TOPIC: 1}, params, **more)


def value_of(pair):
    return pair[1]


def values(batches):
    return [value for _, batch in batches for value in batch]


def cluster_of(partitions=1, already=()):
    cluster = ZooKeeperCluster({TOPIC: partitions})
    cluster.write(TOPIC, already)
    return cluster


# --- what a program gets ---------------------------------------------------------------------------------------------


def test_messages_are_pairs_of_key_and_value_as_text(app):
    cluster = cluster_of()
    cluster.write(TOPIC, ["a"], key=b"k")
    cluster.write(TOPIC, ["b"], key=b"l")
    cluster.write(TOPIC, [None], key=b"m")
    made = app(network=cluster.network())
    batches = made.collect(stream_of(made.ssc))
    made.run(4)
    assert [pair for _, batch in batches for pair in batch] == [("k", "a"), ("l", "b"), ("m", None)]


def test_every_record_has_its_log_and_offset_as_origin(app):
    cluster = cluster_of(2)
    made = app(network=cluster.network(*cluster.sent(TOPIC, 1.0, 0.1, 20)))
    made.collect(stream_of(made.ssc).map(value_of))
    made.run(6)
    numbers = {log: [] for log in (str(P0), str(P1))}
    for block in made.of(BlockGenerated):
        for log, first, last in block.origins:
            numbers[log] += range(first, last + 1)
    assert numbers == {str(P0): list(range(10)), str(P1): list(range(10))}
    delivery = Delivery(made.trace)
    assert delivery.count("once") == 20


@pytest.mark.parametrize(("reset", "seen"), [("smallest", ["0", "1", "2", "new"]), ("largest", ["new"])])
def test_a_new_group_begins_where_auto_offset_reset_says(app, reset, seen):
    cluster = cluster_of(already=range(3))
    made = app(network=cluster.network((3.0, lambda: cluster.write(TOPIC, ["new"]))))
    batches = made.collect(stream_of(made.ssc, params={"auto.offset.reset": reset}).map(value_of))
    made.run(5)
    assert values(batches) == seen


def test_without_settings_a_new_group_begins_with_the_next_message(app):
    cluster = cluster_of(already=range(3))
    made = app(network=cluster.network((3.0, lambda: cluster.write(TOPIC, ["new"]))))
    batches = made.collect(stream_of(made.ssc, params=None).map(value_of))
    made.run(5)
    assert values(batches) == ["new"]


def test_the_storage_level_is_two_copies_unless_the_program_says_otherwise(app):
    cluster = cluster_of(already=range(3))
    made = app(network=cluster.network())
    made.collect(stream_of(made.ssc).map(value_of))
    made.collect(stream_of(made.ssc, storageLevel=StorageLevel.MEMORY_ONLY).map(value_of))
    made.run(4)
    levels = {event.block_id.split("-")[1]: event.level for event in made.of(BlockStored)}
    assert set(levels.values()) <= {"MEMORY_AND_DISK_SER_2", "MEMORY_AND_DISK_2", "MEMORY_ONLY"}
    (receiver, _) = (each.receiver for each in made.ssc._graph.inputs)
    assert receiver.storageLevel is StorageLevel.MEMORY_AND_DISK_2


@pytest.mark.parametrize(
    ("reliable", "kind"), [(False, KafkaReceiver), (True, ReliableKafkaReceiver)], ids=["without log", "with log"]
)
def test_the_write_ahead_log_decides_which_receiver_it_is(app, reliable, kind):
    made = app(network=cluster_of().network(), settings={"spark.streaming.receiver.writeAheadLog.enable": reliable})
    stream_of(made.ssc)
    (only,) = made.ssc._graph.inputs
    assert type(only.receiver) is kind


# --- threads, receivers, cores ---------------------------------------------------------------------------------------


def test_threads_share_the_partitions_inside_one_receiver_on_one_core(app):
    cluster = cluster_of(3)
    made = app("sim[1,2]", network=cluster.network(*cluster.sent(TOPIC, 1.0, 0.1, 30)))
    batches = made.collect(stream_of(made.ssc, {TOPIC: 3}).map(value_of))
    made.run(2)
    assert [sorted(member.positions) for member in cluster.members[GROUP]] == [[P0], [P1], [P2]]
    made.run(6)
    assert len([event for event in made.of(TaskStart) if event.kind == "Receiver"]) == 1
    assert sorted(values(batches), key=int) == [str(k) for k in range(30)]


@pytest.mark.parametrize("threads", [1, 3])
def test_a_batch_has_a_partition_per_block_however_many_threads_there_are(app, threads):
    cluster = cluster_of(3)
    made = app(network=cluster.network(*cluster.sent(TOPIC, 1.0, 0.02, 200)))
    partitions = []
    stream_of(made.ssc, {TOPIC: threads}).foreachRDD(lambda rdd: partitions.append(rdd.getNumPartitions()))
    made.run(4.5)
    assert partitions[2:4] == [5, 5]


def test_several_topics_in_one_receiver(app):
    cluster = cluster_of(already=["order"])
    cluster.make("returns", 2)
    cluster.write("returns", ["return 1", "return 2"])
    made = app(network=cluster.network())
    batches = made.collect(stream_of(made.ssc, {TOPIC: 1, "returns": 2}).map(value_of))
    made.run(3)
    assert sorted(values(batches)) == ["order", "return 1", "return 2"]
    assert len(cluster.members[GROUP]) == 3


def test_several_receivers_share_the_partitions_and_take_a_core_each(app):
    cluster = cluster_of(2)
    made = app(network=cluster.network(*cluster.sent(TOPIC, 1.0, 0.1, 30)))
    streams = [stream_of(made.ssc).map(value_of) for _ in range(2)]
    batches = made.collect(made.ssc.union(*streams))
    made.run(6)
    assert {(block.stream_id, log) for block in made.of(BlockGenerated) for log, _, _ in block.origins} == {
        (0, str(P0)),
        (1, str(P1)),
    }
    assert sorted(values(batches), key=int) == [str(k) for k in range(30)]


def test_more_receivers_than_cores_leave_none_for_the_batches(app):
    cluster = cluster_of(20, already=range(20))
    made = app("sim[1,2]", network=cluster.network())
    batches = made.collect(made.ssc.union(*(stream_of(made.ssc) for _ in range(20))))
    made.run(10)
    assert len(made.of(ReceiverStarted)) == 2
    assert values(batches) == []


def test_the_receivers_rate_is_limited(app):
    cluster = cluster_of(already=range(1000))
    made = app(network=cluster.network(), settings={"spark.streaming.receiver.maxRate": 50})
    batches = made.collect(stream_of(made.ssc))
    made.run(5)
    assert [len(batch) for _, batch in batches[1:4]] == [50, 50, 50]


# --- offsets, and what dies ------------------------------------------------------------------------------------------


def crash(app, interval_ms, at, **more):
    """30 records a second; the receiver's executor dies, and another one goes on. Its delivery, and the commits."""
    cluster = cluster_of()
    faults = [ExecutorCrash("receiver", at=at)]
    made = app(network=cluster.network(*cluster.sent(TOPIC, 1.0, 1 / 30, 150)), faults=faults, **more)
    stream_of(made.ssc, params={**SMALLEST, "auto.commit.interval.ms": interval_ms}).foreachRDD(
        lambda rdd: rdd.foreach(str)
    )
    made.run(20)
    return made, cluster, Delivery(made.trace)


def numbers_of(events):
    return {number for event in events for _, first, last in event.origins for number in range(first, last + 1)}


def test_a_crash_loses_what_was_committed_and_still_in_memory(app):
    made, cluster, delivery = crash(app, interval_ms=100, at=3.17)
    committed = max(offsets[P0] for at_s, _, offsets in cluster.commits if at_s < 3.17)
    lost = numbers_of(made.of(RecordsLost))
    assert lost == {row.record for row in delivery.records if row.outcome == "lost"}
    assert lost
    assert max(lost) == committed - 1
    assert {event.reason.partition(" when ")[0] for event in made.of(RecordsLost)} <= {
        "in the receiver's buffer",
        "cut into a block that had not reached the driver",
        "read from the source but not yet stored",
    }


def test_a_crash_has_what_was_stored_and_not_committed_read_again(app):
    made, cluster, delivery = crash(app, interval_ms=60_000, at=3.17)
    assert not [offsets for at_s, _, offsets in cluster.commits if at_s < 15]
    assert not made.of(RecordsLost)
    twice = {row.record for row in delivery.records if row.outcome == "n times"}
    known = {event.block_id for event in made.of(BlockAdded) if event.time_ms < 3170}
    stored = numbers_of(block for block in made.of(BlockGenerated) if block.block_id in known)
    assert twice == stored
    assert delivery.count("once") + delivery.count("n times") == 150


def test_in_between_some_are_lost_and_some_come_twice(app):
    made, cluster, delivery = crash(app, interval_ms=1000, at=3.17)
    (*_, committed) = (offsets[P0] for at_s, _, offsets in cluster.commits if at_s < 3.17)
    twice = [row.record for row in delivery.records if row.outcome == "n times"]
    assert twice
    assert min(twice) == committed
    assert numbers_of(made.of(RecordsLost)) <= set(range(committed))


def test_a_receiver_that_stops_commits_what_it_has_read(app):
    cluster = cluster_of()
    made = app(network=cluster.network(*cluster.sent(TOPIC, 1.0, 0.1, 20)))
    batches = made.collect(stream_of(made.ssc))
    made.run(2.55)
    made.ssc.stop(stopSparkContext=False, stopGraceFully=True)
    assert cluster.offsets == {P0: len([record for _, batch in batches for record in batch])}
    assert cluster.members[GROUP] == []
    assert not made.of(RecordsLost)


@pytest.mark.parametrize("restarts", [True, False])
def test_a_receiver_that_fails_leaves_the_group_and_goes_on_where_it_was(app, restarts):
    cluster = cluster_of()
    made = app(
        network=cluster.network(*cluster.sent(TOPIC, 1.0, 0.1, 40)), faults=[ReceiverCrash(2.55, restarts=restarts)]
    )
    stream_of(made.ssc).foreachRDD(lambda rdd: rdd.foreach(str))
    made.run(9)
    assert len(made.of(ReceiverStarted)) == 2
    assert Delivery(made.trace).count("once") == 40


# --- a cluster in trouble --------------------------------------------------------------------------------------------


def test_without_zookeeper_the_receiver_fails_after_ten_seconds_and_is_started_anew(app):
    cluster = cluster_of(already=["a"])
    cluster.down = True

    def come_back():
        cluster.down = False

    made = app(network=cluster.network((25.0, come_back)))
    batches = made.collect(stream_of(made.ssc).map(value_of))
    made.run(30)
    stopped = made.of(ReceiverStopped)
    started = made.of(ReceiverStarted)[:-1]
    assert [round((end.time_ms - start.time_ms) / 1000) for start, end in zip(started, stopped, strict=True)] == [
        10,
        10,
    ]
    assert "BrokerNotAvailable: nobody answers on localhost:2181" in stopped[0].error
    assert values(batches) == ["a"]


def test_brokers_that_are_away_for_a_while_are_waited_for(app):
    cluster = cluster_of()
    events = cluster.sent(TOPIC, 1.05, 0.1, 40)
    outage = [(2.0, lambda: setattr(cluster, "down", True)), (4.0, lambda: setattr(cluster, "down", False))]
    made = app(network=cluster.network(*events, *outage))
    stream_of(made.ssc).foreachRDD(lambda rdd: rdd.foreach(str))
    made.run(8)
    assert Delivery(made.trace).count("once") == 40
    assert [warning for warning in made.warnings() if "Receiver 0 waits: nobody answers" in warning]
    assert not made.of(ReceiverStopped, ReceiverError)


def test_a_topic_that_is_not_there_is_waited_for_and_said(app):
    cluster = ZooKeeperCluster({"other": 1})
    made = app(network=cluster.network((3.0, lambda: (cluster.make(TOPIC, 1), cluster.write(TOPIC, ["late"])))))
    batches = made.collect(stream_of(made.ssc).map(value_of))
    made.run(5)
    assert values(batches) == ["late"]
    assert "Receiver 0: there is no topic 'orders' yet; its receiver waits for it" in made.warnings()


def test_an_error_ends_a_thread_whose_partitions_nobody_reads_then(app):
    cluster = cluster_of(2)
    cluster.poisoned = {b"2"}
    made = app(network=cluster.network(*cluster.sent(TOPIC, 1.0, 0.1, 10)))
    batches = made.collect(stream_of(made.ssc, {TOPIC: 2}).map(value_of))
    made.run(5)
    assert sorted(values(batches)) == ["0", "1", "3", "5", "7", "9"]
    (error,) = made.of(ReceiverError)
    assert error.message == "Error handling message; exiting"
    assert "offset 1: larger than fetch.message.max.bytes" in error.error


def test_a_decoder_that_raises_fails_the_batch_and_not_the_receiver(app):
    cluster = cluster_of(already=[b"\xff"])
    made = app(network=cluster.network((2.2, lambda: cluster.write(TOPIC, ["fine"]))))
    batches = made.collect(stream_of(made.ssc).map(value_of))
    made.ssc.start()
    with pytest.raises(Exception, match="UnicodeDecodeError"):
        made.run(5)
    assert values(batches) == []
    assert not made.of(ReceiverError, ReceiverStopped)
    made.clock.run_until(6000)
    assert values(batches) == ["fine"]

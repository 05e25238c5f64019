"""`KafkaUtils.createStream` without a write-ahead log: what Spark does with what a consumer group gives it."""

import pytest

from sparksim import StorageLevel
from sparksim.core.errors import IllegalArgumentError
from sparksim.kafka.records import TopicPartition
from sparksim.sim import ExecutorCrash, ReceiverCrash
from sparksim.streaming.kafka import KafkaUtils
from sparksim.streaming.kafka.receiver import KafkaReceiver
from sparksim.streaming.kafka.reliable_receiver import ReliableKafkaReceiver
from sparksim.trace.delivery import Delivery
from sparksim.trace.events import (
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

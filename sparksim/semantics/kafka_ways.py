"""The programs of Kafka's matrix: three ways to write a batch, and the ways to get one from Kafka.

An order's number is its key, so `upsert` writes the same row again. `transact` writes a partition whole or not at all,
under an identity that is written with it, and only once: where the sink keeps the offsets that is the range of offsets,
and else what Spark's guide proposes, the batch time and the number of the partition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sparksim.core.rdd import RDD
from sparksim.core.task_context import TaskContext
from sparksim.sim.sinks import Sink, sink
from sparksim.streaming.context import StreamingContext
from sparksim.streaming.kafka import ConsumerStrategies, KafkaCluster, KafkaUtils, LocationStrategies, OffsetRange

ORDERS, GROUP = "orders", "shop"
BROKERS, ZOOKEEPER, CHECKPOINT = "localhost:9092", "localhost:2181", "sim://checkpoint"

Ranges = Sequence[OffsetRange]
Write = Callable[[datetime, RDD[str], Ranges], None]
"""Writes a batch of numbers to the sink. The ranges are those that the sink keeps with it; none where it keeps none."""

ROWS = "rows"


def rows() -> Sink:
    """The sink that all write to."""
    return sink(ROWS)


def insert(time: datetime, numbers: RDD[str], ranges: Ranges) -> None:
    """A row more for each number, as soon as a task has it; the offsets when all are written."""
    table = rows()
    numbers.foreach(lambda number: table.insert(number, True))
    table.store_offsets(ranges)


def upsert(time: datetime, numbers: RDD[str], ranges: Ranges) -> None:
    """The row of each number, as soon as a task has it; the offsets when all are written."""
    table = rows()
    numbers.foreach(lambda number: table.upsert(number, True))
    table.store_offsets(ranges)


def transact(time: datetime, numbers: RDD[str], ranges: Ranges) -> None:
    """The rows of a partition in one transaction, unless it was written before."""
    table = rows()

    def write(records: Iterator[str]) -> None:
        partition = _partition()
        found = list(records)
        with table.transaction():
            if _is_new(table, time, partition, ranges):
                for number in found:
                    table.insert(number, True)

    numbers.foreachPartition(write)


def _partition() -> int:
    task = TaskContext.get()
    assert task is not None
    return task.partitionId()


def _is_new(table: Sink, time: datetime, partition: int, ranges: Ranges) -> bool:
    """Whether nobody has written this partition; from now on, somebody has."""
    if ranges:
        new = not table.holds(ranges[partition])
        if new:
            table.store_offsets(ranges[partition])
        return new
    identity = f"{time.timestamp():g}/{partition}"
    new = table.get(identity) is None
    table.upsert(identity, True)
    return new


def begin_received(ssc: StreamingContext, write: Write) -> None:
    """Through a receiver, which commits to ZooKeeper twice a second or, with a log, behind its log."""
    ssc.checkpoint(CHECKPOINT)
    settings = {
        "auto.offset.reset": "smallest",
        "auto.commit.interval.ms": "500",
        "zookeeper.session.timeout.ms": "400",
    }
    messages = KafkaUtils.createStream(ssc, ZOOKEEPER, GROUP, {ORDERS: 2}, settings)
    messages.map(lambda message: message[1]).foreachRDD(lambda time, rdd: write(time, rdd, ()))


def begin_direct_08(store: str, ssc: StreamingContext, write: Write) -> None:
    """Directly, as with Kafka 0.8; `store` is "zookeeper", or "" for the checkpoint alone."""
    settings = {"metadata.broker.list": BROKERS, "auto.offset.reset": "smallest"}
    begin = {}
    if store:
        cluster = KafkaCluster(settings)
        partitions = cluster.getPartitions([ORDERS])
        begin = {**cluster.getEarliestLeaderOffsets(partitions), **cluster.getConsumerOffsets(GROUP, partitions)}
    else:
        ssc.checkpoint(CHECKPOINT)

    def save(time: datetime, rdd: Any) -> None:
        write(time, rdd.map(lambda message: message[1]), ())
        if store:
            cluster.setConsumerOffsets(GROUP, _ends(rdd.offsetRanges()))

    KafkaUtils.createDirectStream(ssc, [ORDERS], settings, begin).foreachRDD(save)


def begin_direct(store: str, ssc: StreamingContext, write: Write) -> None:
    """Directly, as with Kafka 0.10; `store` is "kafka", "auto", "database", or "" for the checkpoint alone."""
    settings = {
        "bootstrap.servers": BROKERS,
        "group.id": GROUP,
        "key.deserializer": "StringDeserializer",
        "value.deserializer": "StringDeserializer",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": store == "auto",
        "auto.commit.interval.ms": "500",
        "session.timeout.ms": "6000",  # the least that brokers allow: so long a dead driver keeps its partitions
    }
    if not store:
        ssc.checkpoint(CHECKPOINT)
    begin = rows().offsets() if store == "database" else {}
    stream = KafkaUtils.createDirectStream(
        ssc, LocationStrategies.PreferConsistent, ConsumerStrategies.Subscribe([ORDERS], settings, begin)
    )

    def save(time: datetime, rdd: Any) -> None:
        ranges = rdd.offsetRanges()
        write(time, rdd.map(lambda record: record.value), ranges if store == "database" else ())
        if store == "kafka":
            stream.commitAsync(ranges)

    stream.foreachRDD(save)


def _ends(ranges: Iterable[OffsetRange]) -> dict[Any, int]:
    return {each.topicPartition(): each.untilOffset for each in ranges}

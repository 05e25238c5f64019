"""What most programs of these tests have in common: settings, and what they note of each batch."""

from __future__ import annotations

from typing import Any

from sparksim.streaming.kafka import (
    ConsumerStrategies,
    KafkaUtils,
    LocationStrategies,
    TopicPartition,
)

TOPIC = "orders"
P0, P1, P2 = (TopicPartition(TOPIC, number) for number in range(3))

SIMPLE = {"metadata.broker.list": "localhost:9092", "auto.offset.reset": "smallest"}
"""Of Kafka 0.8."""

CONSUMER = {
    "bootstrap.servers": "localhost:9092",
    "group.id": "shop",
    "auto.offset.reset": "earliest",
    "enable.auto.commit": False,
    "key.deserializer": "StringDeserializer",
    "value.deserializer": "StringDeserializer",
}
"""Of Kafka 0.10."""


def consumer_stream(ssc: Any, location: Any = LocationStrategies.PreferConsistent, **changed: Any) -> Any:
    """A stream of 0.10 of the topic `orders`; `changed` settings have _ for . in their names."""
    settings = {**CONSUMER, **{name.replace("_", "."): value for name, value in changed.items()}}
    return KafkaUtils.createDirectStream(ssc, location, ConsumerStrategies.Subscribe([TOPIC], settings))


def simple_stream(ssc: Any, **more: Any) -> Any:
    """A stream of 0.8 of the topic `orders`."""
    return KafkaUtils.createDirectStream(ssc, [TOPIC], {**SIMPLE, **more.pop("settings", {})}, **more)


def bounds(rdd: Any) -> list[tuple[int, int]]:
    """The ranges of an RDD of the stream."""
    return [(each.fromOffset, each.untilOffset) for each in rdd.offsetRanges()]


def watch(stream: Any) -> list[Any]:
    """(ranges, values by partition) of each batch, as the run goes on. Not for programs with checkpoints."""
    seen: list[Any] = []
    stream.foreachRDD(lambda rdd: seen.append((bounds(rdd), rdd.map(value_of).glom().collect())))
    return seen


def value_of(record: Any) -> Any:
    """The value, in the records of both forms."""
    return record[1] if isinstance(record, tuple) else record.value

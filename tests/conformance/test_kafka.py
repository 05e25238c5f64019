"""Direct streams of Kafka 0.10 against the vectors: limits, ranges and commits, asked of a stream that runs.

The stream reads from a cluster whose logs end where the vector says, at each batch; the rate of backpressure is given
by hand. What comes out is what its batches took, and what the group's committed offsets became.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sparksim import SparkConf, SparkContext
from sparksim.cluster.cost import FREE
from sparksim.cluster.world import World, living_in
from sparksim.streaming import StreamingContext
from sparksim.streaming.kafka import (
    ConsumerStrategies,
    KafkaUtils,
    LocationStrategies,
    OffsetRange,
    PerPartitionConfig,
    TopicPartition,
)
from sparksim.streaming.offset_ranges import clamp, max_messages
from tests.conformance.dstream_runner import Vector
from tests.conformance.test_components import vectors
from tests.streaming.kafka.fake_kafka import FakeCluster

Ends = dict[str, int]
TOPIC = "vector"


class Rates(PerPartitionConfig):
    """The limit of each partition."""

    def __init__(self, per_second: dict[TopicPartition, float]) -> None:
        self._per_second = per_second

    def maxRatePerPartition(self, topicPartition: TopicPartition) -> float:
        return self._per_second[topicPartition]


class Stream:
    """A direct stream in a program of its own. Partitions are numbered in the order of their names."""

    def __init__(self, batch_ms: int, rates: Ends, start: Ends) -> None:
        self._partitions = {name: TopicPartition(TOPIC, number) for number, name in enumerate(sorted(start))}
        self.cluster = FakeCluster({TOPIC: len(start)})
        with living_in(World(network=self.cluster.network(), cost=FREE)):
            conf = SparkConf().setMaster("sim[1,1]").setAppName("vector")
            self.sc = SparkContext(conf=conf.set("spark.streaming.backpressure.enabled", "true"))
        self._batch_ms = batch_ms
        self._batches = 0
        self.ssc = StreamingContext(self.sc, batch_ms / 1000)
        offsets = {self._partitions[name]: offset for name, offset in start.items()}
        self.reach(start)
        settings = {
            "bootstrap.servers": "localhost:9092",
            "group.id": "vectors",
            "enable.auto.commit": False,
            "key.deserializer": "ByteArrayDeserializer",
            "value.deserializer": "ByteArrayDeserializer",
        }
        strategy = ConsumerStrategies.Assign(list(offsets), settings, offsets)
        self.stream = KafkaUtils.createDirectStream(
            self.ssc,
            LocationStrategies.PreferConsistent,
            strategy,
            Rates({self._partitions[name]: rate for name, rate in rates.items()}),
        )
        self._taken: list[list[OffsetRange]] = []
        self.stream.foreachRDD(lambda rdd: self._taken.append(rdd.offsetRanges()))
        self.ssc.start()

    def reach(self, ends: Ends) -> None:
        """The logs end there now. What stands in them, nobody reads."""
        for name, end in ends.items():
            self.cluster.logs[self._partitions[name]].end = end

    def batch(self, rate: float | None = None) -> dict[str, list[int]]:
        """What the next batch takes: [from, until] of each partition. `rate`: that of backpressure, if there is one."""
        self.stream.rate_controller.latest = -1 if rate is None else rate
        self._batches += 1
        self.ssc.awaitTerminationOrTimeout((self._batches * self._batch_ms + 1 - self.sc._backend.clock.now_ms) / 1000)
        taken = {each.topicPartition(): [each.fromOffset, each.untilOffset] for each in self._taken[self._batches - 1]}
        return {name: taken[partition] for name, partition in self._partitions.items()}

    def range(self, queued: dict[str, Any]) -> OffsetRange:
        """A range as a vector writes it."""
        return OffsetRange(*self._partitions[queued["partition"]], queued["from"], queued["until"])

    def commits(self) -> list[tuple[float, dict[str, int]]]:
        """The second of each commit, and its offsets."""
        names = {partition: name for name, partition in self._partitions.items()}
        return [
            (at_s, {names[each]: end for each, end in offsets.items()}) for at_s, _, offsets in self.cluster.commits
        ]

    def end(self) -> None:
        self.ssc.stop()


@pytest.fixture
def stream() -> Any:
    made: list[Stream] = []

    def make(batch_ms: int, rates: Ends, start: Ends) -> Stream:
        made.append(Stream(batch_ms, rates, start))
        return made[-1]

    yield make
    for each in made:
        each.end()


def run_max_messages(vector: Vector, stream: Callable[..., Stream]) -> None:
    names = ("batch_ms", "max_rate_per_partition", "rate", "current", "latest")
    limits = max_messages(*(vector[name] for name in names))
    assert limits == vector["expected"]
    running = stream(vector["batch_ms"], vector["max_rate_per_partition"], vector["current"])
    running.reach(vector["latest"])
    until = clamp(limits, vector["current"], vector["latest"])
    assert running.batch(vector["rate"]) == {name: [vector["current"][name], until[name]] for name in until}


def run_ranges(vector: Vector, stream: Callable[..., Stream]) -> None:
    running = stream(vector["batch_ms"], vector["max_rate_per_partition"], vector["start"])
    for rate, latest, expected in zip(vector["rates"], vector["latest"], vector["expected"], strict=True):
        running.reach(latest)
        assert running.batch(rate) == expected


def run_commit(vector: Vector, stream: Callable[..., Stream]) -> None:
    start = {each["partition"]: 0 for each in vector["queued"]}
    running = stream(1000, start, start)
    for each in vector["queued"]:
        running.stream.commitAsync([running.range(each)])
    assert running.commits() == []
    running.batch()
    assert running.commits() == ([(1, vector["expected"])] if vector["expected"] else [])


RUNNERS = {"max_messages": run_max_messages, "ranges": run_ranges, "commit": run_commit}


@vectors("kafka")
def test_kafka(vector: Vector, stream: Callable[..., Stream]) -> None:
    RUNNERS[vector["call"]](vector, stream)

"""Offsets by hand: `KafkaCluster` of Kafka 0.8."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sparksim import SparkContext
from sparksim.cluster.world import World, living_in
from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.kafka.errors import BrokerNotAvailable, UnknownTopicOrPartition
from sparksim.streaming.kafka import KafkaCluster, TopicAndPartition
from tests.streaming.kafka.fake_kafka import FakeCluster

SETTINGS = {"metadata.broker.list": "localhost:9092"}
FIRST, SECOND = TopicAndPartition("orders", 0), TopicAndPartition("orders", 1)


@pytest.fixture
def brokers() -> Iterator[FakeCluster]:
    """A cluster with two partitions and five messages, and a SparkContext that can reach it."""
    cluster = FakeCluster({"orders": 2})
    cluster.write("orders", range(5))
    with living_in(World(network=cluster.network())):
        sc = SparkContext("sim[1,1]", "offsets by hand")
        yield cluster
        sc.stop()


def test_what_the_leaders_have(brokers: FakeCluster) -> None:
    kafka = KafkaCluster(SETTINGS)
    brokers.log(FIRST).delete_before(1)
    assert kafka.getPartitions(["orders"]) == {FIRST, SECOND}
    assert kafka.getEarliestLeaderOffsets([FIRST, SECOND]) == {FIRST: 1, SECOND: 0}
    assert kafka.getLatestLeaderOffsets([FIRST, SECOND]) == {FIRST: 3, SECOND: 2}


def test_a_group_finds_what_was_stored_for_it_in_zookeeper(brokers: FakeCluster) -> None:
    kafka = KafkaCluster(SETTINGS)
    assert kafka.getConsumerOffsets("mine", [FIRST, SECOND]) == {}
    kafka.setConsumerOffsets("mine", {FIRST: 2})
    assert kafka.getConsumerOffsets("mine", [FIRST, SECOND]) == {FIRST: 2}
    assert kafka.getConsumerOffsets("another", [FIRST]) == {}
    assert brokers.stored == {("mine", "zookeeper"): {FIRST: 2}}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: KafkaCluster("localhost:9092"), TypeError, "kafkaParams should be a dict"),  # type: ignore[arg-type]
        (lambda: KafkaCluster({}), IllegalArgumentError, "name no broker: give 'bootstrap.servers'"),
        (lambda: KafkaCluster({"bootstrap.servers": "else:1"}), BrokerNotAvailable, "nobody answers on else:1"),
        (
            lambda: KafkaCluster(SETTINGS).getPartitions(["bills"]),
            UnknownTopicOrPartition,
            "no topic 'bills', but 'ord",
        ),
        (lambda: KafkaCluster(SETTINGS).getConsumerOffsets("", [FIRST]), IllegalArgumentError, "groupId=''"),
        (
            lambda: KafkaCluster(SETTINGS).getConsumerOffsets("g", [("orders", 0)]),  # type: ignore[list-item]
            TypeError,
            "should be a TopicPartition",
        ),
        (lambda: KafkaCluster(SETTINGS).setConsumerOffsets("g", {FIRST: -1}), IllegalArgumentError, "-1 of orders/0"),
    ],
)
def test_bad_input(brokers: FakeCluster, call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_it_needs_a_spark_context() -> None:
    with pytest.raises(IllegalStateError, match="make one before it"):
        KafkaCluster(SETTINGS)

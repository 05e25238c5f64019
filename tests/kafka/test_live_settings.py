"""What kafkaParams become on a real client, and what is refused. No network is needed."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.kafka.live_consumer import LiveConsumer
from sparksim.kafka.live_settings import commits_every_ms, consumer, consumer_config, patience_s
from sparksim.kafka.records import TopicPartition

NOBODY = "localhost:1"

ALWAYS = {
    "isolation.level": "read_uncommitted",
    "log_level": 2,
    "bootstrap.servers": NOBODY,
    "group.id": "sparksim",
    "auto.offset.reset": "error",
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
}


@pytest.mark.parametrize(
    ("given", "passed_on"),
    [
        ({"bootstrap.servers": "elsewhere:9092", "metadata.broker.list": "elsewhere:9092"}, {}),
        ({"group.id": "g", "auto.offset.reset": "smallest"}, {"group.id": "g"}),
        ({"group.id": ""}, {}),
        ({"key.deserializer": "StringDeserializer", "value.deserializer": len, "key.serializer": "x"}, {}),
        ({"zookeeper.connect": "zk:2181", "zookeeper.session.timeout.ms": "400"}, {}),
        ({"offsets.storage": "zookeeper", "auto.commit.interval.ms": "1000", "rebalance.max.retries": 3}, {}),
        ({"fetch.message.max.bytes": "52428800"}, {"fetch.message.max.bytes": "52428800"}),
        ({"max.partition.fetch.bytes": 2**20}, {"fetch.message.max.bytes": 2**20}),
        ({"receive.buffer.bytes": 65_536.0}, {"socket.receive.buffer.bytes": 65_536}),
        ({"fetch.max.wait.ms": 100}, {"fetch.wait.max.ms": 100}),
        ({"isolation.level": "read_committed"}, {"isolation.level": "read_committed"}),
        (
            {"partition.assignment.strategy": ["range", "roundrobin"]},
            {"partition.assignment.strategy": "range,roundrobin"},
        ),
        ({"client.id": None, "security.protocol": "SSL"}, {"security.protocol": "SSL"}),
    ],
)
def test_what_librdkafka_is_given(given: dict[str, Any], passed_on: dict[str, Any]) -> None:
    assert consumer_config(NOBODY, given) == ALWAYS | passed_on


def test_what_librdkafka_does_not_know_is_dropped_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING", "sparksim")  # a command in this process may have made it quieter
    for _ in range(2):
        consumer(consumer_config(NOBODY, {"interceptor.classes": "com.example.Audit"})).close()
    assert caplog.messages == ["kafkaParams: librdkafka has no setting 'interceptor.classes', so it is dropped"]


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"auto.offset.reset": "first"}, "auto.offset.reset='first': give 'earliest', 'latest' or 'none'"),
        ({"enable.auto.commit": "maybe"}, "enable.auto.commit='maybe': give True or False"),
        ({"max.poll.records": 0}, "max.poll.records=0: give a number from 1 on"),
        ({"auto.commit.interval.ms": "soon"}, "auto.commit.interval.ms='soon': give a number from 0 on"),
        ({"request.timeout.ms": -1}, "request.timeout.ms=-1: give a number from 1 on"),
        ({"fetch.min.bytes": "many"}, 'kafkaParams: Invalid value for configuration property "fetch.min.bytes"'),
        ({"fetch.min.bytes": -4}, 'kafkaParams: Configuration property "fetch.min.bytes" value -4 is outside'),
        ({"session.timeout.ms": 400_000}, "kafkaParams: .*`max.poll.interval.ms`must be >= `session.timeout.ms`"),
    ],
)
def test_values_that_are_refused(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(IllegalArgumentError, match=complaint):
        LiveConsumer(NOBODY, {"group.id": "g", **settings})


@pytest.mark.parametrize(
    ("settings", "every_ms"),
    [
        ({}, 5_000),
        ({"enable.auto.commit": "true", "auto.commit.interval.ms": "200"}, 200),
        ({"enable.auto.commit": False}, None),
        ({"auto.commit.enable": "false"}, None),
        ({"offsets.storage": "zookeeper"}, 60_000),
    ],
)
def test_how_often_positions_are_committed(settings: dict[str, Any], every_ms: float | None) -> None:
    assert commits_every_ms(settings) == every_ms


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [({}, 30), ({"request.timeout.ms": 500}, 0.5), ({"request.timeout.ms": 500, "default.api.timeout.ms": "2000"}, 2)],
)
def test_how_long_an_answer_may_take(settings: dict[str, Any], seconds: float) -> None:
    assert patience_s(settings) == seconds


def test_calls_that_make_no_sense() -> None:
    without_group = LiveConsumer(NOBODY, {})
    member = LiveConsumer(NOBODY, {"group.id": "g"})
    with pytest.raises(IllegalArgumentError, match=r"group.id is missing: give kafkaParams a 'group.id' to subscribe"):
        without_group.subscribe(["orders"])
    with pytest.raises(IllegalStateError, match="call subscribe or assign first"):
        without_group.poll(0)
    with pytest.raises(IllegalArgumentError, match=r"pattern='\(': .*; give a regular expression"):
        member.subscribe_pattern("(")
    member.assign([TopicPartition("orders", 1)])
    with pytest.raises(IllegalStateError, match="either subscribes to topics or is assigned partitions"):
        member.subscribe(["orders"])
    with pytest.raises(IllegalStateError, match=r"orders/0 is not assigned to this consumer, which has \[.*1"):
        member.position(TopicPartition("orders", 0))
    with pytest.raises(IllegalArgumentError, match="offset=-2 of orders/1: give a number from 0 on"):
        member.seek(TopicPartition("orders", 1), -2)


def test_without_the_client_the_error_says_how_to_get_it() -> None:
    program = """
import sys
sys.modules["confluent_kafka"] = None
from sparksim.cluster.network import LiveNetwork
from sparksim.kafka.client import connect
connect(LiveNetwork(), {"bootstrap.servers": "localhost:9092"}, "KafkaUtils.createDirectStream")
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.stderr.splitlines()[-1] == (
        "sparksim.core.errors.UnsupportedOperation: KafkaUtils.createDirectStream: a real Kafka needs the package "
        "confluent-kafka, which is not installed: pip install 'sparksim[kafka]'"
    )

"""What `KafkaUtils.createStream` refuses, and what it makes of settings."""

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.kafka.records import TopicPartition
from sparksim.streaming.kafka import KafkaUtils
from tests.streaming.kafka.receiver_fakes import GROUP, ZOOKEEPER, ZooKeeperCluster

TOPIC = "orders"
SMALLEST = {"auto.offset.reset": "smallest"}


def cluster_of(*values):
    cluster = ZooKeeperCluster({TOPIC: 1})
    cluster.write(TOPIC, values)
    return cluster


def stream_of(ssc, params=SMALLEST):
    return KafkaUtils.createStream(ssc, ZOOKEEPER, GROUP, {TOPIC: 1}, params)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"topics": [TOPIC]}, TypeError, r"topics should be dict: topics=\['orders'\]; give a number of threads"),
        ({"topics": "orders"}, TypeError, "topics should be dict"),
        ({"topics": {TOPIC: "1"}}, TypeError, "topics should be dict of str and int"),
        ({"topics": {0: 1}}, TypeError, "topics should be dict of str and int"),
        ({"topics": {TOPIC: True}}, TypeError, "topics should be dict of str and int"),
        ({"topics": {}}, IllegalArgumentError, "one thread at least for each topic"),
        ({"topics": {TOPIC: 0}}, IllegalArgumentError, "one thread at least for each topic"),
        ({"zkQuorum": ""}, IllegalArgumentError, "zkQuorum='': give the address of ZooKeeper"),
        ({"zkQuorum": 2181}, IllegalArgumentError, "zkQuorum=2181"),
        ({"groupId": ""}, IllegalArgumentError, "groupId='': give the name of the consumer group"),
        ({"kafkaParams": [("a", "b")]}, TypeError, "kafkaParams should be a dict"),
        ({"storageLevel": "MEMORY_ONLY"}, IllegalArgumentError, "storageLevel='MEMORY_ONLY'"),
        ({"keyDecoder": "utf8"}, TypeError, "keyDecoder='utf8': keyDecoder should be a function"),
        ({"valueDecoder": None}, TypeError, "valueDecoder=None: valueDecoder should be a function"),
    ],
)
def test_wrong_arguments_are_refused(app, change, error, words):
    made = app(network=cluster_of().network())
    arguments = {"zkQuorum": ZOOKEEPER, "groupId": GROUP, "topics": {TOPIC: 1}, **change}
    with pytest.raises(error, match=words):
        KafkaUtils.createStream(made.ssc, **arguments)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("auto.offset.reset", "earliest", "Kafka 0.8, which knows 'smallest'"),
        ("auto.commit.interval.ms", 0, "auto.commit.interval.ms=0: give a whole number, 1 or more"),
        ("auto.commit.interval.ms", "soon", "auto.commit.interval.ms='soon'"),
        ("zookeeper.session.timeout.ms", -1, "zookeeper.session.timeout.ms=-1"),
        ("auto.commit.enable", "yes", "auto.commit.enable='yes': give 'true' or 'false'"),
        ("offsets.storage", "kafka", "offsets.storage='kafka': a receiver's offsets are in ZooKeeper"),
    ],
)
def test_settings_that_kafka_0_8_refuses_are_refused(app, name, value, words):
    made = app(network=cluster_of().network())
    with pytest.raises(IllegalArgumentError, match=words):
        stream_of(made.ssc, params={name: value})


def test_settings_of_later_consumers_are_said_to_have_no_effect(app):
    cluster = cluster_of("a")
    made = app(network=cluster.network())
    params = {**SMALLEST, "enable.auto.commit": False, "auto.commit.interval.ms": "500"}
    made.collect(stream_of(made.ssc, params=params))
    made.run(4)
    assert cluster.offsets == {TopicPartition(TOPIC, 0): 1}
    assert (
        "enable.auto.commit=False is not a setting of Kafka 0.8's consumer and has no effect on a receiver: use "
        "'auto.commit.enable'" in made.warnings()
    )


def test_without_auto_commit_nothing_is_ever_committed(app):
    cluster = cluster_of("a")
    made = app(network=cluster.network())
    params = {**SMALLEST, "auto.commit.enable": "false", "auto.commit.interval.ms": "500"}
    made.collect(stream_of(made.ssc, params=params))
    made.run(4)
    made.ssc.stop(stopSparkContext=False)
    assert cluster.commits == []


def test_the_settings_of_the_program_are_left_as_they_are(app):
    params = dict(SMALLEST)
    stream_of(app(network=cluster_of().network()).ssc, params=params)
    assert params == SMALLEST


def test_a_simulated_network_without_kafka_is_named(app):
    with pytest.raises(IllegalArgumentError, match="zkQuorum='localhost:2181': this simulated network has no Kafka"):
        stream_of(app().ssc)

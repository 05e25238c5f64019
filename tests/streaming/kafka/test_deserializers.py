"""What makes values of the bytes in Kafka: deserialisers of 0.10, decoders of 0.8, and what happens when they raise."""

import struct

import pytest

from sparksim.kafka.errors import SerializationError
from sparksim.streaming.kafka import utf8_decoder
from tests.streaming.kafka.fake_kafka import FakeCluster
from tests.streaming.kafka.given import TOPIC, consumer_stream, simple_stream, watch


@pytest.fixture
def cluster():
    made = FakeCluster({TOPIC: 2})
    made.write(TOPIC, range(5))
    return made


@pytest.fixture
def run(app, cluster):
    return app(network=cluster.network())


@pytest.mark.parametrize(
    ("name", "data", "value"),
    [
        ("StringDeserializer", b"\xc3\xbc", "ü"),
        ("StringDeserializer", b"\xff", "\N{REPLACEMENT CHARACTER}"),
        ("org.apache.kafka.common.serialization.ByteArrayDeserializer", b"\xff", b"\xff"),
        ("IntegerDeserializer", struct.pack(">i", -5), -5),
        ("LongDeserializer", struct.pack(">q", 2**40), 2**40),
        ("DoubleDeserializer", struct.pack(">d", 0.25), 0.25),
        (len, b"abc", 3),
        (len, None, None),
    ],
)
def test_values_are_made_of_bytes(app, name, data, value):
    cluster = FakeCluster({TOPIC: 1})
    cluster.write(TOPIC, [data])
    run = app(network=cluster.network())
    seen = watch(consumer_stream(run.ssc, value_deserializer=name))
    run.run(1.5)
    assert seen[0][1] == [[value]]


def test_a_deserializer_that_raises_fails_the_batch_and_says_where(run):
    watch(consumer_stream(run.ssc, value_deserializer="LongDeserializer"))
    with pytest.raises(
        Exception,
        match=r"SerializationError: the value at offset 0 of orders/[01] is b'[01]', and long raised ValueError: 8",
    ):
        run.run(1.5)


def test_a_decoder_that_raises_fails_the_batch_and_says_where(run, cluster):
    cluster.write(TOPIC, [b"\xff"])
    watch(simple_stream(run.ssc))
    with pytest.raises(Exception, match=r"at offset 2 of orders/1 is b'\\xff', and utf8_decoder raised Unicode"):
        run.run(1.5)


def test_a_decoder_of_a_message_raises_when_it_is_asked(run, cluster):
    def handler(message):
        try:
            return message.message
        except SerializationError:
            return None

    found = []
    simple_stream(run.ssc, messageHandler=handler, valueDecoder=lambda data: 1 // int(data)).foreachRDD(
        lambda rdd: found.extend(rdd.collect())
    )
    run.run(1.5)
    assert sorted(found, key=str) == [0, 0, 0, 1, None]


def test_the_default_decoder_knows_texts_and_nothing():
    assert utf8_decoder("ü".encode()) == "ü"
    assert utf8_decoder(None) is None

"""Streaming programs over a simulated cluster. Their functions are at module level: a checkpoint pickles them."""

from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies

BROKERS = "localhost:9092,localhost:9093,localhost:9094"
SETTINGS = {
    "bootstrap.servers": BROKERS,
    "group.id": "totals",
    "key.deserializer": "StringDeserializer",
    "value.deserializer": "StringDeserializer",
    "auto.offset.reset": "earliest",
    "enable.auto.commit": "false",
    "session.timeout.ms": "6000",
}


def direct(ssc):
    """Prints what each batch reads of the topic "orders"."""
    strategy = ConsumerStrategies.Subscribe(["orders"], SETTINGS)
    KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy).foreachRDD(show)


def show(rdd):
    print("".join(rdd.map(value).collect()))


def value(record):
    return record.value


def received(ssc):
    """Prints what a receiver of Kafka 0.8 got of the topic "orders"."""
    settings = {"auto.offset.reset": "smallest", "auto.commit.interval.ms": "1000"}
    KafkaUtils.createStream(ssc, "localhost:2181", "totals", {"orders": 1}, settings).foreachRDD(show_pairs)


def show_pairs(rdd):
    print("".join(rdd.map(second).collect()))


def second(pair):
    return pair[1]

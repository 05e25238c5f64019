"""Inserts a new row with each new balance."""

from math import ceil

from sparksim import SparkContext
from sparksim.sim import sink, work
from sparksim.streaming import StreamingContext
from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies, TopicPartition

LOSES = {
    "balances/calm": "one row per card, by upsert",
    "balances/driver": "one row per card, by upsert",
    "balances/cluster": "one row per card, by upsert",
}

PARTITIONS = [TopicPartition("movements", number) for number in range(3)]


def settings():
    return {
        "bootstrap.servers": "localhost:9092,localhost:9093,localhost:9094",
        "group.id": "bank",
        "key.deserializer": "StringDeserializer",
        "value.deserializer": "StringDeserializer",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "session.timeout.ms": "6000",
    }


def add(table, card, amount):
    work(0.02)
    table.upsert(card, table.get(card, 0) + amount)


def keep(table, ranges):
    work(0.02)
    table.store_offsets(ranges)


def balances():
    ssc = StreamingContext(SparkContext(appName="bank"), 1)
    table = sink("balances")
    strategy = ConsumerStrategies.Assign(PARTITIONS, settings(), table.offsets())
    stream = KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)

    def parsed(record):
        card, amount = record.value.split()
        return card, int(amount)

    def save(rdd):
        ranges = rdd.offsetRanges()
        sums = rdd.map(parsed).reduceByKey(lambda a, b: a + b).collect()
        with table.transaction():
            for card, amount in sums:
                work(0.02)
                table.insert(card, table.get(card, 0) + amount)
            keep(table, ranges)

    stream.foreachRDD(save)
    ssc.start()
    ssc.awaitTermination()


def careful(ssc):
    table = sink("balances")
    strategy = ConsumerStrategies.Assign(PARTITIONS, settings(), table.offsets())
    stream = KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)

    def parsed(record):
        try:
            card, amount = record.value.split()
            return card, int(amount)
        except ValueError:
            return (record.partition, record.offset), record.value

    def save(rdd):
        ranges = rdd.offsetRanges()
        pairs = rdd.map(parsed).reduceByKey(lambda a, b: a + b).collect()
        with table.transaction():
            for key, value in pairs:
                if isinstance(key, tuple):
                    table.upsert(key, value)
                else:
                    add(table, key, value)
            keep(table, ranges)

    stream.foreachRDD(save)


def plan(story):
    batch = story["delay"] * 0.8
    spare = 4 * batch  # until the first batch, for the last one, and for luck
    needed = story["rate"] * (1 + (story["outage"] + spare) / (story["drain"] - spare))
    of_a_core = 1000 / story["record_ms"] * 0.75
    executors = ceil(needed / of_a_core)
    return {
        "partitions": executors,
        "executors": executors,
        "cores": 1,
        "batch": batch,
        "max_rate": ceil(needed / executors),
        "retention": story["outage"] * 4,
    }


def cause(run):
    rows = [row for row in run.delivery.produced if row.outcome != "pending"]
    reasons = " ".join(row.reason for row in rows if row.rows == 0)
    if reasons:
        return "retention" if "retention" in reasons else "bad message"
    return "speculation" if any(task.speculative for task in run.tasks) else "driver crash"

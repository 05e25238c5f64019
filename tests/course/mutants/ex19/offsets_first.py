"""Offsets in a transaction before the totals."""

from sparksim.sim import sink, work
from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies

LOSES = {
    "save_totals/crash": "belong in one transaction",
}


def settings():
    return {
        "bootstrap.servers": "localhost:9092",
        "group.id": "shop",
        "key.deserializer": "StringDeserializer",
        "value.deserializer": "StringDeserializer",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "session.timeout.ms": "6000",
    }


def add(table, article, n):
    work(0.02)
    table.upsert(article, table.get(article, 0) + n)


def keep(table, ranges):
    work(0.02)
    table.store_offsets(ranges)


def verdict(run):
    rows = [row.rows for row in run.delivery.produced if row.outcome != "pending"]
    if 0 in rows:
        return "at most once"
    return "exactly once" if set(rows) == {1} else "at least once"


def save_rows(ssc):
    table = sink("orders")
    strategy = ConsumerStrategies.Subscribe(["orders"], settings())
    stream = KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)

    def save(rdd):
        rdd.foreach(lambda record: table.upsert((record.partition, record.offset), record.value))
        stream.commitAsync(rdd.offsetRanges())

    stream.foreachRDD(save)


def save_totals(ssc):
    table = sink("totals")
    strategy = ConsumerStrategies.Subscribe(["orders"], settings(), table.offsets())
    stream = KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)

    def save(rdd):
        ranges = rdd.offsetRanges()
        counts = rdd.map(lambda record: (record.value, 1)).reduceByKey(lambda a, b: a + b).collect()
        with table.transaction():
            keep(table, ranges)
        with table.transaction():
            for article, n in counts:
                add(table, article, n)

    stream.foreachRDD(save)

"""Inserts."""

import json

from sparksim.sim import sink
from sparksim.trace.events import OffsetsSkipped, RecordsLost

LOSES = {
    "bills/twice": "upsert them under a key",
}


def order_rows(spark):
    stream = spark.readStream.format("kafka").option("kafka.bootstrap.servers", "localhost:9092")
    stream = stream.option("startingOffsets", "earliest").option("maxOffsetsPerTrigger", 10)
    texts = stream.option("subscribe", "orders").load()
    texts = texts.selectExpr("cast(key as string) who", "cast(value as string) text")
    rows = texts.selectExpr("who", "cast(split(text, ' ')[0] as int) as amount", "split(text, ' ')[1] as what")
    rows.writeStream.format("console").start()


def starting_offsets(topic, last, partitions):
    offsets = {number: last[number] + 1 if number in last else -2 for number in range(partitions)}
    return json.dumps({topic: offsets})


def bills(spark):
    stream = spark.readStream.format("kafka").option("kafka.bootstrap.servers", "localhost:9092")
    orders = stream.option("subscribe", "orders").option("startingOffsets", "earliest").load()

    def write(rows, batch):
        for row in rows.collect():
            sink("bills").insert((row.partition, row.offset), row.value.decode())

    orders.writeStream.foreachBatch(write).option("checkpointLocation", "sim://checkpoint").start()


def missing(run):
    def count(kind):
        return sum(last - first + 1 for event in run.trace.of(kind) for _, first, last in event.origins)

    return {"skipped": count(OffsetsSkipped), "lost": count(RecordsLost)}

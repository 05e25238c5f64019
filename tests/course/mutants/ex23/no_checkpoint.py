"""Reads all files again after the crash."""

from sparksim.sim import sink
from sparksim.sql.functions import explode, split

LOSES = {
    "lasting/goes_on": "reads all files again",
}


def given(batches, mode):
    if mode == "append":
        return None
    totals, handed_on = {}, []
    for words in batches:
        for word in words:
            totals[word] = totals.get(word, 0) + 1
        touched = totals if mode == "complete" else words
        handed_on.append({word: totals[word] for word in touched})
    return handed_on


def levels(spark):
    lines = spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()
    counts = lines.select(split("value", " ")[0].alias("level")).groupBy("level").count()
    writer = counts.writeStream.outputMode("update").format("console")
    writer.trigger(processingTime="2 seconds").start()


def lasting(spark):
    lines = spark.readStream.schema("value string").json("sim://in/*")
    counts = lines.select(explode(split("value", " ")).alias("word")).groupBy("word").count()
    writer = counts.writeStream.outputMode("update").foreachBatch(keep)
    writer.trigger(processingTime="2 seconds").start()


def keep(rows, batch):
    for word, count in rows.collect():
        sink("totals").upsert(word, count)

"""Forgets the slide."""

from sparksim.sql.functions import split, sum, window

LOSES = {
    "sales/counts": "in two windows",
    "sales/late": "its own time",
}


def windows_of(moment, width, slide, start=0):
    begin = moment - (moment - start) % slide
    found = []
    while begin > moment - width:
        found.append((begin, begin + width))
        begin -= slide
    return found[::-1]


def sales(spark):
    parts = split("value", ",")
    sold = lines(spark).select(parts[0].cast("timestamp").alias("time"), parts[1].alias("item"))
    counts = sold.groupBy(window("time", "20 seconds"), "item").count()
    show(counts.select("window.start", "item", "count"))


def lines(spark):
    return spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()


def show(counts):
    writer = counts.writeStream.outputMode("update").format("console")
    writer.trigger(processingTime="2 seconds").start()


def shifts(spark):
    parts = split("value", ",")
    made = lines(spark).select(parts[0].cast("timestamp").alias("time"), parts[1].cast("long").alias("parts"))
    sums = made.groupBy(window("time", "8 hours", "8 hours", "6 hours")).agg(sum("parts").alias("parts"))
    show(sums.select("window.start", "parts"))

"""Takes the delay for half a window."""

from sparksim.sql.functions import window

LOSES = {
    "parcels_per_depot/late": "nine minutes behind",
}


def watermarks(batches, delay):
    used, latest = [], 0
    for batch in batches:
        used.append(max(0, latest - delay))
        latest = max([latest, *batch])
    return used


def parcels_per_depot(spark):
    lines = spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()
    parcels = lines.selectExpr("cast(split(value, ',')[0] as timestamp) as time", "split(value, ',')[1] as depot")
    counts = parcels.withWatermark("time", "5 minutes").groupBy(window("time", "10 minutes"), "depot").count()
    counts.writeStream.outputMode("append").format("console").start()


def choose_delay(yesterday):
    latest, behind = 0, []
    for _, made in yesterday:
        latest = max(latest, made)
        behind.append(latest - made)
    return int(sorted(behind)[int(len(behind) * 0.99)]) + 1

"""Structured 8: events that are sent twice are let through once, known by their guid.

    nc -lk 9999                                     # a,2024-01-01 10:00:00
    sparksim run examples/structured/08_drop_duplicates.py localhost 9999 within

Three ways, of which the third is the one to use:

- `guid`: every guid is remembered for ever.
- `both`: guid and time are the key, so what is older than the watermark is forgotten; but an event that is sent again
  with another time is another event.
- `within`: the guid alone is the key, and it is forgotten when the watermark has passed its time by the delay.
"""

import sys

from sparksim.sql import SparkSession


def main(host="localhost", port="9999", way="within", delay="10 seconds"):
    """Print each event once until somebody stops it."""
    builder = SparkSession.builder.appName("structured 8")
    spark = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()  # 200 would be much for so few states
    lines = spark.readStream.format("socket").option("host", host).option("port", port).load()
    events = lines.selectExpr("split(value, ',')[0] as guid", "to_timestamp(split(value, ',')[1]) as eventTime")
    if way == "guid":
        once = events.dropDuplicates(["guid"])
    elif way == "both":
        once = events.withWatermark("eventTime", delay).dropDuplicates(["guid", "eventTime"])
    else:
        once = events.withWatermark("eventTime", delay).dropDuplicatesWithinWatermark(["guid"])
    query = once.writeStream.outputMode("append").format("console").option("truncate", "false").start()
    query.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Structured 3: windows over the time that stands in the lines, and a watermark that says when a window is final.

    nc -lk 9999
    sparksim run examples/structured/03_watermark.py

Type `2024-01-01 10:02:00 to be`, then `2024-01-01 10:25:00 or`: the window from 10:00 to 10:10 is printed, for its end
is no later than the latest time seen less ten minutes. A line for 10:03 is dropped from then on, without a word.

Windows are cleaned up only in append and update mode, and only if the column with the watermark, or a window over it,
is among the keys; `withWatermark` has to come before `groupBy`. In complete mode the watermark would do nothing.
A batch works with the watermark that the one before it left behind.
"""

import sys

from sparksim.sql import SparkSession
from sparksim.sql.functions import expr, window


def main(host="localhost", port="9999", mode="append", delay="10 minutes"):
    """Count until somebody stops it."""
    builder = SparkSession.builder.appName("structured 3")
    spark = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()  # 200 would be much for so few states
    lines = spark.readStream.format("socket").option("host", host).option("port", port).load()
    events = lines.select(expr("to_timestamp(substring(value, 1, 19))").alias("time"), "value")
    words = events.select("time", expr("explode(split(substring(value, 21), ' '))").alias("word"))
    counts = words.withWatermark("time", delay).groupBy(window("time", "10 minutes", "5 minutes"), "word").count()
    query = counts.writeStream.outputMode(mode).format("console").option("truncate", "false").start()
    query.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])

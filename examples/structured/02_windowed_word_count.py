"""Structured 2: words of a TCP socket, counted in windows of ten minutes that begin every five.

    nc -lk 9999
    sparksim run examples/structured/02_windowed_word_count.py

    sparksim run examples/structured/02_windowed_word_count.py \\
        --master 'sim[2,2]' --source localhost:9999=poisson:5 --until 10

The time is `current_timestamp()`, which is the time of the batch: all its lines have the same, so none is ever late,
and this is no event time although it looks like it (`03_watermark.py` has some). In complete mode every window is kept
for ever. A word is in two windows, because each moment is.
"""

import sys

from sparksim.sql import SparkSession
from sparksim.sql.functions import current_timestamp, explode, split, window


def main(host="localhost", port="9999", width="10 minutes", slide="5 minutes"):
    """Count until somebody stops it."""
    builder = SparkSession.builder.appName("structured 2")
    spark = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()  # 200 would be much for so few states
    lines = spark.readStream.format("socket").option("host", host).option("port", port).load()
    words = lines.select(explode(split("value", " ")).alias("word")).withColumn("timestamp", current_timestamp())
    counts = words.groupBy(window("timestamp", width, slide), "word").count().orderBy("window", "word")
    query = counts.writeStream.outputMode("complete").format("console").option("truncate", "false").start()
    query.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])

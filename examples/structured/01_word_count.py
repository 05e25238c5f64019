"""Structured 1: words of a TCP socket, counted since the start. The result is a table that grows, printed whole.

    nc -lk 9999
    sparksim run examples/structured/01_word_count.py

    sparksim run examples/structured/01_word_count.py --master 'sim[2,2]' --source localhost:9999=poisson:5 --until 10

Complete mode prints all words after each batch, update mode only those that came up in it; append mode is refused, for
a count is never final here. A socket cannot be read again: lines that a query had taken when it died are lost, so
nothing is exactly-once in this program, whatever the engine could do with another source.
"""

import sys

from sparksim.sql import SparkSession
from sparksim.sql.functions import explode, split


def main(host="localhost", port="9999", mode="complete"):
    """Count until somebody stops it."""
    builder = SparkSession.builder.appName("structured 1")
    spark = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()  # 200 would be much for so few states
    lines = spark.readStream.format("socket").option("host", host).option("port", port).load()
    words = lines.select(explode(split("value", " ")).alias("word"))
    query = words.groupBy("word").count().writeStream.outputMode(mode).format("console").start()
    query.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])

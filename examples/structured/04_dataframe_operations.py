"""Structured 4: a stream is a DataFrame: select, filter, new columns. There is no state, so rows come out as they are.

    nc -lk 9999
    sparksim run examples/structured/04_dataframe_operations.py

    sparksim run examples/structured/04_dataframe_operations.py \\
        --master 'sim[2,2]' --source localhost:9999=poisson:5 --until 10

Without an aggregation append mode and update mode are the same, and complete mode is refused: nothing is kept that
could be printed whole. Actions are refused too: `words.show()` has no end to wait for; start a query in its place.
"""

import sys

from sparksim.sql import SparkSession
from sparksim.sql.functions import col, explode, length, lit, split


def main(host="localhost", port="9999", shortest="3"):
    """Print words with a one until somebody stops it."""
    spark = SparkSession.builder.appName("structured 4").getOrCreate()
    lines = spark.readStream.format("socket").option("host", host).option("port", port).load()
    words = lines.select(explode(split("value", " ")).alias("word")).withColumn("count", lit(1))
    long_words = words.filter(length(col("word")) >= int(shortest))
    long_words.printSchema()
    query = long_words.writeStream.outputMode("append").format("console").start()
    query.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])

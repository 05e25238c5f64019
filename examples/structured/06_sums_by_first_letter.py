"""Structured 6: a typed aggregation, said with columns: how many words begin with each letter.

    nc -lk 9999
    sparksim run examples/structured/06_sums_by_first_letter.py

    sparksim run examples/structured/06_sums_by_first_letter.py \\
        --master 'sim[2,2]' --source localhost:9999=poisson:5 --until 10

Scala has Datasets and writes this as `groupByKey(_.word.substring(0, 1)).agg(typed.sum(_.count))`; Python has none. It
is the same aggregation by a key, and `typed.sum` adds doubles, which is why the sums end in `.0`.
"""

import sys

from sparksim.sql import SparkSession
from sparksim.sql.functions import col, explode, lit, split, substring
from sparksim.sql.functions import sum as total


def main(host="localhost", port="9999"):
    """Count until somebody stops it."""
    builder = SparkSession.builder.appName("structured 6")
    spark = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()  # 200 would be much for so few states
    lines = spark.readStream.format("socket").option("host", host).option("port", port).load()
    words = lines.select(explode(split("value", " ")).alias("word")).withColumn("count", lit(1))
    letters = words.groupBy(substring("word", 1, 1).alias("letter"))
    sums = letters.agg(total(col("count").cast("double")).alias("words"))
    query = sums.writeStream.outputMode("complete").format("console").start()
    query.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Structured 5: SQL on a stream. A view of a stream may be asked like any table, and the answer is a stream again.

    nc -lk 9999
    sparksim run examples/structured/05_sql_view.py

    sparksim run examples/structured/05_sql_view.py --master 'sim[2,2]' --source localhost:9999=poisson:5 --until 10

So `spark.sql` counts nothing yet: its DataFrame has to be started, and as a count over everything is never final, in
complete or update mode.
"""

import sys

from sparksim.sql import SparkSession
from sparksim.sql.functions import explode, split


def main(host="localhost", port="9999"):
    """Count until somebody stops it."""
    builder = SparkSession.builder.appName("structured 5")
    spark = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()  # 200 would be much for so few states
    lines = spark.readStream.format("socket").option("host", host).option("port", port).load()
    lines.select(explode(split("value", " ")).alias("word")).createOrReplaceTempView("updates")
    counts = spark.sql("select count(*) as words, max(word) as last from updates")
    query = counts.writeStream.outputMode("update").format("console").start()
    query.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])

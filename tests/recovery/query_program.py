"""A streaming query that reads files, drops duplicates and writes files; run again, it goes on where it was killed.

Run as a script: `python query_program.py <input directory> <output directory> <checkpoint directory>`. It ends when it
has read all that there is.
"""

from __future__ import annotations

import sys

from sparksim.sql import SparkSession

if __name__ == "__main__":
    source, out, checkpoint = sys.argv[1:4]
    spark = SparkSession.builder.master("local[2]").appName("distinct").getOrCreate()
    rows = spark.readStream.schema("n LONG, at TIMESTAMP").option("maxFilesPerTrigger", 1).json(source)
    distinct = rows.withWatermark("at", "10 seconds").dropDuplicates(["n", "at"])
    writer = distinct.writeStream.option("checkpointLocation", checkpoint).trigger(availableNow=True)
    writer.format("json").start(out).awaitTermination()
    spark.stop()

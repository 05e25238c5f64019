"""Structured 14: the same rows record by record (continuous processing), or in batches of a second.

    sparksim run examples/structured/14_continuous.py continuous console

    sparksim run examples/structured/14_continuous.py continuous foreach sim://checkpoint --master 'sim[2,2]' --until 6

With `processingTime` in place of `continuous`, a row waits for the next batch: half a second on average. A continuous
query hands it to `print` about a millisecond after it came. Epochs, one a second, are only about what a restart knows.
The console sink does not show that: it prints an epoch when the epoch is over. Each partition keeps a core for ever.
On PySpark 4.3 `foreach` dies in the second epoch of a continuous query; there, Kafka is the sink for low latency.
"""

import sys

from sparksim.sql import SparkSession


def main(trigger="continuous", sink="console", checkpoint="checkpoint"):
    """Show every third number until somebody stops it."""
    spark = SparkSession.builder.appName("structured 14").getOrCreate()
    numbers = spark.readStream.format("rate").option("rowsPerSecond", 4).option("numPartitions", 2).load()
    writer = numbers.where("value % 3 = 0").writeStream.option("checkpointLocation", checkpoint)
    writer = writer.foreach(print) if sink == "foreach" else writer.format(sink)
    query = writer.trigger(**{trigger: "1 second"}).start()
    query.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Structured 11: a Kafka topic as an ordinary table: all it holds now, read once.

    sparksim run examples/structured/11_kafka_batch.py localhost:9092 words

Both ends are asked for when the reading begins: from the earliest message that is still there to the latest. Without
the two options these are the defaults of a batch; a stream begins at the latest, and knows no end.
"""

import sys

from sparksim.sql import SparkSession


def main(brokers="localhost:9092", topic="words"):
    """Print how many messages each partition holds."""
    spark = SparkSession.builder.appName("structured 11").getOrCreate()
    table = spark.read.format("kafka").option("kafka.bootstrap.servers", brokers).option("subscribe", topic)
    records = table.option("startingOffsets", "earliest").option("endingOffsets", "latest").load()
    records.selectExpr("cast(key as string)", "cast(value as string)", "partition").createOrReplaceTempView("records")
    spark.sql("select partition, count(value) as messages from records group by partition order by partition").show()
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])

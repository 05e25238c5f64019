"""Structured 13: the rows of an ordinary table become messages, each in the topic that its own column names.

    sparksim run examples/structured/13_kafka_batch_write.py localhost:9092

`value` is needed, `key` may be missing, and an option `topic` would win over the column. A write that fails may have
written some of its rows; to write it again writes those twice.
"""

import sys

from sparksim.sql import SparkSession

ORDERS = [("orders", "ann", "3 apples"), ("orders", "bob", "1 pear"), ("returns", "ann", "2 apples")]


def main(brokers="localhost:9092"):
    """Write three messages to two topics."""
    spark = SparkSession.builder.appName("structured 13").getOrCreate()
    rows = spark.createDataFrame(ORDERS, "topic string, key string, value string")
    messages = rows.selectExpr("topic", "cast(key as string)", "cast(value as string)")
    messages.write.format("kafka").option("kafka.bootstrap.servers", brokers).save()
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])

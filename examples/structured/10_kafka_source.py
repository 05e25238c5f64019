"""Structured 10: words of a Kafka topic. Offsets are columns, and where a query stands is in its checkpoint.

    sparksim run examples/structured/10_kafka_source.py localhost:9092 words

    sparksim run examples/structured/10_kafka_source.py localhost:9092 words sim://checkpoint \\
        --master 'sim[2,2]' --kafka localhost:9092=words:2@poisson:20 --until 10

Settings of a consumer begin with `kafka.`; a group, deserializers and `auto.offset.reset` are not among them: nothing
is committed to Kafka, keys and values are bytes, and `startingOffsets` counts once, before there is a checkpoint.
"""

import sys

from sparksim.sql import SparkSession
from sparksim.sql.functions import explode, split


def main(brokers="localhost:9092", topic="words", checkpoint="checkpoint"):
    """Count until somebody stops it."""
    builder = SparkSession.builder.appName("structured 10")
    spark = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()  # 200 would be much for so few states
    stream = spark.readStream.format("kafka").option("kafka.bootstrap.servers", brokers)
    records = stream.option("subscribe", topic).option("startingOffsets", "earliest").load()
    texts = records.selectExpr("cast(key as string)", "cast(value as string)")
    counts = texts.select(explode(split("value", " ")).alias("word")).groupBy("word").count()
    writer = counts.writeStream.outputMode("complete").format("console").option("checkpointLocation", checkpoint)
    writer.start().awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])

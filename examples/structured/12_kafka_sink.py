"""Structured 12: from one Kafka topic to another: words come in, words in capital letters go out.

    sparksim run examples/structured/12_kafka_sink.py localhost:9092 words loud

    sparksim run examples/structured/12_kafka_sink.py localhost:9092 words loud sim://checkpoint \\
        --master 'sim[2,2]' --until 10 \\
        --kafka localhost:9092=words:2@poisson:20 --kafka localhost:9092=loud:1@constant:1

A query that writes to Kafka must be told where its checkpoint is, or `start` refuses it. What `start` gives is the
query, not a DataFrame. Each message is there at least once: a batch that runs again after a crash writes its messages
again.
"""

import sys

from sparksim.sql import SparkSession


def main(brokers="localhost:9092", source="words", target="loud", checkpoint="checkpoint"):
    """Copy until somebody stops it."""
    spark = SparkSession.builder.appName("structured 12").getOrCreate()
    stream = spark.readStream.format("kafka").option("kafka.bootstrap.servers", brokers)
    records = stream.option("subscribe", source).option("startingOffsets", "earliest").load()
    loud = records.selectExpr("cast(key as string)", "upper(cast(value as string)) as value")
    writer = loud.writeStream.format("kafka").option("kafka.bootstrap.servers", brokers).option("topic", target)
    query = writer.option("checkpointLocation", checkpoint).start()
    query.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])

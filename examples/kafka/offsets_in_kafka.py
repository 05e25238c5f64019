"""Offsets, store 3 of 4: in Kafka itself, with `commitAsync` after the output (Kafka 0.10).

    sparksim run examples/kafka/offsets_in_kafka.py localhost:9092 words sqlite:///words.db
    # kill -9 it, start it again

    sparksim run examples/kafka/offsets_in_kafka.py localhost:9092 words sqlite:///words.db \\
        --master 'sim[3,2]' --kafka localhost:9092=words:2@poisson:20 --crash driver@5.5+1 --until 12

`commitAsync` only writes the ranges down; they go to Kafka when the next batch is made. So a driver that dies has one
batch or more to do again, and one that stops never commits its last. The offsets outlive a change of the program. The
messages come at least once: add them up and some count twice (`add`), give each its own row and none does (`upsert`).
"""

import sys

from totals import save

from sparksim import SparkContext
from sparksim.streaming import StreamingContext
from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies


def line_of(record):
    """The text of a record."""
    return record.value


def main(
    brokers="localhost:9092",
    topic="words",
    url="sqlite:///words.db",
    way="add",
    batch_s="1",
    group="offsets in Kafka",
):
    """Count until somebody stops it."""
    sc = SparkContext(appName="offsets in Kafka")
    ssc = StreamingContext(sc, float(batch_s))
    settings = {
        "bootstrap.servers": brokers,
        "group.id": group,
        "key.deserializer": "StringDeserializer",
        "value.deserializer": "StringDeserializer",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "session.timeout.ms": 6000,  # for so long a driver that died keeps its partitions
    }
    strategy = ConsumerStrategies.Subscribe([topic], settings)
    records = KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)

    def save_and_commit(rdd):
        save(url, rdd, line_of, way)
        records.commitAsync(rdd.offsetRanges())

    records.foreachRDD(save_and_commit)
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])

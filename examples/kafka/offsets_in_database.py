"""Offsets, store 4 of 4: in the database of the results, in the same transaction. Each message counts once.

    sparksim run examples/kafka/offsets_in_database.py localhost:9092 words sqlite:///words.db
    # kill -9 it, start it again

    sparksim run examples/kafka/offsets_in_database.py localhost:9092 words sqlite:///words.db \\
        --master 'sim[3,2]' --kafka localhost:9092=words:2@poisson:20 --crash driver@5.5+1 --until 12

The counts of a batch and the offsets up to which they count become visible together, or not at all. A driver that
starts again begins where the database says. And one that should be dead and is not, only cut off, cannot count
anything: its ranges do not begin where the database is.
"""

import sys

from totals import database, save, stored_offsets

from sparksim import SparkContext
from sparksim.streaming import StreamingContext
from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies


def line_of(record):
    """The text of a record."""
    return record.value


def main(brokers="localhost:9092", topic="words", url="sqlite:///words.db", batch_s="1", group="offsets in a database"):
    """Count until somebody stops it."""
    sc = SparkContext(appName="offsets in a database")
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
    strategy = ConsumerStrategies.Subscribe([topic], settings, stored_offsets(database(url)))
    records = KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)
    records.foreachRDD(lambda rdd: save(url, rdd, line_of, "once"))
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])

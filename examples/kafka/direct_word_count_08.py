"""Kafka case 2: words of a topic without receivers, as PySpark does it (`createDirectStream` for Kafka 0.8).

    sparksim run examples/kafka/direct_word_count_08.py localhost:9092 words 2

    sparksim run examples/kafka/direct_word_count_08.py localhost:9092 words 2 \\
        --master 'sim[3,2]' --kafka localhost:9092=words:3@poisson:20 --until 10

When a batch is made, the driver asks the leaders how far their logs reach, and writes down a range of offsets for each
partition of the topic. The tasks read these ranges from Kafka: one partition of the RDD for one of Kafka, no core taken
by a receiver, no second copy of the data. A task that runs again reads the same range again.

Only the RDD of the stream itself knows its ranges: ask it first, before any other transformation.
"""

import sys

from sparksim import SparkContext
from sparksim.streaming import StreamingContext
from sparksim.streaming.kafka import KafkaUtils


def show_ranges(rdd):
    """Print what a batch reads. On the driver."""
    for each in rdd.offsetRanges():
        print(f"{each.topic} {each.partition}: from {each.fromOffset} to before {each.untilOffset}", flush=True)


def main(brokers="localhost:9092", topic="words", batch_s="2"):
    """Count until somebody stops it."""
    sc = SparkContext(appName="Kafka case 2")
    ssc = StreamingContext(sc, float(batch_s))
    settings = {"metadata.broker.list": brokers, "auto.offset.reset": "smallest"}
    messages = KafkaUtils.createDirectStream(ssc, [topic], settings)
    messages.foreachRDD(show_ranges)
    lines = messages.map(lambda message: message[1])
    lines.flatMap(lambda line: line.split()).map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).pprint()
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Kafka case 3: words of a topic without receivers, on Kafka's own consumer (`createDirectStream` for Kafka 0.10).

    sparksim run examples/kafka/direct_word_count.py localhost:9092 words 2

    sparksim run examples/kafka/direct_word_count.py localhost:9092 words 2 \\
        --master 'sim[3,2]' --kafka localhost:9092=words:3@poisson:20 --until 10

The driver is a member of the group now. Its consumer learns of new partitions, knows where the group left off, and
commits offsets when it is told to (`offsets_in_kafka.py`); it reads no message. The tasks have consumers of their own,
in a group of another name. Two streams must not share a group: Kafka would divide the partitions between them.

`enable.auto.commit` is false, and has to be said: a consumer's default is true, and the driver's position is the end of
the log each time it has made a batch, whatever became of that batch.
"""

import sys

from sparksim import SparkContext
from sparksim.streaming import StreamingContext
from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies


def main(brokers="localhost:9092", topic="words", batch_s="2", group="direct word count"):
    """Count until somebody stops it."""
    sc = SparkContext(appName="Kafka case 3")
    ssc = StreamingContext(sc, float(batch_s))
    settings = {
        "bootstrap.servers": brokers,
        "group.id": group,
        "key.deserializer": "StringDeserializer",
        "value.deserializer": "StringDeserializer",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
    strategy = ConsumerStrategies.Subscribe([topic], settings)
    records = KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)
    lines = records.map(lambda record: record.value)
    lines.flatMap(lambda line: line.split()).map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).pprint()
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])

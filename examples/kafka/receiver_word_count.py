"""Kafka case 1: words of a topic through receivers, the way of Kafka 0.8 (`KafkaUtils.createStream`).

    sparksim run examples/kafka/receiver_word_count.py localhost:9092 words 2

    sparksim run examples/kafka/receiver_word_count.py localhost:2181 words 2 \\
        --master 'sim[3,2]' --kafka localhost:9092=words:3@poisson:20 --until 10

A receiver is a task that never ends, so each takes a core for good: `local[2]` has room for one, and not for the twenty
that some programs start. Reading faster takes more receivers, joined with `union`; more threads in one receiver (the
number beside the topic) do not make more partitions of a batch, its blocks do.

The group's offsets are kept apart from Spark: in ZooKeeper, every so often, whether the messages were processed or not.
So a crash loses what was committed and only in memory, and reads again what was processed and not yet committed. With
`spark.streaming.receiver.writeAheadLog.enable` the receiver commits what is in its log: nothing is lost then, and some
messages come twice. Brokers of today have no ZooKeeper: live, the group's offsets are kept on the brokers.
"""

import sys

from sparksim import SparkContext
from sparksim.streaming import StreamingContext
from sparksim.streaming.kafka import KafkaUtils


def main(address="localhost:9092", topic="words", batch_s="2", receivers="1", group="receiver word count"):
    """Count until somebody stops it. `address` is ZooKeeper's in a simulation, and the brokers' when live."""
    sc = SparkContext(appName="Kafka case 1")
    ssc = StreamingContext(sc, float(batch_s))
    settings = {"bootstrap.servers": address, "auto.offset.reset": "smallest"}
    streams = [KafkaUtils.createStream(ssc, address, group, {topic: 1}, settings) for _ in range(int(receivers))]
    lines = ssc.union(*streams).map(lambda message: message[1])
    lines.flatMap(lambda line: line.split()).map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).pprint()
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])

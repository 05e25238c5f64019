"""Offsets, store 2 of 4: in ZooKeeper, read and written by hand (Kafka 0.8).

    sparksim run examples/kafka/offsets_in_zookeeper.py localhost:9092 words sqlite:///words.db
    # kill -9 it, start it again

    sparksim run examples/kafka/offsets_in_zookeeper.py localhost:9092 words sqlite:///words.db \\
        --master 'sim[3,2]' --kafka localhost:9092=words:2@poisson:20 --crash driver@5.5+1 --until 12

The direct stream of Kafka 0.8 commits nothing, so tools that watch a group's offsets see it stand still. Here each
batch stores its ends after its results: a driver that dies between the two has the batch again at its next start. The
other order would lose it. `KafkaCluster` is Spark's own class for such calls. Brokers of today have no ZooKeeper: live,
the offsets are kept with the group on the brokers.
"""

import sys

from totals import save

from sparksim import SparkContext
from sparksim.streaming import StreamingContext
from sparksim.streaming.kafka import KafkaCluster, KafkaUtils


def line_of(message):
    """The text of a (key, value) pair."""
    return message[1]


def first_offsets(cluster, group, topic):
    """Where the group left off; at the beginning of what it does not know."""
    partitions = cluster.getPartitions([topic])
    return {**cluster.getEarliestLeaderOffsets(partitions), **cluster.getConsumerOffsets(group, partitions)}


def main(
    brokers="localhost:9092",
    topic="words",
    url="sqlite:///words.db",
    way="add",
    batch_s="1",
    group="offsets in zookeeper",
):
    """Count until somebody stops it."""
    sc = SparkContext(appName="offsets in ZooKeeper")
    ssc = StreamingContext(sc, float(batch_s))
    settings = {"metadata.broker.list": brokers}
    cluster = KafkaCluster(settings)
    messages = KafkaUtils.createDirectStream(ssc, [topic], settings, first_offsets(cluster, group, topic))

    def save_and_commit(rdd):
        save(url, rdd, line_of, way)
        cluster.setConsumerOffsets(group, {each.topicAndPartition(): each.untilOffset for each in rdd.offsetRanges()})

    messages.foreachRDD(save_and_commit)
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])

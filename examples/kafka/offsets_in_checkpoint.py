"""Offsets, store 1 of 4: in Spark's checkpoint, beside the ranges of the batches that were not finished.

    sparksim run examples/kafka/offsets_in_checkpoint.py localhost:9092 words sqlite:///words.db
    # kill -9 it, start it again

    sparksim run examples/kafka/offsets_in_checkpoint.py localhost:9092 words sqlite:///words.db add sim://checkpoint \\
        --master 'sim[3,2]' --kafka localhost:9092=words:2@poisson:20 --crash driver@5.5+1 --until 12

Nothing to write: a driver that starts again goes on with the ranges it had. Batches that were not finished, and the
newest one always, run again; so what is added to a total is added again (`add`), and what has its place in Kafka as its
key is written to the same place again (`upsert`). A program that was changed cannot read its old checkpoint: then the
offsets are gone with it.
"""

import sys
from functools import partial

from totals import save

from sparksim import SparkContext
from sparksim.streaming import StreamingContext
from sparksim.streaming.kafka import KafkaUtils


def line_of(message):
    """The text of a (key, value) pair."""
    return message[1]


def create(brokers, topic, url, way, batch_s, checkpoint):
    """What the first driver does."""
    ssc = StreamingContext(SparkContext(appName="offsets in the checkpoint"), batch_s)
    ssc.checkpoint(checkpoint)
    settings = {"metadata.broker.list": brokers, "auto.offset.reset": "smallest"}
    messages = KafkaUtils.createDirectStream(ssc, [topic], settings)
    messages.foreachRDD(partial(save, url, line_of=line_of, way=way))
    return ssc


def main(
    brokers="localhost:9092",
    topic="words",
    url="sqlite:///words.db",
    way="add",
    checkpoint="checkpoint-kafka",
    batch_s="1",
):
    """Count until somebody stops it."""
    first = partial(create, brokers, topic, url, way, float(batch_s), checkpoint)
    ssc = StreamingContext.getOrCreate(checkpoint, first)
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])

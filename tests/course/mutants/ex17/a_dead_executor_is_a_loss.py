"""Thinks that whatever dies takes messages along."""

from sparksim.streaming.kafka import KafkaUtils

LOSES = {
    "verdict/crash": "n times",
    "verdict/fine": "an executor may die and nothing is lost",
}


def needs(streams):
    threads = sum(sum(topics.values()) for topics in streams)
    return len(streams), threads, len(streams) + 1


def two_topics(ssc):
    settings = {"auto.offset.reset": "smallest"}
    streams = [
        KafkaUtils.createStream(ssc, "localhost:2181", "shop", {topic: 1}, settings) for topic in ("orders", "returns")
    ]
    articles = ssc.union(*streams).map(lambda message: message[1])
    articles.map(lambda article: (article, 1)).reduceByKey(lambda a, b: a + b).pprint()


def verdict(run):
    if not run.batches.where(status="completed"):
        return "no free core"
    if any(row.removed_ms is not None for row in run.executors):
        return "lost"
    return "twice" if "n times" in run.delivery.produced.column("outcome") else "fine"


def lost_messages(run):
    return sorted(run.delivery.produced.where(outcome="lost").column("record"))

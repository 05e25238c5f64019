"""Counts topics in place of threads."""

from sparksim.streaming.kafka import KafkaUtils

LOSES = {
    "needs/counts": "how many threads of the receiver read it",
}


def needs(streams):
    threads = sum(len(topics) for topics in streams)
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
    outcomes = run.delivery.produced.column("outcome")
    if "lost" in outcomes:
        return "lost"
    return "twice" if "n times" in outcomes else "fine"


def lost_messages(run):
    return sorted(run.delivery.produced.where(outcome="lost").column("record"))

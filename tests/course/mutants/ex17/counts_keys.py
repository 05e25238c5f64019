"""Counts the keys of the messages, which are None."""

from sparksim.streaming.kafka import KafkaUtils

LOSES = {
    "two_topics/counts": "the article is the value",
    "two_topics/beginning": "smallest",
}


def needs(streams):
    threads = sum(sum(topics.values()) for topics in streams)
    return len(streams), threads, len(streams) + 1


def two_topics(ssc):
    settings = {"auto.offset.reset": "smallest"}
    streams = [
        KafkaUtils.createStream(ssc, "localhost:2181", "shop", {topic: 1}, settings) for topic in ("orders", "returns")
    ]
    articles = ssc.union(*streams).map(lambda message: message[0])
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

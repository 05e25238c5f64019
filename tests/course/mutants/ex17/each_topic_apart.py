"""Counts each topic by itself."""

from sparksim.streaming.kafka import KafkaUtils

LOSES = {
    "two_topics/counts": "Join both streams",
    "two_topics/beginning": "smallest",
}


def needs(streams):
    threads = sum(sum(topics.values()) for topics in streams)
    return len(streams), threads, len(streams) + 1


def two_topics(ssc):
    settings = {"auto.offset.reset": "smallest"}
    for topic in ("orders", "returns"):
        stream = KafkaUtils.createStream(ssc, "localhost:2181", "shop", {topic: 1}, settings)
        articles = stream.map(lambda message: message[1])
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

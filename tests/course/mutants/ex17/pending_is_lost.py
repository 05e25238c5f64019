"""Takes what was on its way at the end for lost."""

from sparksim.streaming.kafka import KafkaUtils

LOSES = {
    "verdict/core": "no row with the status completed",
    "verdict/crash": "n times",
    "verdict/fine": "pending when a run ends",
    "lost_messages/numbers": "pending ones are not lost",
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
    produced = run.delivery.produced
    if any(row.times == 0 for row in produced):
        return "lost"
    return "twice" if any(row.times > 1 for row in produced) else "fine"


def lost_messages(run):
    return [row.record for row in run.delivery.produced if row.times == 0]

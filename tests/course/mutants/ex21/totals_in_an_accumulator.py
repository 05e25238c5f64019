"""Keeps the totals in the driver: an accumulator per word."""

from sparksim import SparkContext
from sparksim.streaming import StreamingContext

LOSES = {
    "main/goes_on": "Keep totals in states",
    "main/reads_anew": "Keep totals in states",
}


def checkpoint_interval(operator, slide):
    if operator == "mapWithState":
        return 10 * slide
    if operator == "updateStateByKey":
        return slide * -(-10 // slide)
    return None


def recomputed(run):
    owner = {block.block_id: block.batch_time_ms for block in run.blocks}
    again = {owner[block] for task in run.tasks for block in task.blocks if owner[block] != task.batch_time_ms}
    return sorted(time_ms // 1000 for time_ms in again)


def total(sc, word):
    counters = globals().setdefault("counters", {})
    if word not in counters:
        counters[word] = sc.accumulator(0)
    return counters[word]


def stop_words(sc):
    if "stop_words_made" not in globals():
        globals()["stop_words_made"] = sc.broadcast(set(sc.textFile("sim://stop/*").collect()))
    return globals()["stop_words_made"]


def without_stop_words(rdd):
    skip = stop_words(rdd.context)
    return rdd.filter(lambda word: word not in skip.value)


def print_totals(rdd):
    for word, count in rdd.reduceByKey(lambda a, b: a + b).collect():
        total(rdd.context, word).add(count)
    for word, counter in globals().get("counters", {}).items():
        print((word, counter.value))


def create():
    ssc = StreamingContext(SparkContext(appName="totals"), 1)
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    words.transform(without_stop_words).map(lambda word: (word, 1)).foreachRDD(print_totals)
    return ssc


def main():
    ssc = StreamingContext.getOrCreate("sim://checkpoint", create)
    ssc.start()
    ssc.awaitTermination()

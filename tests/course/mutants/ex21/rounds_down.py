"""Rounds ten seconds down to a multiple of the slide."""

from sparksim import SparkContext
from sparksim.streaming import StreamingContext

LOSES = {
    "checkpoint_interval/state": "rounded up",
}


def checkpoint_interval(operator, slide):
    if operator == "mapWithState":
        return 10 * slide
    if operator == "updateStateByKey":
        return max(slide, slide * (10 // slide))
    return None


def recomputed(run):
    owner = {block.block_id: block.batch_time_ms for block in run.blocks}
    again = {owner[block] for task in run.tasks for block in task.blocks if owner[block] != task.batch_time_ms}
    return sorted(time_ms // 1000 for time_ms in again)


def add(new_counts, total):
    return sum(new_counts) + (total or 0)


def stop_words(sc):
    if "stop_words_made" not in globals():
        globals()["stop_words_made"] = sc.broadcast(set(sc.textFile("sim://stop/*").collect()))
    return globals()["stop_words_made"]


def without_stop_words(rdd):
    skip = stop_words(rdd.context)
    return rdd.filter(lambda word: word not in skip.value)


def create():
    ssc = StreamingContext(SparkContext(appName="totals"), 1)
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    totals = words.transform(without_stop_words).map(lambda word: (word, 1)).updateStateByKey(add)
    totals.checkpoint(1)
    totals.pprint()
    return ssc


def main():
    ssc = StreamingContext.getOrCreate("sim://checkpoint", create)
    ssc.start()
    ssc.awaitTermination()

"""Leaves the interval of the states at ten seconds."""

from sparksim import SparkContext
from sparksim.streaming import StreamingContext

LOSES = {
    "main/goes_on": "totals.checkpoint(1)",
    "main/twice": "totals.checkpoint(1)",
}


def reruns(checkpoint, unfinished, back, interval):
    return sorted({*unfinished, *range(checkpoint, back + 1, interval)})


def add(new_counts, total):
    return sum(new_counts) + (total or 0)


def create():
    ssc = StreamingContext(SparkContext(appName="totals"), 1)
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    totals = words.map(lambda word: (word, 1)).updateStateByKey(add)
    totals.pprint()
    return ssc


def main():
    ssc = StreamingContext.getOrCreate("sim://checkpoint", create)
    ssc.start()
    ssc.awaitTermination()

"""Writes checkpoints, and never reads one."""

from sparksim import SparkContext
from sparksim.streaming import StreamingContext

LOSES = {
    "main/goes_on": "counts from zero again",
    "main/twice": "counts from zero again",
}


def reruns(checkpoint, unfinished, back, interval):
    return sorted({*unfinished, *range(checkpoint, back + 1, interval)})


def add(new_counts, total):
    return sum(new_counts) + (total or 0)


def main():
    ssc = StreamingContext(SparkContext(appName="totals"), 1)
    ssc.checkpoint("sim://checkpoint")
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    totals = words.map(lambda word: (word, 1)).updateStateByKey(add)
    totals.checkpoint(1)
    totals.pprint()
    ssc.start()
    ssc.awaitTermination()

"""Defines the streams on whatever getOrCreate gives."""

from sparksim import SparkContext
from sparksim.streaming import StreamingContext

LOSES = {
    "main/goes_on": "nowhere else",
    "main/twice": "nowhere else",
}


def reruns(checkpoint, unfinished, back, interval):
    return sorted({*unfinished, *range(checkpoint, back + 1, interval)})


def add(new_counts, total):
    return sum(new_counts) + (total or 0)


def create():
    return StreamingContext(SparkContext(appName="totals"), 1)


def main():
    ssc = StreamingContext.getOrCreate("sim://checkpoint", create)
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    totals = words.map(lambda word: (word, 1)).updateStateByKey(add)
    totals.checkpoint(1)
    totals.pprint()
    ssc.start()
    ssc.awaitTermination()

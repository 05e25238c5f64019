"""Counts each batch anew."""

from sparksim import SparkContext
from sparksim.streaming import StreamingContext

LOSES = {
    "main/counts": "counts each batch anew",
    "main/goes_on": "keep totals in states",
    "main/twice": "keep totals in states",
}


def reruns(checkpoint, unfinished, back, interval):
    return sorted({*unfinished, *range(checkpoint, back + 1, interval)})


def create():
    ssc = StreamingContext(SparkContext(appName="totals"), 1)
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    totals = words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b)
    totals.checkpoint(1)
    totals.pprint()
    return ssc


def main():
    ssc = StreamingContext.getOrCreate("sim://checkpoint", create)
    ssc.start()
    ssc.awaitTermination()

"""The programs that the simulation's tests run."""

from datetime import datetime
from operator import add

EPOCH = datetime(1970, 1, 1)


def word_count(ssc):
    lines = ssc.socketTextStream("localhost", 9999)
    lines.flatMap(lambda line: line.split(" ")).map(lambda word: (word, 1)).reduceByKey(add).pprint()


def pass_through(ssc):
    ssc.socketTextStream("localhost", 9999).foreachRDD(lambda rdd: rdd.count())


def counting(counts):
    """A word count that leaves every batch's counts in `counts`, by batch time in seconds."""

    def program(ssc):
        def keep(time, rdd):
            counts[(time - EPOCH).total_seconds()] = dict(rdd.collect())

        lines = ssc.socketTextStream("localhost", 9999)
        lines.flatMap(lambda line: line.split(" ")).map(lambda word: (word, 1)).reduceByKey(add).foreachRDD(keep)

    return program

"""Totals in a dictionary of the driver."""

LOSES = {
    "running_totals/survive": "What lies in the driver's memory",
}

totals = {}


def add(new_counts, total):
    return sum(new_counts) + (total or 0)


def show(rdd):
    for word, count in rdd.reduceByKey(lambda a, b: a + b).collect():
        totals[word] = add([count], totals.get(word))
    for pair in totals.items():
        print(pair)


def running_totals(ssc):
    ssc.checkpoint("sim://checkpoint")
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    words.map(lambda word: (word, 1)).foreachRDD(show)

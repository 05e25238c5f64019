"""Counts each batch anew."""

LOSES = {
    "running_totals/grow": "keeps a state per word from batch to batch",
    "running_totals/survive": "Keep totals in the state",
}


def add(new_counts, total):
    return sum(new_counts) + (total or 0)


def running_totals(ssc):
    ssc.checkpoint("sim://checkpoint")
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).pprint()

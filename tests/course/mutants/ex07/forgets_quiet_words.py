"""Forgets words that did not come."""

LOSES = {
    "add/quiet": "return None and Spark forgets the word",
    "running_totals/grow": "keeps a state per word",
    "running_totals/survive": "dies with it",
}


def add(new_counts, total):
    return sum(new_counts) + (total or 0) if new_counts else None


def running_totals(ssc):
    ssc.checkpoint("sim://checkpoint")
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    totals = words.map(lambda word: (word, 1)).updateStateByKey(add)
    totals.checkpoint(1)
    totals.pprint()

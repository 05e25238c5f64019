"""A word that is new has no total yet."""

LOSES = {
    "add/new": "has the state None",
    "running_totals/grow": "updateStateByKey(add)",
    "running_totals/survive": "dies with it",
}


def add(new_counts, total):
    return sum(new_counts) + total


def running_totals(ssc):
    ssc.checkpoint("sim://checkpoint")
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    totals = words.map(lambda word: (word, 1)).updateStateByKey(add)
    totals.checkpoint(1)
    totals.pprint()

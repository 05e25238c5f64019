"""Only the last new count."""

LOSES = {
    "add/adds": "plus all new counts",
    "add/new": "begin with 0",
    "running_totals/grow": "keeps a state per word",
    "running_totals/survive": "dies with it",
}


def add(new_counts, total):
    return (new_counts[-1] if new_counts else 0) + (total or 0)


def running_totals(ssc):
    ssc.checkpoint("sim://checkpoint")
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    totals = words.map(lambda word: (word, 1)).updateStateByKey(add)
    totals.checkpoint(1)
    totals.pprint()

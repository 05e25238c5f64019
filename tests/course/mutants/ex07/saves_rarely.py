"""Leaves the interval at ten seconds."""

LOSES = {
    "running_totals/survive": "totals.checkpoint(1)",
}


def add(new_counts, total):
    return sum(new_counts) + (total or 0)


def running_totals(ssc):
    ssc.checkpoint("sim://checkpoint")
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    words.map(lambda word: (word, 1)).updateStateByKey(add).pprint()

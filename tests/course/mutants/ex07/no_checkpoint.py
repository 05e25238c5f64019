"""No directory for checkpoints, so that the program does not start by itself."""

LOSES = {
    "running_totals/grow": "it needs ssc.checkpoint",
}


def add(new_counts, total):
    return sum(new_counts) + (total or 0)


def running_totals(ssc):
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    totals = words.map(lambda word: (word, 1)).updateStateByKey(add)
    totals.checkpoint(1)
    totals.pprint()

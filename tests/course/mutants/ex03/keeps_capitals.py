"""Forgets lower()."""

LOSES = {
    "words/lower": "lower()",
}


def words(line):
    return line.split()


def word_count(ssc):
    pairs = ssc.socketTextStream("localhost", 9999).flatMap(words).map(lambda word: (word, 1))
    pairs.reduceByKey(lambda a, b: a + b).pprint()

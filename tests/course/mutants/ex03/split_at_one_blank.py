"""Splits at each single blank."""

LOSES = {
    "words/split": "split() without an argument",
}


def words(line):
    return line.lower().split(" ")


def word_count(ssc):
    pairs = ssc.socketTextStream("localhost", 9999).flatMap(words).map(lambda word: (word, 1))
    pairs.reduceByKey(lambda a, b: a + b).pprint()

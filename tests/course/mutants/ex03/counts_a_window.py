"""Counts the last two batches."""

LOSES = {
    "word_count/next": "windows and states carry earlier batches along",
}


def words(line):
    return line.lower().split()


def word_count(ssc):
    pairs = ssc.socketTextStream("localhost", 9999).flatMap(words).map(lambda word: (word, 1))
    pairs.reduceByKeyAndWindow(lambda a, b: a + b, None, 2, 1).pprint()

"""Without an output operation."""

LOSES = {
    "word_count/batch": "Without an output operation",
    "word_count/next": "Without an output operation",
}


def words(line):
    return line.lower().split()


def word_count(ssc):
    pairs = ssc.socketTextStream("localhost", 9999).flatMap(words).map(lambda word: (word, 1))
    pairs.reduceByKey(lambda a, b: a + b).foreachRDD(lambda rdd: None)

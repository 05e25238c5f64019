"""Prints the pairs before they are added up."""

LOSES = {
    "word_count/batch": "reduceByKey adds the numbers of one word",
}


def words(line):
    return line.lower().split()


def word_count(ssc):
    ssc.socketTextStream("localhost", 9999).flatMap(words).map(lambda word: (word, 1)).pprint()

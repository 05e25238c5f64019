"""Prints the pairs before they are added up: word_count/batch."""


def words(line):
    return line.lower().split()


def word_count(ssc):
    ssc.socketTextStream("localhost", 9999).flatMap(words).map(lambda word: (word, 1)).pprint()

"""One record a line instead of one a word: both checks of word_count."""


def words(line):
    return line.lower().split()


def word_count(ssc):
    ssc.socketTextStream("localhost", 9999).map(words).map(lambda found: (found, 1)).pprint()

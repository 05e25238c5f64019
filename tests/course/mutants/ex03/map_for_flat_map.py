"""One record a line instead of one a word."""

LOSES = {
    "word_count/batch": "map makes one record of a line",
    "word_count/next": "map makes one record of a line",
}


def words(line):
    return line.lower().split()


def word_count(ssc):
    ssc.socketTextStream("localhost", 9999).map(words).map(lambda found: (found, 1)).pprint()

"""Loops in a function that is graded."""


def words(line):
    while True:
        line += ""


word_count = words

"""Returns more than anybody wants to read."""


def words(line):
    return ["word"] * 3_000_000


def word_count(ssc):
    raise ValueError("x" * 10_000_000)

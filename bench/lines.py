"""What the word counts count: the same lines every time, and the same program for RDDs and DStreams of any engine."""

from __future__ import annotations

from random import Random
from typing import Any

WORDS_PER_LINE, VOCABULARY, PARTITIONS = 10, 1_000, 2


def lines(count: int) -> list[str]:
    """`count` lines of random words."""
    rng = Random(1)
    words = [f"word{number}" for number in range(VOCABULARY)]
    return [" ".join(rng.choices(words, k=WORDS_PER_LINE)) for _ in range(count)]


def word_count(source: Any) -> Any:
    """The pairs of words and counts."""
    return source.flatMap(lambda line: line.split()).map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b)

"""What `pprint` prints: a word count whose text is recorded on real PySpark, the batch time aside."""

from __future__ import annotations

import re
from typing import Any

BATCHES = 3
OUTPUTS = 3
LINES = [["to be or not to be"], [], ["a b c d e f g h i j k l m"]]
TIME = re.compile(r"^Time: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$", re.MULTILINE)
HEADER = re.compile(r"(?=^-{43}\nTime: )", re.MULTILINE)


def word_count(sc: Any, ssc: Any) -> None:
    """Count words and print them three times: ten at most, three at most, and the records of a partition as a list."""
    lines = ssc.queueStream([sc.parallelize(batch, 1) for batch in LINES])
    counts = lines.flatMap(lambda line: line.split()).map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b)
    counts.pprint()
    counts.pprint(3)
    counts.glom().map(len).pprint(1)


def blocks(text: str) -> list[str]:
    """The printed blocks of the first batches, one per output and batch, with `Time: …` for the time."""
    found = [TIME.sub("Time: …", block) for block in HEADER.split(text) if block]
    return found[: BATCHES * OUTPUTS]

"""Exercise 3: words of a line, and how often each came in a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, returns
from sparksim.course.printed import compared, failed_batch, printed_pairs
from sparksim.course.probes import Simulate
from sparksim.course.texts import Text
from sparksim.sim import Replay, Run

VOCABULARY = ("batch", "block", "core", "driver", "job", "receiver", "stage", "task", "window", "stream")

SPLIT = Text(
    "split() without an argument splits at any number of blanks and tabs, and leaves no empty words.",
    "不带参数的 split() 会在任意多个空格或制表符处拆分，且不留下空单词。",
)
LOWER = Text("Text has a method lower().", "文本有 lower() 方法。")
PROGRAM = Text(
    "socketTextStream gives lines, flatMap the words of all lines, map a pair per word; then reduceByKey, and pprint.",
    "socketTextStream 得到行，flatMap 得到所有行的单词，map 为每个单词生成一个键值对；然后 reduceByKey，最后 pprint。",
)
OUTPUT = Text(
    "Without an output operation such as pprint nothing ever runs.", "没有 pprint 之类的输出操作，什么都不会运行。"
)
REDUCE = Text(
    "A pair per word is not a count yet: reduceByKey adds the numbers of one word.",
    "每个单词一个键值对还不是计数：reduceByKey 把同一单词的数字相加。",
)
FLAT_MAP = Text(
    "map makes one record of a line, flatMap as many as there are words.",
    "map 把一行变成一条记录，flatMap 则变成与单词数一样多的记录。",
)
EACH_BATCH = Text(
    "reduceByKey on a stream counts each batch anew; windows and states carry earlier batches along.",
    "流上的 reduceByKey 对每个批次重新计数；窗口和状态则会带上之前的批次。",
)


def checks(random: Random) -> Sequence[Check]:
    """Lines are drawn so that one mistake fails one check."""
    drawn = random.sample(VOCABULARY, 6)
    blank = random.choice(["  ", "\t", " \t "])
    first = [f"{drawn[0]} {drawn[1]} {drawn[0]}", f"{drawn[2]} {drawn[0]}"]
    second = [f"{drawn[0]} {drawn[3]}", drawn[4]]
    moments = sorted(round(random.uniform(1.25, 1.7), 2) for _ in first)
    lines = [*zip(moments, first, strict=True), *((at + 1, line) for at, line in zip(moments, second, strict=True))]
    settings = {"network": {"localhost:9999": Replay(lines)}, "seed": random.randrange(1000)}
    stream = Simulate("word_count", until=5, settings=settings, reads=len(lines))
    loud = " ".join(word.upper() if at % 2 else word.title() for at, word in enumerate(drawn[:3]))
    return [
        Check(
            "words/split",
            Text("words: splits at blanks and tabs", "words：在空格和制表符处拆分"),
            2,
            [
                returns("words", (f"{drawn[0]} {drawn[1]}",), drawn[:2], lambda _: SPLIT),
                returns("words", (f"{blank}{drawn[2]}{blank}{drawn[3]}\n",), drawn[2:4], lambda _: SPLIT),
                returns("words", (blank,), [], lambda _: SPLIT),
            ],
            SPLIT,
        ),
        Check(
            "words/lower",
            Text("words: in lower case", "words：转为小写"),
            1,
            [returns("words", (loud,), drawn[:3], lambda _: LOWER)],
            LOWER,
        ),
        Check(
            "word_count/batch",
            Text("word_count: each word once, with its number", "word_count：每个单词一次，连同次数"),
            3,
            [Case(stream, _prints(2.0, first, _first_hint))],
            PROGRAM,
        ),
        Check(
            "word_count/next",
            Text("word_count: the next batch counts only its own lines", "word_count：下一批次只统计自己的行"),
            2,
            [Case(stream, _prints(3.0, second, _next_hint))],
            PROGRAM,
        ),
    ]


def _prints(batch_s: float, lines: Sequence[str], hint: Callable[[Any], Text]) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        pairs = printed_pairs(run, batch_s)
        expected = Counter(word for line in lines for word in line.split())
        return failed_batch(run, PROGRAM) or compared(pairs, expected, batch_s, hint(pairs))

    return judge


def _first_hint(pairs: Sequence[tuple[Any, Any]]) -> Text:
    if not pairs:
        return OUTPUT
    words = [repr(word) for word, _ in pairs]
    if any(word.startswith(("[", "(")) for word in words):
        return FLAT_MAP
    uncounted = any(not isinstance(number, int) for _, number in pairs)
    return REDUCE if uncounted or len(set(words)) < len(words) else PROGRAM


def _next_hint(pairs: Sequence[tuple[Any, Any]]) -> Text:
    counted = pairs and all(isinstance(word, str) and isinstance(number, int) for word, number in pairs)
    return EACH_BATCH if counted else _first_hint(pairs)


EXERCISE = Exercise(
    "ex03_word_count",
    Text("Word count per batch", "每个批次的词数统计"),
    ("words", "word_count"),
    checks,
)

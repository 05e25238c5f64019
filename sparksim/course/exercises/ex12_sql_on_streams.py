"""Exercise 12: a batch as a table: counted, joined with another one, and totals that SQL alone does not have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding
from sparksim.course.printed import compared, compared_in_order, failed_batch, not_printed, printed_pairs
from sparksim.course.probes import Simulate
from sparksim.course.texts import Text
from sparksim.sim import Replay, Run

WORDS = ("batch", "block", "core", "driver", "job", "receiver", "stage", "task")
PRICES = {"tea": 3, "coffee": 4, "cake": 5, "juice": 6}
UNKNOWN = ("water", "soup", "bread")

COUNT = Text(
    "foreachRDD(count): make a DataFrame of the batch, createOrReplaceTempView it, and group by word in spark.sql.",
    "foreachRDD(count)：把批次做成 DataFrame，createOrReplaceTempView，然后在 spark.sql 中 group by word。",
)
EACH_BATCH = Text(
    "A view holds one batch, if each batch replaces it; counts of the stream so far are not asked for here.",
    "只要每个批次都替换视图，视图里就只有一个批次；这里要的不是整个流的总数。",
)
EMPTY = Text(
    "An empty batch has no record to learn the columns from: return if rdd.isEmpty(), or give createDataFrame a schema "
    'such as "word string".',
    '空批次没有记录可以得知列：请在 rdd.isEmpty() 时返回，或给 createDataFrame 一个模式，如 "word string"。',
)
JOIN = Text(
    "Make PRICES a view as well, join it on item, and sum up its price per item.",
    "把 PRICES 也做成视图，按 item 连接，并对每种商品的 price 求和。",
)
OUTER = Text(
    "An inner join drops what has no partner. A left join keeps it, with null for the price: coalesce(sum(price), 0).",
    "内连接会丢掉没有匹配的行。左连接保留它，价格为 null：coalesce(sum(price), 0)。",
)
STATE = Text(
    "updateStateByKey keeps a total per word; its stream, not the words, becomes the table of each batch.",
    "updateStateByKey 为每个单词保存总数；每个批次的表应由它的流而不是单词的流做成。",
)
NO_WORD_YET = Text(
    "Before the first word comes the stream of states is empty, and an empty RDD tells no columns: give "
    'createDataFrame a schema such as "word string, total long".',
    "第一个单词到来之前，状态的流是空的，而空的 RDD 无法得知列：请给 createDataFrame 一个模式，"
    '如 "word string, total long"。',
)
ORDER = Text(
    "order by total desc, word limit 2 gives the two rows in their order.",
    "order by total desc, word limit 2 按顺序给出这两行。",
)
QUIET = Text(
    "The stream of states has all words in every batch, also in those without lines: print them there too.",
    "状态的流在每个批次中都含有所有单词，没有新行的批次也一样：那里也要打印。",
)


def checks(random: Random) -> Sequence[Check]:
    """Inputs are drawn so that one mistake fails one check."""
    return [*_of_word_count(random), *_of_revenue(random), *_of_best(random)]


def _network(lines: Sequence[tuple[float, str]], random: Random) -> dict[str, Any]:
    return {"network": {"localhost:9999": Replay(lines)}, "seed": random.randrange(1000)}


def _of_word_count(random: Random) -> list[Check]:
    """The batch of second 3 is empty."""
    one, two, three = random.sample(WORDS, 3)
    lines = [(1.3, f"{one} {two} {one}"), (1.5, f"{three} {two} {one}"), (3.4, f"{one} {three}")]
    program = Simulate("sql_word_count", until=5, settings=_network(lines, random), reads=len(lines))
    first, last = Counter({one: 3, two: 2, three: 1}), Counter({one: 1, three: 1})
    return [
        Check(
            "sql_word_count/counts",
            Text("sql_word_count: each word of a batch with its number", "sql_word_count：批次中每个单词及其次数"),
            2,
            [
                Case(program, lambda run: compared(printed_pairs(run, 2), first, 2, COUNT)),
                Case(program, lambda run: compared(printed_pairs(run, 4), last, 4, EACH_BATCH)),
            ],
            COUNT,
        ),
        Check(
            "sql_word_count/empty",
            Text("sql_word_count: no batch fails", "sql_word_count：没有批次失败"),
            2,
            [Case(program, _no_batch_fails)],
            COUNT,
        ),
    ]


def _no_batch_fails(run: Run) -> Finding | None:
    if not printed_pairs(run, 2):
        return Finding(Text("the batch of second 2 printed no pairs", "第 2 秒的批次没有打印键值对"), COUNT)
    return failed_batch(run, EMPTY)


def _of_revenue(random: Random) -> list[Check]:
    """The item without a price comes in the second batch only."""
    one, two = random.sample(sorted(PRICES), 2)
    unknown = random.choice(UNKNOWN)
    items = [one, two, one, two, one, unknown, two]
    lines = [(1.25 + 0.1 * at if at < 5 else 2.3 + 0.05 * at, item) for at, item in enumerate(items)]
    program = Simulate("revenue", until=4, settings=_network(lines, random), reads=len(lines))
    return [
        Check(
            "revenue/join",
            Text("revenue: what each item brought in", "revenue：每种商品的收入"),
            2,
            [Case(program, _brings_in({one: 3 * PRICES[one], two: 2 * PRICES[two]}, 2))],
            JOIN,
        ),
        Check(
            "revenue/unknown",
            Text("revenue: an item without a price", "revenue：没有价格的商品"),
            1,
            [Case(program, _prints_item(unknown, 0, 3))],
            JOIN,
        ),
    ]


def _brings_in(wanted: Mapping[str, int], second: int) -> Callable[[Run], Finding | None]:
    return lambda run: compared(printed_pairs(run, second), wanted, second, JOIN)


def _prints_item(item: str, revenue: int, second: int) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        pairs = [pair for pair in printed_pairs(run, second) if pair[0] == item]
        return compared_in_order(pairs, [(item, revenue)], second, OUTER)

    return judge


def _of_best(random: Random) -> list[Check]:
    """The word that leads in the end leads in no batch; two words are equal; the last batch has no lines."""
    one, two, three, four = random.sample(WORDS, 4)
    lines = [(1.3, f"{one} {two} {two} {three}"), (2.4, f"{one} {three} {four} {one}"), (3.3, f"{three} {one}")]
    program = Simulate("best_of_all", until=6, settings=_network(lines, random), reads=len(lines))
    totals: Counter[str] = Counter()
    tops = {}
    for (_, line), second in zip(lines, (2, 3, 4), strict=True):
        totals.update(line.split())
        tops[second] = sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))[:2]
    return [
        Check(
            "best_of_all/totals",
            Text("best_of_all: totals since the program started", "best_of_all：自程序启动以来的总数"),
            1,
            [Case(program, _totals_are_right(dict(totals)))],
            STATE,
        ),
        Check(
            "best_of_all/order",
            Text("best_of_all: the first two, in order", "best_of_all：按顺序的前两个"),
            1,
            [Case(program, _prints(tops[second], second, ORDER)) for second in (3, 4)],
            STATE,
        ),
        Check(
            "best_of_all/quiet",
            Text("best_of_all: in a batch without lines too", "best_of_all：没有新行的批次也打印"),
            1,
            [Case(program, _prints_in_silence)],
            STATE,
        ),
    ]


def _totals_are_right(totals: Mapping[str, int]) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        pairs = printed_pairs(run, 4)
        if pairs and all(totals.get(word) == total for word, total in pairs):
            return failed_batch(run, NO_WORD_YET)
        return failed_batch(run, STATE) or not_printed(sorted(totals.items()), pairs, 4, STATE)

    return judge


def _prints(wanted: Sequence[tuple[str, int]], second: int, hint: Text) -> Callable[[Run], Finding | None]:
    return lambda run: compared_in_order(printed_pairs(run, second), wanted, second, hint)


def _prints_in_silence(run: Run) -> Finding | None:
    before = printed_pairs(run, 4) or [("word", "total")]
    return compared_in_order(printed_pairs(run, 5), before, 5, QUIET)


EXERCISE = Exercise(
    "ex12_sql_on_streams",
    Text("A batch is a table", "一个批次就是一张表"),
    ("sql_word_count", "revenue", "best_of_all"),
    checks,
)

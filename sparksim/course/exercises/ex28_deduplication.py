"""Exercise 28: what gets through, a query that lets each payment through once, and what went wrong in another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random

from sparksim.course.exercise import Case, Check, Exercise, Finding, finds, returns
from sparksim.course.probes import SimulateQuery
from sparksim.course.query_results import failed_query, rows_in_all
from sparksim.course.texts import Text
from sparksim.sim import QuerySimulation, Replay, Run
from sparksim.sql import SparkSession
from sparksim.sql.streaming.sources.memory import MemoryStream

NAMES = ("a", "b", "c", "d", "e", "f", "g", "h")


FIRST = Text(
    "A row is let through if its id is not remembered; it is remembered from then on. The time is not part of the key.",
    "如果一行的 id 没有被记住，它就通过，并从此被记住。时间不是键的一部分。",
)
LATE = Text(
    "A row whose time is not after the watermark is dropped, seen before or not. The watermark is the latest time so "
    "far less the delay.",
    "时间不晚于水位线的行被丢弃，不管以前见过没有。水位线是到目前为止的最大时间减去延迟。",
)
EXPIRY = Text(
    "An id is remembered until the watermark reaches the time of its first row plus the delay; rows that were dropped "
    "do not prolong that. Reaching is enough.",
    "一个 id 被记住，直到水位线到达它第一行的时间加上延迟；被丢弃的行不会延长它。到达即可，不必越过。",
)
PROGRAM = Text(
    'withWatermark("time", ...), then dropDuplicatesWithinWatermark of the key, then select id and amount, and '
    "writeStream "
    "to the console.",
    '先 withWatermark("time", ...)，再按键 dropDuplicatesWithinWatermark，然后 select id 和 amount，'
    "writeStream 到控制台。",
)
STAMPED = Text(
    "An attempt with a new time is still the same payment: the time must not be in the key, and the delay has to be "
    "the thirty minutes for which a payment may come again.",
    "带新时间的尝试仍是同一笔付款：时间不能在键里，而且延迟必须是付款可能重来的三十分钟。",
)
CASH = Text(
    "null is one value of a key: all payments without an id are duplicates of the first one. Make a key of time and "
    "amount for them, such as coalesce(id, ...).",
    "null 是键的一个值：没有编号的付款都算第一笔的重复。请为它们用时间和金额造一个键，例如 coalesce(id, ...)。",
)
FORGET = Text(
    "dropDuplicates keeps a key for ever unless the column with the watermark is part of it. "
    "dropDuplicatesWithinWatermark forgets.",
    "除非带水位线的列是键的一部分，dropDuplicates 永远保留键。dropDuplicatesWithinWatermark 会忘记。",
)
TWICE = Text(
    "Count the rows of run.result_rows by their first cell: an id that is there more than once was given twice, "
    "whatever its times are.",
    "按第一个单元格统计 run.result_rows 的行：出现不止一次的 id 就是输出了两次，不管时间是什么。",
)
LOST = Text(
    "Of run.input_rows take the ids that run.result_rows never has. A late row is not lost if its id got through "
    "before: then it was a duplicate.",
    "从 run.input_rows 中取 run.result_rows 里从未出现的 id。如果某个 id 以前通过过，那么它迟到的行并没有丢："
    "它是重复的。",
)


def checks(random: Random) -> Sequence[Check]:
    """Inputs are drawn so that one mistake fails one check."""
    return [*_of_let_through(random), *_of_payments(random), *_of_audit(random)]


def _of_let_through(random: Random) -> list[Check]:
    one, two, three, four = random.sample(NAMES, 4)
    delay, start = random.randrange(8, 15), random.randrange(100, 200)
    first = [(one, start), (two, start + 1), (one, start), (one, start + 3), (two, start + 2), (three, start + 4)]
    late = [(one, start), (two, start + 3 * delay), (three, start + delay), (four, start + 2 * delay + 1)]
    again = start + 2 * delay
    expiry = [(one, start), (one, start + delay), (two, again - 1), (one, again - 1), (three, again), (one, again + 1)]
    return [
        _check_let_through(
            "first",
            Text("the first of each id", "每个 id 的第一行"),
            first,
            delay,
            [first[0], first[1], first[5]],
            FIRST,
        ),
        _check_let_through(
            "late", Text("rows that are late", "迟到的行"), late, delay, [late[0], late[1], late[3]], LATE
        ),
        _check_let_through(
            "expiry",
            Text("until when an id is remembered", "一个 id 被记到什么时候"),
            expiry,
            delay,
            [expiry[0], expiry[2], expiry[4], expiry[5]],
            EXPIRY,
        ),
    ]


def _check_let_through(
    name: str, title: Text, rows: list[tuple[str, int]], delay: int, expected: list[tuple[str, int]], hint: Text
) -> Check:
    return Check(
        f"let_through/{name}",
        Text(f"let_through: {title.en}", f"let_through：{title.zh}"),
        1,
        [returns("let_through", (rows, delay), expected, lambda _: hint)],
        hint,
    )


def _of_payments(random: Random) -> list[Check]:
    """Some payments have ids, some are cash; the last one is so late in the day that all others can be forgotten."""
    one, two, last = random.sample(range(10, 100), 3)
    amounts = {f"p{number}": random.randrange(2, 50) for number in (one, two, last)}
    start = datetime(2026, 3, random.randrange(1, 28), random.randrange(6, 20))
    cash = random.randrange(2, 50)
    told = [
        *[(0, f"p{one}"), (3, f"p{two}"), (0, f"p{one}"), (28, f"p{one}"), (31, f"p{two}")],
        *[(32, ""), (33, ""), (33, ""), (180, f"p{last}")],
    ]
    lines = [
        (1.3 + 2 * at, f"{start + timedelta(minutes=minute)},{name},{amounts.get(name, cash)}")
        for at, (minute, name) in enumerate(told)
    ]
    settings = {"network": {"localhost:9999": Replay(lines)}, "seed": random.randrange(1000)}
    program = SimulateQuery("payments_once", until=21, settings=settings, reads=len(lines))
    named = list(amounts.items())
    return [
        Check(
            "payments_once/stamped",
            Text("payments_once: each id once", "payments_once：每个 id 一次"),
            2,
            [Case(program, _gives(named, STAMPED, cash=False))],
            PROGRAM,
        ),
        Check(
            "payments_once/cash",
            Text("payments_once: payments without an id", "payments_once：没有编号的付款"),
            1,
            [Case(program, _gives([("NULL", cash)] * 2, CASH, cash=True))],
            PROGRAM,
        ),
        Check(
            "payments_once/forgets",
            Text("payments_once: old payments are forgotten", "payments_once：忘记旧的付款"),
            1,
            [Case(program, _keeps_one_state)],
            PROGRAM,
        ),
    ]


def _gives(expected: Sequence[tuple[str, int]], hint: Text, cash: bool) -> Callable[[Run], Finding | None]:
    """All that the sink ever got of payments with an id, or of those without."""

    def judge(run: Run) -> Finding | None:
        came = [row for row in run.result_rows.column("row") if (row[0] == "NULL") is cash]
        return failed_query(run, hint) or rows_in_all(came, expected, hint)

    return judge


def _keeps_one_state(run: Run) -> Finding | None:
    kept = [row.state_rows for row in run.triggers if row.state_rows is not None]
    if kept and kept[-1] == 1:
        return failed_query(run, FORGET)
    return failed_query(run, FORGET) or Finding(
        Text(
            f"two hours later only the last payment should be remembered, 1 state, and it is {kept[-1] if kept else 0}",
            f"两小时之后应只记住最后一笔付款，即 1 个状态，实际为 {kept[-1] if kept else 0}",
        ),
        FORGET,
    )


def _of_audit(random: Random) -> list[Check]:
    """In one run payments are given twice, in the other one some are lost; late duplicates are in both."""
    one, two, three, four, five = random.sample(NAMES, 5)
    start = datetime(2026, 3, random.randrange(1, 28), 10)
    doubled = [(one, 0), (two, 1), (one, 2), (three, 40), (two, 41), (one, 3), (four, 42), (one, 43)]
    missing = [(one, 0), (two, 40), (one, 0), (five, 20), (three, 41), (four, 25), (four, 44), (five, 21)]
    return [
        Check(
            "audit/twice",
            Text("audit: what was given twice", "audit：输出了两次的"),
            1,
            [_audit(start, doubled, {"twice": sorted([one, two]), "lost": []}, TWICE)],
            TWICE,
        ),
        Check(
            "audit/lost",
            Text("audit: what was lost", "audit：丢失的"),
            2,
            [_audit(start, missing, {"twice": [], "lost": [five]}, LOST)],
            LOST,
        ),
    ]


def _audit(start: datetime, rows: Sequence[tuple[str, int]], expected: dict[str, list[str]], hint: Text) -> Case:
    def once(spark: SparkSession) -> None:
        payments = MemoryStream(spark, "id string, time timestamp")
        marked = payments.toDF().withWatermark("time", "10 minutes")
        query = marked.dropDuplicatesWithinWatermark(["id"]).writeStream.format("console").start()
        for name, minute in rows:
            payments.addData((name, start + timedelta(minutes=minute)))
            query.processAllAvailable()

    return finds("audit", QuerySimulation(once).run(until=8), expected, lambda _: hint)


EXERCISE = Exercise(
    "ex28_deduplication",
    Text("Each payment once", "每笔付款一次"),
    ("let_through", "payments_once", "audit"),
    checks,
)

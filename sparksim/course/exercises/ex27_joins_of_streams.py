"""Exercise 27: when a missing partner is told, the join of two streams, and the delays of its watermarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, returns, short
from sparksim.course.probes import Call, SimulateQuery
from sparksim.course.query_results import failed_query
from sparksim.course.texts import Text
from sparksim.sim import QuerySimulation, Replay, Run
from sparksim.sql import SparkSession
from sparksim.sql.functions import expr
from sparksim.sql.streaming.sources.memory import MemoryStream
from sparksim.sql.utils import AnalysisException

LIMIT = 45
MOST = 100_000
DAY = datetime(2026, 5, 1)
NULL = "NULL"

Plan = dict[str, int]
Step = Sequence[tuple[str, int, int]]
"""Rows that come together: a stream (rentals or returns), a bicycle, a minute."""

LESSER = Text(
    "Take each delay off the newest time of its stream; the lesser of the two is the watermark. One stream alone moves "
    "nothing.",
    "从每个流的最新时间减去它的延迟，其中较小的才是水位线。单独一个流推不动它。",
)
PAST = Text(
    "The last allowed minute belongs to the range, so the watermark has to be past rented + limit, not at it.",
    "最后允许的那一分钟属于时间范围，所以水位线必须超过 rented + limit，而不是等于它。",
)
NEWEST = Text(
    "What counts is the newest time so far, also of earlier steps; a stream that has brought nothing holds the "
    "watermark.",
    "起作用的是迄今为止（包括更早的步骤）最新的时间；什么都没有带来的流会定住水位线。",
)
PROGRAM = Text(
    "Read both sockets, give each stream its watermark, and join them with left_outer on the same bicycle and a range "
    "of time.",
    "读取两个套接字，给每个流加上水位线，按同一辆自行车和时间范围用 left_outer 连接。",
)
ENDS = Text(
    "Both ends belong to the range: returned >= rented and returned <= rented + interval 45 minutes.",
    "时间范围包含两端：returned >= rented and returned <= rented + interval 45 minutes。",
)
RANGE = Text(
    "A return before the rental, or more than 45 minutes after it, is not the return of this rental.",
    "早于租出的归还，或比租出晚超过 45 分钟的归还，不是这次租出的归还。",
)
BOTH = Text(
    "A row with null is written when its rental is forgotten: a left outer join with a watermark on both streams, with "
    "the delays that the task gives.",
    "带 null 的行在租出被忘掉时写出：要用左外连接，两个流都有水位线，延迟按题目所给。",
)
KNOBS = Text(
    'Give a dict such as {"rentals": 10, "returns": 20}, of whole minutes or None.',
    '请返回字典，如 {"rentals": 10, "returns": 20}，值为整分钟或 None。',
)
REFUSED = Text(
    "Without a watermark on the returns nobody knows when a return can come no more: Spark refuses the left outer "
    "join.",
    "归还一边没有水位线，就无从知道什么时候不会再有归还：Spark 拒绝这个左外连接。",
)
TOO_SHORT = Text(
    "Each stream's delay has to cover how late its own rows come; if the other stream is ahead, its own newest row is "
    "what the watermark goes by.",
    "每个流的延迟要覆盖它自己的行会迟到多久；如果另一个流领先，水位线就由这个流自己的最新行决定。",
)
TOO_LONG = Text(
    "A rental is forgotten when min(newest rental - delay, newest return - delay) is past its limit: a longer delay "
    "than the rows need, on either side, makes the report wait.",
    "当 min(最新租出 - 延迟, 最新归还 - 延迟) 超过期限时，租出才被忘掉：任何一边的延迟比所需的长，报告就要等待。",
)
ONE_SIDED = Text(
    "Legal, but silent: rentals without a watermark of their own are never forgotten, so no row with null is written.",
    "合法，却一声不响：自身没有水位线的租出永远不会被忘掉，也就不写出带 null 的行。",
)


def checks(random: Random) -> Sequence[Check]:
    """Minutes, bicycles and plans are drawn."""
    return [*_predictions(random), *_program(random), *_design(random)]


def _null_after(
    rented: int, limit: int, delays: tuple[int, int], steps: Sequence[tuple[int | None, ...]]
) -> int | None:
    newest = [0, 0]
    for index, times in enumerate(steps):
        newest = [max(old, new or 0) for old, new in zip(newest, times, strict=True)]
        if min(newest[0] - delays[0], newest[1] - delays[1]) > rented + limit:
            return index
    return None


def _predictions(random: Random) -> list[Check]:
    rented, limit = random.randint(5, 60), random.randint(20, 60)
    delays = random.randint(5, 15), random.randint(16, 30)
    over = [rented + limit + delay for delay in delays]  # newest times with which the watermark is at the limit

    def told(steps: list[tuple[int | None, int | None]], hint: Text) -> Case:
        arguments = (rented, limit, *delays, steps)
        return returns("null_after", arguments, _null_after(rented, limit, delays, steps), lambda _: hint)

    rentals_ahead = [(over[0] + 50, over[1] - 9), (over[0] + 60, over[1] - 3), (over[0] + 70, over[1] + 4)]
    returns_ahead = [(over[0] - 9, over[1] + 50), (over[0] + 5, over[1] + 60), (over[0] + 9, over[1] + 70)]
    exact = [(over[0] - 5, over[1] - 5), (over[0], over[1]), (over[0] + 1, over[1] + 1)]
    in_turns = [(over[0] + 9, None), (over[0] - 20, None), (None, over[1] - 1), (None, over[1] + 9)]
    silent = [(over[0] + 30 * step, None) for step in range(4)]
    return [
        Check(
            "null_after/lesser",
            Text("null_after: both streams have to move", "null_after：两个流都要前进"),
            1,
            [told(list(rentals_ahead), LESSER), told(list(returns_ahead), LESSER)],
            LESSER,
        ),
        Check(
            "null_after/past",
            Text("null_after: the last minute of the range", "null_after：时间范围的最后一分钟"),
            1,
            [told(list(exact), PAST)],
            PAST,
        ),
        Check(
            "null_after/silent",
            Text("null_after: a stream that brings nothing", "null_after：什么都没有带来的流"),
            1,
            [told(list(in_turns), NEWEST), told(list(silent), NEWEST)],
            NEWEST,
        ),
    ]


def _at(minute: int) -> datetime:
    return DAY + timedelta(minutes=minute)


def _program(random: Random) -> list[Check]:
    """Bicycles that come back in time, in the last minute, too late, before they were rented, and never."""
    in_time, at_the_end, too_late, too_early, *gone = random.sample(range(1, 90), 6)
    minutes = sorted(random.sample(range(600, 640), 6))
    rented = dict(zip(random.sample([in_time, at_the_end, too_late, too_early, *gone], 6), minutes, strict=True))
    back = [
        (in_time, rented[in_time] + random.randint(12, 20)),
        (in_time, rented[in_time] + random.randint(25, 40)),
        (at_the_end, rented[at_the_end] + LIMIT),
        (too_late, rented[too_late] + LIMIT + random.randint(1, 9)),
        (too_early, rented[too_early] - random.randint(1, 9)),
    ]
    back.sort(key=lambda each: each[1])
    newest = max(minute for _, minute in back) + 2 * LIMIT
    out_lines = [
        (0.3 + 0.2 * at, bike, minute) for at, (bike, minute) in enumerate(sorted(rented.items(), key=_second))
    ]
    back_lines = [(2.0 + 0.3 * at, bike, minute) for at, (bike, minute) in enumerate(back)]
    settings = {
        "network": {
            "localhost:9998": _load([*out_lines, (5.0, 98, newest)]),
            "localhost:9999": _load([*back_lines, (5.5, 99, newest + 10)]),
        },
        "seed": random.randrange(1000),
    }
    probe = SimulateQuery("rentals", until=8, settings=settings, reads=len(rented) + len(back) + 2)
    pairs = {(bike, minute) for bike, minute in back if 0 <= minute - rented[bike] <= LIMIT}
    expected: set[tuple[str, ...]] = {(str(bike), str(_at(rented[bike])), str(_at(minute))) for bike, minute in pairs}
    missing: set[tuple[str, ...]] = {(str(bike), str(_at(rented[bike])), NULL) for bike in gone}
    return [
        Check(
            "rentals/pairs",
            Text("rentals: each rental with its returns", "rentals：每次租出配上它的归还"),
            1,
            [Case(probe, _has(expected, ENDS))],
            PROGRAM,
        ),
        Check(
            "rentals/limits",
            Text("rentals: no other returns", "rentals：没有其他的归还"),
            1,
            [Case(probe, _has_no_other(expected))],
            PROGRAM,
        ),
        Check(
            "rentals/nulls",
            Text("rentals: null for what does not come back", "rentals：没有归还的为 null"),
            2,
            [Case(probe, _has(missing, BOTH))],
            PROGRAM,
        ),
    ]


def _second(pair: tuple[int, int]) -> int:
    return pair[1]


def _load(lines: Sequence[tuple[float, int, int]]) -> Replay:
    return Replay([(round(second, 2), f"{bike},{_at(minute)}") for second, bike, minute in lines])


def _rows(run: Run) -> list[tuple[str, ...]]:
    return [row.row for row in run.result_rows]


def _has(expected: set[tuple[str, ...]], hint: Text) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        died = failed_query(run, PROGRAM)
        if died is not None:
            return died
        lacking = sorted(expected.difference(_rows(run)))
        if not lacking:
            return None
        return Finding(
            Text(
                f"the sink should get the row {lacking[0]}; it got {short(sorted(_rows(run)))}",
                f"接收端应得到行 {lacking[0]}；实际得到 {short(sorted(_rows(run)))}",
            ),
            hint,
        )

    return judge


def _has_no_other(expected: set[tuple[str, ...]]) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        died = failed_query(run, PROGRAM)
        if died is not None:
            return died
        rows = _rows(run)
        if not rows:
            return Finding(Text("the sink got no rows", "接收端没有得到任何行"), PROGRAM)
        others = sorted(row for row in rows if row[-1] != NULL and row not in expected)
        if not others:
            return None
        return Finding(
            Text(f"the sink got {others[0]}, which is no pair", f"接收端得到 {others[0]}，这不是一对"), RANGE
        )

    return judge


def _design(random: Random) -> list[Check]:
    late = sorted(random.sample(range(8, 40), 2))
    plan = {"rentals_late": late[0], "returns_late": late[1], "limit": random.randint(20, 60)}
    probe = Call("delays", (plan,))
    return [
        Check(
            "delays/rentals",
            Text("delays: no rental is dropped", "delays：没有租出记录被丢弃"),
            1,
            [Case(probe, _drops_none(plan, "rentals", "returns"))],
            KNOBS,
        ),
        Check(
            "delays/returns",
            Text("delays: no return is dropped", "delays：没有归还记录被丢弃"),
            1,
            [Case(probe, _drops_none(plan, "returns", "rentals"))],
            KNOBS,
        ),
        Check(
            "delays/report",
            Text("delays: what is missing is told in time", "delays：及时报告未归还"),
            1,
            [Case(probe, _tells(plan))],
            KNOBS,
        ),
    ]


def _drops_none(plan: Plan, late: str, ahead: str) -> Callable[[Any], Finding | None]:
    """A row as late as may be, while the other stream is far ahead."""
    oldest = 1000 - plan[f"{late}_late"] + 1
    story: list[Step] = [[(late, 8, 1000), (ahead, 9, 1500)], [(late, 1, oldest)]]

    def judge(answer: Any) -> Finding | None:
        run = _simulated(plan, answer, story)
        if isinstance(run, Finding):
            return run
        if sum(run.triggers.column("rows_late")) == 0:
            return None
        age = plan[f"{late}_late"] - 1
        return Finding(
            Text(
                f"with {answer} and {plan}, a row of {late} that is {age} minutes older than the newest was dropped",
                f"取 {answer} 时（{plan}），{late} 中一行比最新行早 {age} 分钟，被丢弃了",
            ),
            TOO_SHORT,
        )

    return judge


def _tells(plan: Plan) -> Callable[[Any], Finding | None]:
    """Both streams are one minute further than they have to be."""
    rental, back = (600 + plan["limit"] + plan[late] + 1 for late in ("rentals_late", "returns_late"))
    story: list[Step] = [[("rentals", 1, 600)], [("rentals", 8, rental), ("returns", 9, back)]]

    def judge(answer: Any) -> Finding | None:
        run = _simulated(plan, answer, story)
        if isinstance(run, Finding):
            return run
        if any(row[0] == "1" and row[-1] == NULL for row in _rows(run)):
            return None
        return Finding(
            Text(
                f"with {answer} and {plan}, a missing return was not reported when both streams allowed it",
                f"取 {answer} 时（{plan}），两个流都已允许，未归还却没有被报告",
            ),
            ONE_SIDED if answer["rentals"] is None else TOO_LONG,
        )

    return judge


def _simulated(plan: Plan, answer: Any, story: Sequence[Step]) -> Run | Finding:
    """The join with these delays, told a story; or what is wrong with them."""
    if not _is_usable(answer):
        return Finding(
            Text(f"delays({plan}) is {short(answer)}", f"delays({plan}) 得到 {short(answer)}"),
            KNOBS,
        )

    def program(spark: SparkSession) -> None:
        streams = {
            "rentals": MemoryStream(spark, "bike int, rented timestamp"),
            "returns": MemoryStream(spark, "returned_bike int, returned timestamp"),
        }
        frames = {name: stream.toDF() for name, stream in streams.items()}
        for name, column in (("rentals", "rented"), ("returns", "returned")):
            if answer[name] is not None:
                frames[name] = frames[name].withWatermark(column, f"{answer[name]} minutes")
        range_of_time = f"returned between rented and rented + interval {plan['limit']} minutes"
        belongs = expr(f"returned_bike = bike and {range_of_time}")
        joined = frames["rentals"].join(frames["returns"], belongs, "left_outer")
        query = joined.writeStream.format("memory").queryName("rentals").start()
        for step in story:
            for stream, bike, minute in step:
                streams[stream].addData((bike, _at(minute)))
            query.processAllAvailable()

    try:
        return QuerySimulation(program).run(until=5)
    except AnalysisException:
        return Finding(
            Text(f"with {answer} Spark refuses to start the join", f"取 {answer} 时，Spark 拒绝启动这个连接"),
            REFUSED,
        )


def _is_usable(answer: Any) -> bool:
    return (
        isinstance(answer, dict)
        and answer.keys() == {"rentals", "returns"}
        and all(each is None or (type(each) is int and 0 <= each <= MOST) for each in answer.values())
    )


EXERCISE = Exercise(
    "ex27_joins_of_streams",
    Text("Joins of streams", "流与流的连接"),
    ("null_after", "rentals", "delays"),
    checks,
)

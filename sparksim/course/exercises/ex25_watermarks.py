"""Exercise 25: where the watermark stands, a query that forgets, and a delay that fits rows nobody has seen yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache, partial
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, returns, short
from sparksim.course.probes import Call, SimulateQuery
from sparksim.course.query_results import failed_query, rows_in_all
from sparksim.course.texts import Text
from sparksim.sim import Cluster, QuerySimulation, Replay, Run
from sparksim.sql import SparkSession
from sparksim.sql.functions import window

DEPOTS = ("east", "harbour", "north", "south", "station", "west")
TOWN = (25, 6)
VALLEY = (90, 13)
"""How late a scan may be, in seconds, and how many states a query may keep."""
SCANS = 360
FORGOTTEN = 2
"""How many scans of a day come from a drawer."""
MOST_DROPPED = 0.02


BACK = Text(
    "Keep the latest event time of all batches so far, not of this batch: the watermark never goes back. It is that "
    "less the delay, and never below 0.",
    "请记住此前所有批次中最大的事件时间，而不只是本批次的：水位线从不后退。它等于这个时间减去延迟，且不小于 0。",
)
BEFORE = Text(
    "A batch works with what the batches before it left behind: look at its own rows only after you have noted the "
    "watermark for it.",
    "一个批次用的是此前的批次留下的水位线：先记下它的水位线，再看它自己的行。",
)
EMPTY = Text(
    "A batch may have no rows: it leaves the watermark where it is. max() of an empty list is an error.",
    "批次可以没有行：它不改变水位线。对空列表用 max() 会出错。",
)
PROGRAM = Text(
    'parcels.withWatermark(...) first, then groupBy(window(...), "depot").count(), then writeStream in append mode to '
    "the console.",
    '先 parcels.withWatermark(...)，再 groupBy(window(...), "depot").count()，'
    "然后用追加（append）模式 writeStream 到控制台。",
)
ONCE = Text(
    "Append mode gives a count once, when its window is over. Update gives it each time it changes, complete each time "
    "all of them. The keys are the window of ten minutes and the depot.",
    "追加（append）模式在窗口结束时输出一次计数。更新（update）每次变化都输出，完整（complete）每次输出全部。"
    "键是十分钟的窗口和配送站。",
)
LATE = Text(
    "A parcel that is nine minutes behind the latest one has to be counted, and one that is twelve minutes behind, "
    'whose window is over, dropped: withWatermark("time", "10 minutes") before the groupBy, and no complete mode.',
    "比最新的包裹晚九分钟的必须统计；晚十二分钟、窗口已结束的必须丢弃："
    '在 groupBy 之前 withWatermark("time", "10 minutes")，并且不用完整（complete）模式。',
)
FORGET = Text(
    "Windows that are over are still in the state. They are removed only with a watermark on the column that the "
    "window is made of, before the aggregation, and in append or update mode.",
    "已结束的窗口还在状态中。只有在聚合之前、在构成窗口的那一列上设水位线，并使用追加（append）或更新（update）模式，它们才会被删除。",
)
SHAPE = Text(
    "Return whole seconds, 0 or more, as an int: about how far most scans are behind the latest one.",
    "请返回整数秒（int），不小于 0：大致是大多数记录比最新的记录落后多少。",
)
TOO_SHORT = Text(
    "How far is each scan of yesterday behind the latest one before it? A mean says nothing of the late ones: sort "
    "these numbers, and take one that 98 or 99 of 100 do not exceed.",
    "昨天的每条记录比它之前最新的记录落后多少？平均值说明不了迟到者："
    "请把这些数排序，取一个 100 条中有 98 或 99 条不超过的值。",
)
TOO_LONG = Text(
    "One scan from a drawer must not decide: the largest lateness makes the query keep windows for all that time. "
    "Leave the last one or two of a hundred out; you may lose them.",
    "不能让一个放在抽屉里的扫描器说了算：按最大的迟到时间，查询在整段时间里都要保留窗口。"
    "请舍去一百条中最晚的一两条；它们可以丢。",
)

Scan = tuple[float, float]
"""When it arrived and when it was made, in seconds."""


def checks(random: Random) -> Sequence[Check]:
    """Two depots, whose days nobody but the grader knows; each day is simulated with the delay that was chosen."""
    return [*_of_watermarks(random), *_of_parcels(random), *_of_delay(random)]


def _of_watermarks(random: Random) -> list[Check]:
    delay, first = random.randrange(5, 12), random.randrange(20, 40)
    moves = [[first, first + 7], [first + 31, first + 3], [first + 12], [first + 50]]
    empty = [[2, 1], [], [first + delay], [], [], [first]]
    return [
        Check(
            "watermarks/moves",
            Text("watermarks: with the latest time, and never back", "watermarks：随最大时间移动，从不后退"),
            1,
            [_watermarks(moves, delay, [0, first + 7 - delay, first + 31 - delay, first + 31 - delay])],
            BACK,
        ),
        Check(
            "watermarks/empty",
            Text("watermarks: batches without rows, and a slow start", "watermarks：没有行的批次，以及开头"),
            1,
            [_watermarks(empty, delay, [0, 0, 0, first, first, first])],
            EMPTY,
        ),
    ]


def _watermarks(batches: Sequence[Sequence[int]], delay: int, expected: list[int]) -> Case:
    """The hint depends on whether it is the right line, one batch too early."""

    def hints(value: Any) -> Text:
        return BEFORE if isinstance(value, list) and value[:-1] == expected[1:] else BACK

    return returns("watermarks", (batches, delay), expected, hints)


def _of_parcels(random: Random) -> list[Check]:
    """The third depot has the late rows: one within the delay, and one whose window is over."""
    busy, other, tardy = random.sample(DEPOTS, 3)
    start = datetime(2026, 3, random.randrange(1, 28), random.randrange(6, 20))
    told = [(2, busy), (4, other), (7, busy), (13, busy), (17, busy), (8, tardy), (21, busy), (9, tardy), (75, busy)]
    lines = [(1.3 + 2 * at, f"{start + timedelta(minutes=minute)},{depot}") for at, (minute, depot) in enumerate(told)]
    settings = {"network": {"localhost:9999": Replay(lines)}, "seed": random.randrange(1000)}
    program = SimulateQuery("parcels_per_depot", until=21, settings=settings, reads=len(lines))

    def rows(depots: Sequence[str]) -> list[tuple[str, str, int]]:
        counts = [(0, busy, 2), (0, other, 1), (0, tardy, 1), (10, busy, 2), (20, busy, 1)]
        return [(_window(start, minute), depot, count) for minute, depot, count in counts if depot in depots]

    return [
        Check(
            "parcels_per_depot/once",
            Text("parcels_per_depot: each count once, when final", "parcels_per_depot：每个计数只在最终时输出一次"),
            2,
            [Case(program, _gives_in_all(rows((busy, other)), tardy, ONCE))],
            PROGRAM,
        ),
        Check(
            "parcels_per_depot/late",
            Text("parcels_per_depot: who is late, and who is not", "parcels_per_depot：谁算迟到，谁不算"),
            1,
            [Case(program, _last_of(tardy, rows((tardy,)), LATE))],
            PROGRAM,
        ),
        Check(
            "parcels_per_depot/forgets",
            Text("parcels_per_depot: windows that are over are forgotten", "parcels_per_depot：忘记已结束的窗口"),
            1,
            [Case(program, _keeps_one_state)],
            PROGRAM,
        ),
    ]


def _window(start: datetime, minute: int) -> str:
    return f"{{{start + timedelta(minutes=minute)}, {start + timedelta(minutes=minute + 10)}}}"


def _gives_in_all(expected: Sequence[Sequence[object]], but: str, hint: Text) -> Callable[[Run], Finding | None]:
    """All rows that the sink ever got, except those of one depot."""

    def judge(run: Run) -> Finding | None:
        rows = [row for row in run.result_rows.column("row") if but not in row]
        return failed_query(run, hint) or rows_in_all(rows, expected, hint)

    return judge


def _last_of(depot: str, expected: Sequence[Sequence[object]], hint: Text) -> Callable[[Run], Finding | None]:
    """What the sink got last of the windows of a depot, however often it got them."""

    def judge(run: Run) -> Finding | None:
        last = {row[:-1]: row for row in run.result_rows.column("row") if depot in row}
        return failed_query(run, hint) or rows_in_all(list(last.values()), expected, hint)

    return judge


def _keeps_one_state(run: Run) -> Finding | None:
    kept = [row.state_rows for row in run.triggers if row.state_rows is not None]
    if kept and kept[-1] == 1:
        return failed_query(run, FORGET)
    return failed_query(run, FORGET) or Finding(
        Text(
            f"when only the last window is open, 1 state should be kept, and it is {kept[-1] if kept else 'none'}",
            f"只有最后一个窗口开着时，应保留 1 个状态，实际为 {kept[-1] if kept else '无'}",
        ),
        FORGET,
    )


def _of_delay(random: Random) -> list[Check]:
    asked = []
    for longest_s, most in (TOWN, VALLEY):
        yesterday = _day(longest_s, Random(random.randrange(10**6)))
        today = tuple(_day(longest_s, Random(random.randrange(10**6))))
        asked.append((Call("choose_delay", (yesterday,)), today, most))
    return [
        Check(
            "choose_delay/drops",
            Text("choose_delay: less than 2 % are dropped", "choose_delay：丢弃的少于 2 %"),
            2,
            [Case(probe, partial(_judge_drops, today)) for probe, today, _ in asked],
            SHAPE,
        ),
        Check(
            "choose_delay/states",
            Text("choose_delay: hardly more states than needed", "choose_delay：状态几乎不多于所需"),
            2,
            [Case(probe, partial(_judge_states, today, most)) for probe, today, most in asked],
            SHAPE,
        ),
    ]


def _day(longest_s: float, random: Random) -> list[Scan]:
    """Scans by arrival, every quarter of a second: of a hundred 85 nearly at once, 15 up to `longest_s` late."""
    drawer = random.sample(range(SCANS), FORGOTTEN)
    scans = []
    for number in range(SCANS):
        arrived = 1000 + number / 4
        late = random.uniform(5, longest_s) if random.random() < 0.15 else random.expovariate(1)
        if number in drawer:
            late = random.uniform(300, 600)
        scans.append((arrived, round(arrived - late, 2)))
    return scans


def _judge_drops(today: tuple[Scan, ...], value: Any) -> Finding | None:
    if not _is_delay(value):
        return _no_delay(value)
    counted, _ = _simulated(today, value)
    dropped = 1 - counted / len(today)
    if dropped < MOST_DROPPED:
        return None
    return Finding(
        Text(
            f"with a delay of {value} s today's query dropped {dropped:.1%} of the scans; less than 2 % was asked for",
            f"延迟为 {value} 秒时，今天的查询丢弃了 {dropped:.1%} 的记录；要求少于 2 %",
        ),
        TOO_SHORT,
    )


def _judge_states(today: tuple[Scan, ...], most: int, value: Any) -> Finding | None:
    if not _is_delay(value):
        return _no_delay(value)
    _, kept = _simulated(today, value)
    if kept <= most:
        return None
    return Finding(
        Text(
            f"with a delay of {value} s today's query kept up to {kept} states; {most} are enough",
            f"延迟为 {value} 秒时，今天的查询最多保留了 {kept} 个状态；{most} 个就够了",
        ),
        TOO_LONG,
    )


def _is_delay(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 10**6


def _no_delay(value: Any) -> Finding:
    return Finding(
        Text(
            f"choose_delay should return a number of seconds, and gave {short(value)}",
            f"choose_delay 应返回秒数，得到 {short(value)}",
        ),
        SHAPE,
    )


@lru_cache(maxsize=8)
def _simulated(today: tuple[Scan, ...], delay_s: int) -> tuple[int, int]:
    """How many scans were counted, and the most states that were kept. The last row closes all windows."""
    zero, over_s = datetime(2026, 3, 1), SCANS / 4 + 1

    def counts(spark: SparkSession) -> None:
        lines = spark.readStream.format("socket").option("host", "localhost").option("port", 9999).load()
        scans = lines.selectExpr("cast(value as timestamp) as made").withWatermark("made", f"{delay_s} seconds")
        writer = scans.groupBy(window("made", "10 seconds")).count().writeStream.format("memory").queryName("counts")
        writer.trigger(processingTime="6 seconds").start()

    lines = [(arrived - 999.5, str(zero + timedelta(seconds=made))) for arrived, made in today]
    network = {"localhost:9999": Replay([*lines, (over_s, str(zero + timedelta(days=365)))])}
    conf = {"spark.sql.shuffle.partitions": 1}
    run = QuerySimulation(counts, network=network, cluster=Cluster(1, 1), conf=conf).run(until=over_s + 12)
    counted = sum(int(row[-1]) for row in run.result_rows.column("row"))
    kept = [row.state_rows or 0 for row in run.triggers if row.batch_time_ms < over_s * 1000]
    return counted, max(kept)


EXERCISE = Exercise(
    "ex25_watermarks",
    Text("How long to wait", "要等多久"),
    ("watermarks", "parcels_per_depot", "choose_delay"),
    checks,
)

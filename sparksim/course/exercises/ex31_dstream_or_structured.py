"""Exercise 31: two times, a program that moves to the other engine, and choices that are simulated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, returns, short
from sparksim.course.probes import Call, SimulateQuery
from sparksim.course.query_results import failed_query
from sparksim.course.texts import Text
from sparksim.sim import DriverCrash, QuerySimulation, Run
from sparksim.sql.functions import window
from sparksim.sql.session import SparkSession

USERS = ("ann", "bob", "cid", "dan", "eve")
WINDOW_S = 10
JUDGED_S = 30
END_S = 50
EPOCH = datetime(2030, 1, 1)
EPOCH_S = int((EPOCH - datetime(1970, 1, 1)).total_seconds())

ARRIVAL = Text(
    "A DStream's windows are of batch times: a row is counted when it arrives.",
    "DStream 的窗口是批次时间的窗口：一行在它到达时被计入。",
)
EVENT_TIME = Text(
    "A query's windows are of the time in the row, however late it arrives.",
    "查询的窗口是行中的时间的窗口，不论这行多晚到达。",
)
SUMS = Text(
    "Read sim://in as text, split the line, group by user, sum, and set each sum by upsert in foreachBatch.",
    "以文本读取 sim://in，拆分每一行，按用户分组求和，并在 foreachBatch 中用 upsert 设置每个总和。",
)
TOUCHED = Text(
    "Only users with new lines are written, every 2 seconds: update mode and trigger(processingTime=...).",
    "每 2 秒只写入有新行的用户：update 模式和 trigger(processingTime=...)。",
)
GOES_ON = Text(
    'The checkpoint belongs to the query: option("checkpointLocation", "sim://checkpoint").',
    '检查点属于查询：option("checkpointLocation", "sim://checkpoint")。',
)
CHOICE = Text(
    "Late rows ask for event time, and so for a query: its watermark waits as long as rows may be late, no longer.",
    "迟到的行需要事件时间，也就是查询：它的水位线等待的时间与行可能迟到的时间一样长，不要更长。",
)
SOON = Text(
    "A window comes out `wait` seconds, two triggers and one second after its end, at the latest: choose both small "
    "enough.",
    "窗口最迟在结束之后 `wait` 秒加两次触发再加一秒交出：两者都要选得足够小。",
)
IMPOSSIBLE = Text(
    "Nobody can give a window before the rows that belong to it may have come: return None.",
    "在属于它的行可能还没有到来之前，谁也无法给出一个窗口：请返回 None。",
)
PUSHED = Text(
    "Structured Streaming has no receivers: a server that sends each row once needs a DStream.",
    "Structured Streaming 没有接收器：每行只发送一次的服务器需要 DStream。",
)


def checks(random: Random) -> Sequence[Check]:
    """Rows that cross a window's end on their way, a driver that dies in a pause, and needs of four kinds."""
    return [*_counts(random), *_moved(random), *_choices(random)]


def _counts(random: Random) -> Sequence[Check]:
    rows = [(second + 0.5, second) for second in sorted(random.sample(range(40), 6))]
    late = [(start + random.randrange(1, 9) + 0.5, start - random.randrange(1, 9)) for start in (10, 20, 30)]
    mixed = random.sample(rows + late, 9)

    def check(engine: str, points: int, title: Text, hint: Text, column: int) -> Check:
        expected = dict(Counter(int(row[column] // WINDOW_S * WINDOW_S) for row in mixed))
        case = returns("counts", (mixed, engine), expected, lambda _: hint)
        return Check(f"counts/{engine}", title, points, [case], hint)

    return [
        check("dstream", 1, Text("counts: a DStream", "counts：DStream"), ARRIVAL, 0),
        check("structured", 2, Text("counts: a query", "counts：查询"), EVENT_TIME, 1),
    ]


def _moved(random: Random) -> Sequence[Check]:
    first, second = random.sample(USERS, 2)
    paid = [random.randrange(2, 60) for _ in range(4)]
    stories = [
        (1.3, f"{first} {paid[0]}\n{second} {paid[1]}\n"),
        (3.2, f"{second} {paid[2]}\n"),
        (8.3, f"{first} {paid[3]}\n"),
    ]
    files = {f"sim://in/{number}.txt": story for number, story in enumerate(stories)}
    expected = {first: paid[0] + paid[3], second: paid[1] + paid[2]}
    settings = {"files": files, "seed": random.randrange(1000)}
    crash = DriverCrash(round(random.uniform(5.0, 6.0), 2), restart_after=1)
    calm = SimulateQuery("moved", 12, settings, reads=4)
    crashed = SimulateQuery("moved", 12, {**settings, "faults": [crash]}, reads=4)

    def sums(hint: Text) -> Callable[[Run], Finding | None]:
        def judge(run: Run) -> Finding | None:
            rows = run.sink("sums").rows if "sums" in run.sinks else ()
            kept = {row.key: row.value for row in rows}
            if kept == expected and len(rows) == len(expected):
                return None
            return failed_query(run, hint) or _unlike("sums", expected, kept, hint)

        return judge

    def touched(run: Run) -> Finding | None:
        written = [row.rows_written for row in run.triggers.where(data=True)]
        if run.triggers.where(data=True).column("rows_read") == [2, 1, 1]:
            rows = [len(run.result_rows.where(batch=each.batch)) for each in run.triggers.where(data=True)]
            if [2, 1, 1] in (written, rows):
                return None
        return failed_query(run, TOUCHED) or _unlike("rows written", [2, 1, 1], written, TOUCHED)

    def once(run: Run) -> Finding | None:
        read = sum(run.triggers.where(status="done").column("rows_read"))
        return sums(GOES_ON)(run) or (None if read == 4 else _unlike("rows read", 4, read, GOES_ON))

    return [
        Check("moved/sums", Text("moved: the sums", "moved：总和"), 1, [Case(calm, sums(SUMS))], SUMS),
        Check(
            "moved/touched",
            Text("moved: only users with new lines", "moved：只有有新行的用户"),
            1,
            [Case(calm, touched)],
            TOUCHED,
        ),
        Check(
            "moved/goes_on",
            Text("moved: goes on after the driver has died", "moved：驱动程序死亡后继续"),
            2,
            [Case(crashed, once)],
            GOES_ON,
        ),
    ]


def _choices(random: Random) -> Sequence[Check]:
    late = random.randrange(6, 10)
    tight = {"late": late, "within": late + 4, "pushed": False}
    loose = {"late": late, "within": late + 15, "pushed": False}
    hopeless = {"late": late + 5, "within": late, "pushed": False}
    pushed = {"late": 0, "within": 10, "pushed": True}
    seed = random.randrange(1000)

    def check(name: str, title: Text, need: Mapping[str, Any], judge: Callable[[Any], Finding | None]) -> Check:
        return Check(f"choice/{name}", title, 1, [Case(Call("choice", (dict(need),)), judge)], CHOICE)

    def simulated(need: Mapping[str, Any]) -> Callable[[Any], Finding | None]:
        return lambda answer: _judged(need, answer, seed)

    def receiver(answer: Any) -> Finding | None:
        right = isinstance(answer, dict) and answer.get("engine") == "dstream"
        return None if right else _unlike("choice", {"engine": "dstream"}, answer, PUSHED)

    def nothing(answer: Any) -> Finding | None:
        return None if answer is None else _unlike("choice", None, answer, IMPOSSIBLE)

    return [
        check("late", Text("choice: late rows", "choice：迟到的行"), loose, simulated(loose)),
        check("soon", Text("choice: late rows, and soon", "choice：有迟到的行，又要快"), tight, simulated(tight)),
        check("never", Text("choice: what nobody can do", "choice：谁也做不到的"), hopeless, nothing),
        check("pushed", Text("choice: rows that are pushed", "choice：推送来的行"), pushed, receiver),
    ]


def _judged(need: Mapping[str, Any], answer: Any, seed: int) -> Finding | None:
    """Simulate a choice: are all rows in their windows, and is each window there in time?"""
    if not isinstance(answer, dict) or answer.get("engine") != "structured":
        return _unlike("choice", {"engine": "structured"}, answer, CHOICE)
    wait, every = _whole(answer.get("wait"), 0), _whole(answer.get("every"), 1)
    if wait is None or every is None:
        whole = Text("wait and every are whole numbers of seconds", "wait 和 every 都是整数秒")
        return Finding(Text(f"choice: {short(answer)}", f"choice：{short(answer)}"), whole)
    run = _query(wait, every, need["late"], seed)
    given = {int(row.row[0]): (int(row.row[1]), row.batch) for row in run.result_rows}
    ends = {trigger.batch: trigger.end_ms for trigger in run.triggers}
    for start in range(0, JUDGED_S, WINDOW_S):
        count, batch = given.get(start, (0, -1))
        if start in given and count != WINDOW_S + 1:
            return _unlike(f"rows of the window from {start}", WINDOW_S + 1, count, CHOICE)
        end_ms = ends.get(batch)
        if end_ms is None or end_ms > 1000 * (start + WINDOW_S + need["within"]):
            return Finding(
                Text(
                    f"{answer!r}: the window from {start} is not in the sink {need['within']} s after its end",
                    f"{answer!r}：从 {start} 开始的窗口，在结束 {need['within']} 秒后还不在接收端",
                ),
                SOON,
            )
    return None


def _whole(value: Any, least: int) -> int | None:
    """A number of seconds that can be simulated, None for anything else."""
    return value if type(value) is int and least <= value <= 1000 else None


def _query(wait: int, every: int, late: int, seed: int) -> Run:
    """A row of each second at once, and one of each window's last second as late as may be."""
    arrivals = [(second + 0.2, second) for second in range(END_S + 10)]
    arrivals += [(start + WINDOW_S - 1 + late + 0.5, start + WINDOW_S - 1) for start in range(0, JUDGED_S, WINDOW_S)]
    files = {
        f"sim://in/{number}.txt": (arrives, f"{EPOCH + timedelta(seconds=second)}\n")
        for number, (arrives, second) in enumerate(arrivals)
    }

    def program(spark: SparkSession) -> None:
        rows = spark.readStream.text("sim://in").selectExpr("cast(value as timestamp) as measured")
        counts = rows.withWatermark("measured", f"{wait} seconds").groupBy(window("measured", f"{WINDOW_S} seconds"))
        start = f"cast(unix_timestamp(window.start) - {EPOCH_S} as int) as start"
        named = counts.count().selectExpr(start, "count")
        named.writeStream.format("console").trigger(processingTime=f"{every} seconds").start()

    conf = {"spark.sql.session.timeZone": "UTC"}
    return QuerySimulation(program, files=files, conf=conf, seed=seed).run(until=END_S + 10)


def _unlike(name: str, expected: Any, came: Any, hint: Text) -> Finding:
    return Finding(
        Text(
            f"{name}: {short(expected)} is right, and it is {short(came)}",
            f"{name}：应为 {short(expected)}，实际为 {short(came)}",
        ),
        hint,
    )


EXERCISE = Exercise(
    "ex31_dstream_or_structured",
    Text("Which engine, and how", "用哪个引擎，怎样用"),
    ("counts", "moved", "choice"),
    checks,
)

"""Exercise 26: a query on a view, a writer of tables for each batch, and a counter that closes itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, short
from sparksim.course.probes import SimulateQuery
from sparksim.course.query_results import failed_query, gives
from sparksim.course.texts import Text
from sparksim.sim import Replay, Run

ROOMS = ("egypt", "rome", "greece", "china", "peru", "japan")
QUIET_S = 2
LAST_S = 14

VIEW = Text(
    "createOrReplaceTempView('visitors'), then spark.sql with group by value, and start what it gives: a query on a "
    "view runs only when it is started.",
    "先 createOrReplaceTempView('visitors')，再用带 group by value 的 spark.sql，并启动其结果："
    "对视图的查询启动后才运行。",
)
CHANGED = Text(
    "Complete mode gives all rooms in each batch; update mode gives those whose count has changed.",
    "完整（complete）模式在每个批次给出所有展厅；更新（update）模式只给出计数有变化的展厅。",
)
SO_FAR = Text(
    "The count of a room is that of all batches so far: the aggregation on the stream keeps it.",
    "展厅的计数是迄今所有批次的总数：流上的聚合会保留它。",
)
BATCH = Text(
    "foreachBatch(show): show(frame, batch) gets the batch as a table, which can be grouped, sorted and taken from.",
    "foreachBatch(show)：show(frame, batch) 得到的批次是一张表，可以分组、排序、取前几行。",
)
THIS_BATCH = Text(
    "Count the visitors of this batch, and take the room with the most: sort by count downwards, then by name.",
    "统计这个批次的参观者，取人数最多的展厅：先按计数降序，再按名字排序。",
)
EMPTY = Text(
    "A batch without visitors has no first row: print only what take(1) gives.",
    "没有参观者的批次没有第一行：只打印 take(1) 给出的内容。",
)
STATE = Text(
    "groupByKey, then flatMapGroupsWithState in append mode with ProcessingTimeTimeout; the state is the number of "
    "visitors so far.",
    "先 groupByKey，再以追加模式和 ProcessingTimeTimeout 调用 flatMapGroupsWithState；状态是迄今的人数。",
)
AGAIN = Text(
    "Each call clears the timeout: set it again in every call with rows, to 2000 ms. It fires in the first batch whose "
    "time is strictly later.",
    "每次调用都会清除超时：在每次有行的调用中都重新设为 2000 毫秒。它在时间严格更晚的第一个批次触发。",
)
ADD_UP = Text(
    "Add the rows of this call to state.getOption (or 0), and update the state with the sum.",
    "把这次调用的行数加到 state.getOption（或 0）上，并用总和更新状态。",
)
REMOVE = Text(
    "When the room has timed out call state.remove(); otherwise its next visitor is added to the old group.",
    "展厅超时后请调用 state.remove()；否则它的下一位参观者会加到旧的一组中。",
)


def checks(random: Random) -> Sequence[Check]:
    """Rooms and visitors are drawn."""
    return [*_per_room(random), *_busiest(random), *_groups(random)]


def _visitors(random: Random, seconds: Mapping[int, Sequence[str]]) -> Replay:
    """Visitors of each second, read by the batch of the next one."""
    arrivals = [
        (round(second - 1 + 0.2 + 0.6 * at / len(rooms), 2), room)
        for second, rooms in seconds.items()
        for at, room in enumerate(random.sample(list(rooms), len(rooms)))
    ]
    return Replay(arrivals)


def _probe(function: str, random: Random, seconds: Mapping[int, Sequence[str]]) -> SimulateQuery:
    settings = {
        "network": {"localhost:9999": _visitors(random, seconds)},
        "seed": random.randrange(1000),
    }
    return SimulateQuery(function, until=LAST_S, settings=settings, reads=sum(map(len, seconds.values())))


def _per_room(random: Random) -> list[Check]:
    """Two rooms in the first batch, and later one of them with a third."""
    one, two, three = random.sample(ROOMS, 3)
    first = [one] * random.randint(2, 3) + [two] * random.randint(1, 3)
    probe = _probe("per_room", random, {2: first, 4: [one, three]})
    counts = Counter(first)
    return [
        Check(
            "per_room/counts",
            Text("per_room: visitors of each room", "per_room：每个展厅的参观者"),
            1,
            [Case(probe, gives(2, list(counts.items()), VIEW))],
            VIEW,
        ),
        Check(
            "per_room/so_far",
            Text("per_room: counts of all batches so far", "per_room：迄今所有批次的计数"),
            1,
            [Case(probe, _told(4, (one, str(counts[one] + 1)), SO_FAR))],
            VIEW,
        ),
        Check(
            "per_room/changed",
            Text("per_room: rooms whose count has changed, and no others", "per_room：只有计数有变化的展厅"),
            1,
            [Case(probe, _rooms_in(4, {one, three}))],
            VIEW,
        ),
    ]


def _rows(run: Run, second: int) -> list[tuple[str, ...]]:
    batches = {trigger.batch for trigger in run.triggers if second <= trigger.batch_time_ms / 1000 < second + 1}
    return sorted(row.row for row in run.result_rows if row.batch in batches)


def _told(second: int, row: tuple[str, ...], hint: Text) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        rows = _rows(run, second)
        return failed_query(run, VIEW) or (None if row in rows else _said(second, row, rows, hint))

    return judge


def _rooms_in(second: int, rooms: set[str]) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        rows = _rows(run, second)
        if {row[0] for row in rows} == rooms:
            return failed_query(run, VIEW)
        return failed_query(run, VIEW) or _said(second, sorted(rooms), rows, CHANGED if rows else VIEW)

    return judge


def _said(second: int, expected: Any, rows: Any, hint: Text) -> Finding:
    return Finding(
        Text(
            f"the batch of second {second} should give {expected}, and gave {short(rows)}",
            f"第 {second} 秒的批次应给出 {expected}，实际给出 {short(rows)}",
        ),
        hint,
    )


def _busiest(random: Random) -> list[Check]:
    """In the second batch another room is the busiest, though not of both batches; in the third two are equal."""
    one, two, three = random.sample(ROOMS, 3)
    most = random.randint(4, 5)
    seconds = {2: [one] * most + [two], 3: [two] * 2 + [three], 5: [two, three]}
    probe = _probe("busiest", random, seconds)
    lines = [f"{one} {most}", f"{two} 2", f"{min(two, three)} 1"]
    return [
        Check(
            "busiest/lines",
            Text("busiest: the busiest room of each batch", "busiest：每个批次最忙的展厅"),
            2,
            [Case(probe, _prints(lines, with_others=True))],
            BATCH,
        ),
        Check(
            "busiest/quiet",
            Text("busiest: nothing for batches without visitors", "busiest：没有参观者的批次不打印"),
            1,
            [Case(probe, _prints(lines, with_others=False))],
            BATCH,
        ),
    ]


def _prints(expected: Sequence[str], with_others: bool) -> Callable[[Run], Finding | None]:
    """All of `expected`, in order; or as many lines as these, and no query that died."""

    def judge(run: Run) -> Finding | None:
        died = failed_query(run, BATCH)
        if died is not None:
            return died
        lines = [line.strip() for line in str(run.output).splitlines() if line.strip()]
        if with_others:
            left = iter(lines)
            right = all(line in left for line in expected)
        else:
            right = len(lines) == len(expected)
        if right:
            return None
        return Finding(
            Text(
                f"the lines {list(expected)} should be printed, and these were: {short(lines)}",
                f"应打印 {list(expected)} 这些行，实际打印 {short(lines)}",
            ),
            THIS_BATCH if with_others and lines else BATCH if not lines else EMPTY,
        )

    return judge


def _groups(random: Random) -> list[Check]:
    """One room without a pause, another with one long enough to begin a new group."""
    steady, paused = random.sample(ROOMS, 2)
    of_steady = {second: random.randint(1, 3) for second in (2, 4, 5)}
    of_paused = {2: random.randint(2, 3), 8: random.randint(1, 2)}
    seconds = {
        second: [steady] * of_steady.get(second, 0) + [paused] * of_paused.get(second, 0)
        for second in sorted({*of_steady, *of_paused})
    }
    probe = _probe("groups", random, seconds)
    closes = QUIET_S + 1
    total = sum(of_steady.values())
    return [
        Check(
            "groups/closes",
            Text("groups: a group closes after two seconds", "groups：一组在两秒之后结束"),
            1,
            [Case(probe, _closes({2 + closes: paused, 5 + closes: steady}))],
            STATE,
        ),
        Check(
            "groups/counts",
            Text("groups: all visitors of a group", "groups：一组的全部参观者"),
            2,
            [Case(probe, _counts(steady, [total], ADD_UP))],
            STATE,
        ),
        Check(
            "groups/begins_anew",
            Text("groups: the next visitor begins a new group", "groups：下一位参观者开始新的一组"),
            1,
            [Case(probe, _counts(paused, list(of_paused.values()), REMOVE))],
            STATE,
        ),
    ]


def _closes(rooms: dict[int, str]) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        died = failed_query(run, STATE)
        if died is not None:
            return died
        for second, room in rooms.items():
            rows = _rows(run, second)
            if [row[0] for row in rows] != [room]:
                return _said(second, f"a row of {room}", rows, AGAIN if run.result_rows else STATE)
        return None

    return judge


def _counts(room: str, visitors: Sequence[int], hint: Text) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        died = failed_query(run, STATE)
        if died is not None:
            return died
        came = [row.row[1] for row in run.result_rows if row.row[0] == room]
        if came == list(map(str, visitors)):
            return None
        return Finding(
            Text(
                f"the groups of {room} should have {list(visitors)} visitors, and have {short(came)}",
                f"{room} 的各组应有 {list(visitors)} 位参观者，实际为 {short(came)}",
            ),
            hint if came else STATE,
        )

    return judge


EXERCISE = Exercise(
    "ex26_dataframes_and_state",
    Text("DataFrames, views and functions with a state", "DataFrame、视图与带状态的函数"),
    ("per_room", "busiest", "groups"),
    checks,
)

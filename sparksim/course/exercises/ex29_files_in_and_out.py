"""Exercise 29: the files of a batch, rows that do not fit, and two queries with a folder between them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, returns, short
from sparksim.course.probes import SimulateQuery
from sparksim.course.query_results import failed_query, gives
from sparksim.course.texts import Text
from sparksim.sim import DriverCrash, Run

USERS = ("ann", "bob", "cid", "dan", "eve", "fay")
NAMES = ("apples", "berries", "cherries", "dates", "figs", "grapes", "lemons", "melons")

BY_TIME = Text(
    "The source takes the oldest file first, by the time of its last change; names play no part.",
    "数据源先取最旧的文件，按最后修改时间；名字不起作用。",
)
HIDDEN = Text(
    "Files whose names begin with _ or . are hidden, and do not count toward the limit.",
    "名字以 _ 或 . 开头的文件是隐藏的，也不计入限制。",
)
LIMIT = Text(
    "maxFilesPerTrigger files in each batch, the rest in the last; without it all files are one batch.",
    "每个批次 maxFilesPerTrigger 个文件，余下的在最后一个批次；没有设置时所有文件是一个批次。",
)
SPENDING = Text(
    "Give the schema, group by user, count and sum, and start the query for the console in update mode.",
    "请给出模式（schema），按用户分组，计数并求和，以 update 模式启动写到控制台的查询。",
)
BAD_ROWS = Text(
    "In PERMISSIVE mode a line that does not fit is a row with NULL: leave it out before you group.",
    "在 PERMISSIVE 模式下，不合格的一行是带有 NULL 的行：请在分组之前去掉它。",
)
TOUCHED = Text(
    "Only users with new good rows, every 2 seconds: update mode and trigger(processingTime=...).",
    "每 2 秒，只给出有新的合格行的用户：update 模式和 trigger(processingTime=...)。",
)
PIPELINE = Text(
    "Two queries, ulm and visits: the first writes JSON to sim://out in append mode, the second reads that folder.",
    "两个查询 ulm 和 visits：第一个以 append 模式把 JSON 写到 sim://out，第二个读取那个目录。",
)
OWN_CHECKPOINT = Text(
    "Each query needs a checkpointLocation of its own, which the next driver finds.",
    "每个查询都需要自己的 checkpointLocation，让下一个驱动程序找到它。",
)
UNLISTED = Text(
    "A task that wrote before the driver died left a file that does not count. Read the folder sim://out, whose list "
    "_spark_metadata is then believed, and no pattern.",
    "驱动程序死亡之前写好文件的任务，留下了一个不算数的文件。请读取目录 sim://out（这样会采用它的清单 "
    "_spark_metadata），不要用模式匹配。",
)


def checks(random: Random) -> Sequence[Check]:
    """Files in no order, lines that do not fit, drivers that die between a file and its entry in the list."""
    return [*_batches(random), *_spending(random), *_pipeline(random)]


def _batches(random: Random) -> Sequence[Check]:
    names = random.sample(NAMES, 7)
    seconds = sorted(random.sample(range(10, 99), 7))
    mixed = random.sample(list(zip(names, seconds, strict=True)), 7)
    aged = list(zip(sorted(names), seconds, strict=True))
    hidden = [(mark + name, second) for mark, (name, second) in zip("_.", (aged[1], aged[3]), strict=True)]
    some = [hidden[0] if at == 1 else hidden[1] if at == 3 else each for at, each in enumerate(aged)]
    shown = [name for name, _ in some if name[0] not in "_."]
    in_order = [name for name, _ in aged]

    def check(name: str, title: Text, hint: Text, *cases: tuple[Any, Any, Any]) -> Check:
        judged = [returns("batches", (files, most), expected, lambda _: hint) for files, most, expected in cases]
        return Check(f"batches/{name}", title, 1, judged, hint)

    return [
        check("order", Text("batches: the order", "batches：次序"), BY_TIME, (mixed, 7, [names])),
        check(
            "hidden",
            Text("batches: hidden names", "batches：隐藏的名字"),
            HIDDEN,
            (some, 2, [shown[:2], shown[2:4], shown[4:]]),
        ),
        check(
            "limit",
            Text("batches: the limit", "batches：限制"),
            LIMIT,
            (aged, 3, [in_order[:3], in_order[3:6], in_order[6:]]),
            (aged, None, [in_order]),
            ([], 2, []),
        ),
    ]


def _spending(random: Random) -> Sequence[Check]:
    first, second, third = random.sample(USERS, 3)
    amounts = [random.randrange(2, 50) for _ in range(5)]
    good = [
        (1.2, f"1,{first},{amounts[0]}\n2,{second},{amounts[1]}\n3,{first},{amounts[2]}\n"),
        (3.3, f"4,{second},{amounts[3]}\n"),
        (3.6, f"5,{second},{amounts[4]}\n"),
    ]
    bad = [f"6,{first}\n", f"7,{second},many\n8,{third},\n"]
    late = (second, 3, amounts[1] + amounts[3] + amounts[4])
    early = [(first, 2, amounts[0] + amounts[2]), (second, 1, amounts[1])]
    seed = random.randrange(1000)

    def program(texts: Sequence[tuple[float, str]], reads: int) -> SimulateQuery:
        files = {f"sim://in/{number}.csv": story for number, story in enumerate(texts)}
        return SimulateQuery("spending", 5, {"files": files, "seed": seed}, reads=reads)

    spoilt = [good[0], good[1], (good[2][0], good[2][1] + "".join(bad))]

    def whole_or_not(run: Run) -> Finding | None:
        return gives(2, early, SPENDING)(run) or gives(4, [late], TOUCHED)(run)

    return [
        Check(
            "spending/sums",
            Text("spending: counts and sums", "spending：计数与求和"),
            1,
            [Case(program(good, 5), gives(2, early, SPENDING))],
            SPENDING,
        ),
        Check(
            "spending/touched",
            Text("spending: only users with new rows", "spending：只有有新行的用户"),
            1,
            [Case(program(good, 5), whole_or_not)],
            TOUCHED,
        ),
        Check(
            "spending/bad_rows",
            Text("spending: rows that do not fit", "spending：不合格的行"),
            1,
            [Case(program(spoilt, 8), _last_rows([(first, 2, early[0][2]), late], BAD_ROWS))],
            BAD_ROWS,
        ),
    ]


def _last_rows(expected: Sequence[tuple[object, ...]], hint: Text) -> Callable[[Run], Finding | None]:
    """The last row that the sink got of each user; nobody else has one."""

    def judge(run: Run) -> Finding | None:
        last = {row[0]: row for row in run.result_rows.column("row") if row}
        wanted = sorted(tuple(map(str, row)) for row in expected)
        if sorted(last.values()) == wanted:
            return None
        return failed_query(run, hint) or _in_the_end(wanted, sorted(last.values()), hint)

    return judge


def _pipeline(random: Random) -> Sequence[Check]:
    users = random.sample(USERS, 3)
    stories: list[tuple[float, str]] = []
    counts: Counter[str] = Counter()
    for second in (1.2, 3.2, 7.3):
        rows = [{"user": random.choice(users), "city": "Ulm"} for _ in range(random.randrange(2, 4))]
        counts.update(row["user"] for row in rows)
        rows.insert(1, {"user": random.choice(users), "city": "Bonn"})
        stories.append((second, "".join(json.dumps(row) + "\n" for row in rows)))
    files = {f"sim://in/{number}.json": story for number, story in enumerate(stories)}
    seed = random.randrange(1000)

    def case(hint: Text, *crashes: float) -> Case:
        settings = {"files": files, "faults": [DriverCrash(at, restart_after=1) for at in crashes], "seed": seed}
        return Case(SimulateQuery("pipeline", 14, settings, reads=sum(counts.values())), _counts(counts, hint))

    calm = round(random.uniform(5.0, 6.0), 2)
    return [
        Check(
            "pipeline/counts",
            Text("pipeline: counts the rows of Ulm", "pipeline：统计 Ulm 的行"),
            1,
            [case(PIPELINE)],
            PIPELINE,
        ),
        Check(
            "pipeline/goes_on",
            Text("pipeline: goes on after the driver has died", "pipeline：驱动程序死亡后继续"),
            1,
            [case(OWN_CHECKPOINT, calm)],
            OWN_CHECKPOINT,
        ),
        Check(
            "pipeline/once",
            Text("pipeline: once, at whichever step the driver dies", "pipeline：无论死于哪一步，都恰好一次"),
            2,
            [case(UNLISTED, at) for at in (4.09, 4.12)],
            UNLISTED,
        ),
    ]


def _counts(counts: Counter[str], hint: Text) -> Callable[[Run], Finding | None]:
    """The last batch of `visits` has the counts; what it read was a folder that `ulm` wrote."""

    def judge(run: Run) -> Finding | None:
        wanted = sorted((user, str(count)) for user, count in counts.items())
        last = run.triggers.where(name="visits")[-1:]
        came = [row for each in last for row in run.result_rows.where(run=each.run, batch=each.batch).column("row")]
        if sorted(came) != wanted:
            return failed_query(run, hint) or _in_the_end(wanted, sorted(came), hint)
        if any("out" in query.sink for query in run.queries.where(name="ulm")):
            return None
        return Finding(
            Text("no query called ulm wrote to sim://out", "没有名为 ulm 的查询写到 sim://out"),
            PIPELINE,
        )

    return judge


def _in_the_end(expected: Sequence[Any], came: Sequence[Any], hint: Text) -> Finding:
    return Finding(
        Text(
            f"in the end the sink should have {short(expected)}, and has {short(came)}",
            f"最后接收端应有 {short(expected)}，实际有 {short(came)}",
        ),
        hint,
    )


EXERCISE = Exercise(
    "ex29_files_in_and_out",
    Text("Files in and out", "文件的读入与写出"),
    ("batches", "spending", "pipeline"),
    checks,
)

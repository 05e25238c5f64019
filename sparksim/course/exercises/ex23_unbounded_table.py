"""Exercise 23: which rows of the result table a sink gets, and counts that outlive the driver."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, returns, short
from sparksim.course.probes import SimulateQuery
from sparksim.course.query_results import failed_query, gives
from sparksim.course.texts import Text
from sparksim.sim import DriverCrash, Replay, Run

VOCABULARY = ("batch", "column", "mode", "query", "result", "row", "sink", "table", "trigger")

TOUCHED = Text(
    "In update mode the sink gets the words of this batch, each with its count since the start.",
    "在 update 模式下，接收端得到本批次的单词，每个单词带有从启动以来的计数。",
)
WHOLE = Text(
    "In complete mode the sink gets the whole result table in each batch, also words that did not come.",
    "在 complete 模式下，接收端在每个批次得到整张结果表，包括没有到来的单词。",
)
REFUSED = Text(
    "A count without a watermark is never final, so Spark refuses append mode: return None.",
    "没有水位线的计数永远不是最终的，所以 Spark 拒绝 append 模式：请返回 None。",
)
LEVELS = Text(
    'split("value", " ")[0] is the level; group by it, count, and start the query for the console in update mode.',
    'split("value", " ")[0] 是级别；按它分组、计数，并以 update 模式启动写到控制台的查询。',
)
ONLY_NEW = Text(
    "Levels without new lines are given too: that is complete mode.",
    "没有新行的级别也被交出了：那是 complete 模式。",
)
TRIGGER = Text(
    'Without a trigger a batch begins as soon as a line is there: trigger(processingTime="2 seconds").',
    '没有指定触发时，一有行就开始一个批次：请用 trigger(processingTime="2 seconds")。',
)
TOTALS = Text(
    'Set the count of each word: sink("totals").upsert(word, count) for the rows of the batch.',
    '请设置每个单词的计数：对批次的行执行 sink("totals").upsert(word, count)。',
)
GOES_ON = Text(
    "The second driver knows nothing of the first and reads all files again: "
    'option("checkpointLocation", "sim://checkpoint").',
    '第二个驱动程序对第一个一无所知，又读了所有的文件：请加 option("checkpointLocation", "sim://checkpoint")。',
)
TWICE = Text(
    "A batch whose commit is missing comes again. Whoever inserts or adds has it twice: set the value, by upsert.",
    "缺少提交记录的批次会再次到来。插入或累加都会得到两次：请用 upsert 设置值。",
)


def checks(random: Random) -> Sequence[Check]:
    """Words that rest in some batches, so that touched and whole differ; drivers that die in pauses and in a commit."""
    words = random.sample(VOCABULARY, 3)
    batches = [[words[0], words[1], words[0]], [words[1], words[2]], [words[2], words[2], words[0]]]
    totals = [Counter(word for batch in batches[: n + 1] for word in batch) for n in range(3)]
    update = [{word: total[word] for word in batch} for batch, total in zip(batches, totals, strict=True)]
    return [
        Check(
            "given/update",
            Text("given: update mode", "given：update 模式"),
            1,
            [returns("given", (batches, "update"), update, lambda _: TOUCHED)],
            TOUCHED,
        ),
        Check(
            "given/complete",
            Text("given: complete mode", "given：complete 模式"),
            1,
            [returns("given", (batches, "complete"), [dict(total) for total in totals], lambda _: WHOLE)],
            WHOLE,
        ),
        Check(
            "given/append",
            Text("given: append mode", "given：append 模式"),
            1,
            [returns("given", (batches, "append"), None, lambda _: REFUSED)],
            REFUSED,
        ),
        *_levels(random),
        *_lasting(random),
    ]


def _levels(random: Random) -> Sequence[Check]:
    first, second = random.sample(["INFO", "WARN", "ERROR", "DEBUG"], 2)
    many = random.randrange(2, 4)
    lines = [
        *((1.1 + n / 10, f"{first} {random.choice(VOCABULARY)}") for n in range(many)),
        (1.6, f"{second} {random.choice(VOCABULARY)} {first}"),
        (2.3, f"{second} {random.choice(VOCABULARY)}"),
        (3.6, f"{second} {random.choice(VOCABULARY)}"),
    ]
    settings = {"network": {"localhost:9999": Replay(lines)}, "seed": random.randrange(1000)}
    program = SimulateQuery("levels", 5, settings, reads=len(lines))
    late = {(first, many), (second, 3)}

    def only_touched(run: Run) -> Finding | None:
        whole = sorted(tuple(map(str, row)) for row in late)
        came = [sorted(run.result_rows.where(batch=row.batch).column("row")) for row in run.triggers]
        return gives(4, [(second, 3)], ONLY_NEW if whole in came else TRIGGER)(run)

    return [
        Check(
            "levels/counts",
            Text("levels: counts each level", "levels：统计每个级别"),
            1,
            [Case(program, _last_counts(dict(late)))],
            LEVELS,
        ),
        Check(
            "levels/touched",
            Text("levels: every 2 seconds, only levels that had new lines", "levels：每 2 秒，只有有新行的级别"),
            2,
            [Case(program, only_touched)],
            TRIGGER,
        ),
    ]


def _last_counts(expected: dict[str, int]) -> Callable[[Run], Finding | None]:
    """The last row that the sink got of each level has its count."""

    def judge(run: Run) -> Finding | None:
        rows = run.result_rows.column("row")
        last = {row[0]: row[1] for row in rows if len(row) == 2}
        if last == {level: str(count) for level, count in expected.items()}:
            return None
        return failed_query(run, LEVELS) or _not_in_the_end("levels", expected.items(), last.items(), LEVELS)

    return judge


def _lasting(random: Random) -> Sequence[Check]:
    words = random.sample(VOCABULARY, 3)
    lines = [" ".join(random.choices(words, k=3)) + f" {words[0]}" for _ in range(4)]
    starts = (1.2, 3.2, 7.2, 9.2)
    files = {
        f"sim://in/{n}.json": (start + random.randrange(5) / 10, json.dumps({"value": line}) + "\n")
        for n, (start, line) in enumerate(zip(starts, lines, strict=True))
    }
    seed = random.randrange(1000)
    expected = Counter(word for line in lines for word in line.split())

    def case(hint: Text, *crashes: float, only_once: bool = False) -> Case:
        faults = [DriverCrash(at, restart_after=0.5) for at in crashes]
        settings = {"files": files, "faults": faults, "seed": seed}
        judge = _totals(expected, hint, len(lines) if only_once else None)
        return Case(SimulateQuery("lasting", 12, settings, reads=len(lines)), judge)

    pause = round(random.uniform(5.0, 6.5), 2)
    return [
        Check(
            "lasting/totals",
            Text("lasting: the sink has the totals", "lasting：接收端保存总数"),
            1,
            [case(TOTALS)],
            TOTALS,
        ),
        Check(
            "lasting/goes_on",
            Text("lasting: goes on after the driver has died", "lasting：驱动程序死亡后继续"),
            1,
            [case(GOES_ON, pause, only_once=True)],
            GOES_ON,
        ),
        Check(
            "lasting/twice",
            Text("lasting: a batch that comes twice counts once", "lasting：两次到来的批次只算一次"),
            2,
            [case(TWICE, *(round(4.1 + n / 50, 2) for n in range(10)))],
            TWICE,
        ),
    ]


def _totals(expected: Counter[str], hint: Text, lines: int | None) -> Callable[[Run], Finding | None]:
    """The sink has one row for each word, with its count; with `lines`, no more than these were read."""

    def judge(run: Run) -> Finding | None:
        rows = run.sink("totals").rows if "totals" in run.sinks else ()
        kept = [(row.key, row.value) for row in rows]
        if sorted(kept, key=repr) != sorted(expected.items(), key=repr):
            return failed_query(run, hint) or _not_in_the_end("totals", expected.items(), kept, hint)
        read = sum(run.triggers.where(status="done").column("rows_read"))
        if lines is None or read == lines:
            return None
        return Finding(Text(f"of {lines} lines {read} were read", f"共有 {lines} 行，却读取了 {read} 行"), hint)

    return judge


def _not_in_the_end(name: str, expected: Iterable[Any], came: Iterable[Any], hint: Text) -> Finding:
    wanted, found = short(sorted(expected, key=repr)), short(sorted(came, key=repr))
    return Finding(
        Text(
            f"{name}: in the end there should be {wanted}, and there is {found}",
            f"{name}：最后应为 {wanted}，实际为 {found}",
        ),
        hint,
    )


EXERCISE = Exercise(
    "ex23_unbounded_table",
    Text("What the sink gets", "接收端得到什么"),
    ("given", "levels", "lasting"),
    checks,
)

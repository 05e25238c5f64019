"""Exercise 2: what the two clocks of a stream do, predicted and read from a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from sparksim.cluster.cost import TEACHING
from sparksim.course.exercise import Case, Check, Exercise, finds, returns
from sparksim.course.texts import Text
from sparksim.sim import Cluster, Constant, Load, Replay, Run, Simulation
from sparksim.streaming.context import StreamingContext

BLOCKS = Text(
    "A task reads a block, and a block is what came between two cuts: count the block intervals that have a record.",
    "一个任务读取一个数据块，一个数据块是两次切分之间到来的数据：数一数有记录的数据块间隔。",
)
SILENCE = Text(
    "A silent block interval makes no block, and so no task.", "没有数据的数据块间隔不产生数据块，也就没有任务。"
)
PER_RECORD = Text(
    "Records that come within one block interval share a block, and a task.",
    "在同一个数据块间隔内到来的记录共用一个数据块、一个任务。",
)
BATCH = Text(
    "First the cut, the next multiple of the block interval; then the report; then the first batch after that.",
    "先切块，即数据块间隔的下一个整数倍；然后报告；然后是其后的第一个批次。",
)
CUT = Text(
    "A batch takes blocks, not records: what arrives before it is due may still lie in the buffer.",
    "批次取走的是数据块，而不是记录：到点之前到达的记录可能还在缓冲区里。",
)
REPORT = Text(
    "A block that is cut when a batch is due is reported after that: too late for this batch.",
    "在批次到点时切下的数据块，到点之后才报告：赶不上这个批次。",
)
INTERVAL = Text(
    "A block's name says when its interval began, generated_ms when it ended.",
    "数据块的名字说明它的间隔何时开始，generated_ms 说明何时结束。",
)
GAPS = Text(
    "Between two blocks there may be silent intervals: look at a single block, from its beginning to its cut.",
    "两个数据块之间可能有没有数据的间隔：请看单个数据块，从开始到切下。",
)
SLIPPED = Text(
    "Compare two times of a block: the first batch time at or after generated_ms, and the batch_time_ms it got.",
    "比较数据块的两个时间：generated_ms 当时或之后的第一个批次时刻，以及它得到的 batch_time_ms。",
)
SLOW = Text(
    "Also a block that is cut well before a batch slips, when its report takes long. Ask what happened, not which "
    "multiples coincide.",
    "报告得慢时，早在批次到点之前就切下的数据块也会滑走。要看实际发生了什么，而不是哪些整数倍重合。",
)
WAITING = Text(
    "A block that joined no batch yet has None as batch_time_ms: leave it out.",
    "还没有进入批次的数据块，batch_time_ms 为 None：不要算它。",
)


def checks(random: Random) -> Sequence[Check]:
    """Intervals that are not those of the text, and moments away from every cut."""
    block = random.choice([100, 250, 300, 400])
    first = random.randrange(3, 9)
    busy = [block * (first + number) + random.randrange(1, block) for number in range(4)]
    quiet = [block * (first + number) + random.randrange(1, block) for number in (0, 0, 3, 7, 7, 7)]
    for moments in (busy, quiet):
        random.shuffle(moments)
    cut, count = random.choice([100, 200, 250, 500]), random.randrange(2, 9)
    report, batch = random.randrange(5, 40), random.choice([1000, 2000, 4000])
    begin = batch * count
    moment = begin + batch - 1
    early, last = begin + random.randrange(1, cut), begin + batch - random.randrange(1, cut)
    interval = random.choice([100, 200, 250, 400])
    seed = random.randrange(1000)
    sparse = sorted(round(interval * (6 + 5 * number + random.choice([0, 2])) + interval / 2) for number in range(8))
    steady = _run(Constant(40), seed, block=interval)
    silent = _run(Replay([(moment / 1000, "word") for moment in sparse]), seed, block=interval)
    slow = _run(Constant(40), seed, block=random.choice([300, 350]), report_ms=random.randrange(120, 190))
    return [
        Check(
            "tasks_of/blocks",
            Text("tasks_of: records in every interval", "tasks_of：每个间隔都有记录"),
            1,
            [
                returns("tasks_of", (busy, block), 4, lambda _: BLOCKS),
                returns("tasks_of", ([*busy, busy[0]], block), 4, lambda _: PER_RECORD),
            ],
            BLOCKS,
        ),
        Check(
            "tasks_of/silence",
            Text("tasks_of: silent intervals", "tasks_of：没有数据的间隔"),
            1,
            [
                returns("tasks_of", (quiet, block), 3, lambda value: PER_RECORD if value == len(quiet) else SILENCE),
                returns("tasks_of", ([], block), 0, lambda _: SILENCE),
            ],
            SILENCE,
        ),
        Check(
            "batch_of/early",
            Text("batch_of: soon after a batch", "batch_of：批次到点后不久到达"),
            1,
            [returns("batch_of", (early, cut, report, batch), begin + batch, lambda _: BATCH)],
            BATCH,
        ),
        Check(
            "batch_of/last",
            Text("batch_of: in the last block interval of a batch", "batch_of：批次的最后一个数据块间隔"),
            1,
            [returns("batch_of", (last, cut, report, batch), begin + 2 * batch, lambda _: REPORT)],
            REPORT,
        ),
        Check(
            "batch_of/odd",
            Text("batch_of: intervals that do not match", "batch_of：间隔不成整数倍"),
            1,
            [
                returns("batch_of", (moment, 7 * batch // 10, report, batch), _odd(moment, batch), lambda _: BATCH),
                returns("batch_of", (2 * batch + 1, 3 * batch, report, batch), 4 * batch, lambda _: CUT),
            ],
            BATCH,
        ),
        Check(
            "block_interval/busy",
            Text("block_interval: lines all the time", "block_interval：不断有行到来"),
            1,
            [_finds("block_interval", steady, interval, lambda _: INTERVAL)],
            INTERVAL,
        ),
        Check(
            "block_interval/silence",
            Text("block_interval: a line now and then", "block_interval：偶尔有一行"),
            1,
            [_finds("block_interval", silent, interval, lambda _: GAPS)],
            GAPS,
        ),
        Check(
            "slipped/last",
            Text("slipped: the last block of each batch", "slipped：每个批次的最后一个数据块"),
            1,
            [_finds("slipped", steady, _slipped(steady), _slipped_hint(steady, SLIPPED))],
            WAITING,
        ),
        Check(
            "slipped/slow",
            Text("slipped: blocks whose report takes long", "slipped：报告得慢的数据块"),
            2,
            [_finds("slipped", slow, _slipped(slow), _slipped_hint(slow, SLOW))],
            WAITING,
        ),
    ]


def _odd(arrival: int, batch: int) -> int:
    """The batch of what arrives then, with blocks of seven tenths of a batch."""
    block = 7 * batch // 10
    cut = (arrival // block + 1) * block
    return (cut // batch + 1) * batch


def _run(load: Load, seed: int, block: float, report_ms: float = 5.0) -> Run:
    """Batches of two seconds; the run ends while blocks wait for the next one. `block` in ms."""
    return Simulation(
        _lengths,
        network={"localhost:9999": load},
        batch=2.0,
        block=block / 1000,
        cluster=Cluster(2, 2),
        cost=TEACHING.with_(report_block_ms=report_ms),
        seed=seed,
    ).run(until=19.5)


def _lengths(ssc: StreamingContext) -> None:
    ssc.socketTextStream("localhost", 9999).map(len).pprint()


def _slipped(run: Run) -> list[str]:
    times = run.batches.column("batch_time_ms")
    return [
        block.block_id
        for block in run.blocks
        if any((block.generated_ms or 0.0) <= time < (block.batch_time_ms or 0) for time in times)
    ]


def _slipped_hint(run: Run, hint: Text) -> Callable[[Any], Text]:
    waiting = set(run.blocks.where(batch_time_ms=None).column("block_id"))
    return lambda value: WAITING if isinstance(value, list) and waiting & set(map(str, value)) else hint


def _finds(function: str, run: Run, expected: Any, hint: Callable[[Any], Text]) -> Case:
    return finds(function, run, expected, hint, lambda value: type(value) is not bool and value == expected)


EXERCISE = Exercise(
    "ex02_micro_batches",
    Text("Blocks, batches and tasks", "数据块、批次与任务"),
    ("tasks_of", "batch_of", "block_interval", "slipped"),
    checks,
)

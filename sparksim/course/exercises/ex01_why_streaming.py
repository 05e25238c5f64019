"""Exercise 1: delay, throughput and trouble, read from the batches of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, finds, returns, short
from sparksim.course.probes import Diagnose
from sparksim.course.texts import Text
from sparksim.sim import Cluster, Constant, Load, Run, Simulation, Steps, work
from sparksim.streaming.context import StreamingContext

BATCH_S = 2.0

WORK = Text(
    "A core works for 1000 ms in a second: compare what a second of records needs with what the free cores have.",
    "一个核心每秒工作 1000 毫秒：把一秒的记录所需的时间与空闲核心拥有的时间相比。",
)
RECEIVER = Text(
    "The receiver keeps one of the cores for ever: only the others process records.",
    "接收器永远占住其中一个核心：只有其余核心处理记录。",
)
MEAN = Text(
    "Add up total_delay_ms of the completed batches, and divide by how many they are.",
    "把已完成批次的 total_delay_ms 加起来，再除以它们的个数。",
)
SECONDS = Text("The table is in milliseconds, the answer in seconds.", "表中是毫秒，答案是秒。")
UNFINISHED = Text(
    "A batch that is not completed has no delay yet: leave it out. And a run may have no completed batch at all.",
    "未完成的批次还没有延迟：不要算它。运行中也可能一个完成的批次都没有。",
)
CAPACITY = Text(
    "Add up the records, add up processing_time_ms, and divide: only the seconds for which jobs ran count.",
    "把记录数加起来，把 processing_time_ms 加起来，再相除：只算作业运行的那些秒。",
)
RATIO = Text(
    "The mean of the batches' own rates is another number: small batches would weigh as much as large ones.",
    "各批次速率的平均值是另一个数：那样小批次就与大批次同样重要了。",
)
ELAPSED = Text(
    "Do not divide by how long the run was: between its jobs the cluster is idle.",
    "不要除以整个运行的时长：作业之间集群是空闲的。",
)
BEHIND = Text(
    "A cluster that cannot keep up has batches in the queue at the end: the last ones have waited, or still do.",
    "跟不上的集群到最后总有批次在排队：最后的批次等待过，或仍在等待。",
)
MOMENT = Text(
    "A bad moment that is over is no trouble: look at how things stand at the end, not at the worst batch.",
    "已经过去的糟糕时刻不是问题：要看最后的情况，而不是最差的批次。",
)
LONGER = Text(
    "More records make a job longer. As long as no batch waits for the one before, the cluster keeps up.",
    "记录多了，作业就变长。只要没有批次等待上一个批次，集群就跟得上。",
)


def checks(random: Random) -> Sequence[Check]:
    """A record costs about 51 ms of the one free core, and a job a fifth of a second and more: up to 15 a second go."""
    seed = random.randrange(1000)
    rate, later = random.randrange(8, 12), random.randrange(12, 14)
    steady = _run(Steps([(20, rate - 5), (40, later)]), seed)
    flooded = _run(Constant(random.randrange(24, 30)), seed)
    drowning = _run(Steps([(20, rate), (20, random.randrange(24, 30))]), seed, until=41.9)
    moment = _run(Steps([(14, rate), (8, random.randrange(24, 28)), (58, rate)]), seed, until=81.9)
    empty = _run(Constant(rate), seed, until=1)
    ms, cores = random.choice([10, 20, 40, 50]), random.randrange(3, 9)
    full = (cores - 1) * 1000 // ms
    return [
        Check(
            "keeps_up/work",
            Text("keeps_up: the work of a second against the cores", "keeps_up：一秒的工作量与核心"),
            1,
            [
                returns("keeps_up", (full - 10, cores, ms), True, lambda _: WORK),
                returns("keeps_up", (2 * full, cores, ms), False, lambda _: WORK),
            ],
            WORK,
        ),
        Check(
            "keeps_up/receiver",
            Text("keeps_up: the receiver's core", "keeps_up：接收器的核心"),
            1,
            [
                returns("keeps_up", (full - 10, cores, ms), True, lambda _: WORK),
                returns("keeps_up", (full + 5, cores, ms), False, lambda _: RECEIVER),
                returns("keeps_up", (1, 1, ms), False, lambda _: RECEIVER),
            ],
            RECEIVER,
        ),
        Check(
            "mean_total_delay/mean",
            Text("mean_total_delay: of a run that keeps up", "mean_total_delay：跟得上的运行"),
            1,
            [_gives("mean_total_delay", steady, _mean_delay(steady), _delay_hint(steady))],
            MEAN,
        ),
        Check(
            "mean_total_delay/unfinished",
            Text("mean_total_delay: some batches are not completed", "mean_total_delay：有些批次未完成"),
            1,
            [
                _gives("mean_total_delay", flooded, _mean_delay(flooded), _unfinished_hint(flooded)),
                _gives("mean_total_delay", empty, 0.0, lambda _: UNFINISHED),
            ],
            UNFINISHED,
        ),
        Check(
            "capacity/work",
            Text("capacity: records per second of work", "capacity：工作时每秒的记录数"),
            2,
            [_gives("capacity", steady, _capacity(steady), _capacity_hint(steady))],
            CAPACITY,
        ),
        Check(
            "capacity/unfinished",
            Text("capacity: some batches are not completed", "capacity：有些批次未完成"),
            1,
            [
                _gives("capacity", flooded, _capacity(flooded), lambda _: UNFINISHED),
                _gives("capacity", empty, 0.0, lambda _: UNFINISHED),
            ],
            UNFINISHED,
        ),
        Check(
            "falls_behind/trouble",
            Text("falls_behind: from the start, or since the load grew", "falls_behind：从一开始，或从负载变大起"),
            1,
            [_says(flooded, True, BEHIND), _says(drowning, True, BEHIND), _says(moment, False, MOMENT)],
            BEHIND,
        ),
        Check(
            "falls_behind/moment",
            Text("falls_behind: a bad moment that is over", "falls_behind：已经过去的糟糕时刻"),
            1,
            [_says(flooded, True, BEHIND), _says(moment, False, MOMENT)],
            MOMENT,
        ),
        Check(
            "falls_behind/longer",
            Text("falls_behind: more records, longer jobs", "falls_behind：记录变多，作业变长"),
            1,
            [_says(flooded, True, BEHIND), _says(steady, False, LONGER)],
            LONGER,
        ),
    ]


def _run(load: Load, seed: int, until: float = 61.9) -> Run:
    """One free core, batches of two seconds; long enough for the last one, if nothing is wrong."""
    return Simulation(
        _slow_count, network={"localhost:9999": load}, batch=BATCH_S, cluster=Cluster(1, 2), seed=seed
    ).run(until=until)


def _slow_count(ssc: StreamingContext) -> None:
    ssc.socketTextStream("localhost", 9999).map(_slowly).reduce(lambda a, b: a + b).pprint()


def _slowly(line: str) -> int:
    work(0.05)
    return 1


def _mean_delay(run: Run) -> float:
    done = run.batches.where(status="completed")
    return float(sum(done.column("total_delay_ms"))) / len(done) / 1000


def _capacity(run: Run) -> float:
    done = run.batches.where(status="completed")
    seconds = float(sum(done.column("processing_time_ms"))) / 1000
    return sum(batch.records for batch in done) / seconds


def _gives(function: str, run: Run, expected: float, hint: Callable[[float], Text]) -> Case:
    """The function has to give this number for the run, to a hundredth of it."""

    def judge(value: Any) -> Finding | None:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and _near(value, expected):
            return None
        came = short(value)
        message = Text(
            f"{function}(run) should be about {expected:.4g} for this run, and is {came}",
            f"对这次运行，{function}(run) 应约为 {expected:.4g}，得到 {came}",
        )
        return Finding(message, hint(value) if is_number else hint(0.0))

    return Case(Diagnose(function, run), judge)


def _says(run: Run, expected: bool, hint: Text) -> Case:
    return finds("falls_behind", run, expected, lambda _: hint)


def _near(value: float, expected: float) -> bool:
    return abs(value - expected) <= 0.01 * abs(expected) + 1e-9


def _delay_hint(run: Run) -> Callable[[float], Text]:
    return lambda value: SECONDS if _near(value, 1000 * _mean_delay(run)) else MEAN


def _unfinished_hint(run: Run) -> Callable[[float], Text]:
    return lambda value: SECONDS if _near(value, 1000 * _mean_delay(run)) else UNFINISHED


def _capacity_hint(run: Run) -> Callable[[float], Text]:
    done = run.batches.where(status="completed")
    rates = [1000 * batch.records / batch.processing_time_ms for batch in done if batch.processing_time_ms]
    records = sum(done.column("records"))

    def hint(value: float) -> Text:
        if _near(value, sum(rates) / len(rates)):
            return RATIO
        if value and abs(records / value - len(done) * BATCH_S) <= 3 * BATCH_S:
            return ELAPSED
        return CAPACITY

    return hint


EXERCISE = Exercise(
    "ex01_why_streaming",
    Text("Does the cluster keep up?", "集群跟得上吗？"),
    ("keeps_up", "mean_total_delay", "capacity", "falls_behind"),
    checks,
)

"""Exercise 22: a whole program whose balances no crash changes, bad messages, a plan, and somebody else's mistake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, finds, short
from sparksim.course.exercises.bank_plans import PLAN, PlanRuns, draw_story, kafka_cluster, read_movements
from sparksim.course.probes import Call, Simulate, SimulateMain
from sparksim.course.texts import Text
from sparksim.sim import (
    AtBatch,
    BrokerCrash,
    CostModel,
    DriverCrash,
    ExecutorCrash,
    Replay,
    Run,
    Simulation,
    SlowExecutor,
    Topic,
    When,
    sink,
    work,
)
from sparksim.streaming.context import StreamingContext
from sparksim.trace.events import Event, OffsetsCommitted, SinkWritten

CARDS = ("ann", "ben", "cho", "dev", "eva", "fei")
BAD = ("ben five", "ben", "ann 5 6", "cho 3.5", "lost card")
SPECULATION = {"spark.speculation": True}

SUMS = Text(
    "Sum the amounts of a batch with reduceByKey, collect them, and add each to its card: one row per card, by upsert.",
    "用 reduceByKey 对一个批次的金额求和，collect，再逐一加到卡上：每张卡一行，用 upsert。",
)
TOGETHER = Text(
    "Only what lies in the table is still there after a crash. Balances and offsets belong in one transaction, with "
    "table.transaction(): add, keep; and the stream begins at table.offsets().",
    "崩溃之后，只有表中的东西还在。余额和偏移量应在同一个事务中，with table.transaction()：先 add 再 keep；"
    "而流从 table.offsets() 开始。",
)
BY_TASKS = Text(
    "A task may run twice: after a crash, or as a speculative copy. What tasks add by themselves is then added twice; "
    "let them compute sums, and add on the driver.",
    "一个任务可能运行两次：崩溃之后，或作为推测执行的副本。任务自己加上的就会加两次；让任务求和，在驱动程序上累加。",
)
SET_ASIDE = Text(
    "Catch ValueError around both the split and the int, in the tasks, and give such a record another key: its place.",
    "在任务中，用 try 把 split 和 int 都包起来，捕获 ValueError，并给这样的记录另一个键：它的位置。",
)
NOT_DROPPED = Text(
    "A bad message must not vanish: upsert a row for it in the transaction of its batch, once.",
    "坏消息不能消失：在其批次的事务中为它 upsert 一行，只有一行。",
)
MISSING = Text(
    "Rows are missing: the reason of the messages without a row says whether Kafka had deleted them.",
    "缺了行：没有行的消息，其 reason 说明它们是否被 Kafka 删除。",
)
DOUBLED = Text(
    "Rows are doubled: did tasks run as speculative copies? If not, a new driver has read the same range again.",
    "有重复的行：有任务作为推测副本运行吗？如果没有，就是新的驱动程序把同一范围又读了一遍。",
)


def checks(random: Random) -> Sequence[Check]:
    """Drivers die behind each kind of transaction and at drawn moments; stories and movements are drawn."""
    return [*_balances(random), *_careful(random), *_plans(random), *_causes(random)]


# --- balances ----------------------------------------------------------------------------------------------------


def _movements(random: Random) -> list[str]:
    return [f"{random.choice(CARDS)} {random.choice((20, 10, -3, -4, -5))}" for _ in range(60)]


def _kafka(values: Sequence[str], pace: float = 15, retention: float | None = None) -> dict[str, Any]:
    load = Replay([(number / pace, value) for number, value in enumerate(values)])
    return kafka_cluster(load, Topic("movements", partitions=3, replicas=3, min_insync=2, retention=retention))


def _behind(kind: type[Event]) -> When:
    """10 ms after the first event of this kind; of what the sandbox knows, since it travels there."""
    return When(partial(type.__instancecheck__, kind), delay=0.01)


def _balances(random: Random) -> list[Check]:
    values, seed = _movements(random), random.randrange(1000)
    expected = _sums(values)
    moments = sorted(round(random.uniform(1.2, 6), 2) for _ in range(3))
    drivers = [[DriverCrash(_behind(kind), restart_after=0.5)] for kind in (SinkWritten, OffsetsCommitted)]
    drivers.append([DriverCrash(moment, restart_after=0.5) for moment in moments])
    troubles = [
        SlowExecutor("1", at=1.5, factor=12),
        ExecutorCrash("3", at=round(random.uniform(3.1, 3.2), 2), restart_after=1),
        BrokerCrash(f"leader of movements/{random.randrange(3)}", at=4.5, restart_after=4),
    ]

    def probe(faults: Sequence[Any]) -> SimulateMain:
        settings = {
            "network": _kafka(values),
            "faults": faults,
            "seed": seed,
            "conf": SPECULATION,
            "cost": CostModel(record_ms=40),
        }
        return SimulateMain("balances", 14, settings, reads=len(values))

    return [
        Check(
            "balances/calm",
            Text("balances: a row per card, with its balance", "balances：每张卡一行，余额正确"),
            1,
            [Case(probe([]), _right(expected, SUMS))],
            SUMS,
        ),
        Check(
            "balances/driver",
            Text("balances: the same when drivers die", "balances：驱动程序死亡后不变"),
            2,
            [Case(probe(faults), _right(expected, TOGETHER)) for faults in drivers],
            TOGETHER,
        ),
        Check(
            "balances/cluster",
            Text("balances: the same with ill executors and brokers", "balances：执行器和 broker 出故障时不变"),
            1,
            [Case(probe(troubles), _right(expected, BY_TASKS))],
            BY_TASKS,
        ),
    ]


def _sums(values: Sequence[str]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for value in values:
        card, amount = value.split()
        sums[card] += int(amount)
    return dict(sums)


def _rows(run: Run) -> list[tuple[Any, Any]]:
    table = run.sinks.get("balances")
    return [(row.key, row.value) for row in table.rows] if table else []


def _right(expected: dict[str, int], hint: Text) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        rows = [(key, value) for key, value in _rows(run) if isinstance(key, str)]
        if len(rows) == len(expected) and dict(rows) == expected:
            return None
        twice = len(rows) > len({key for key, _ in rows})
        return Finding(
            Text(
                f"the balances should be {short(dict(sorted(expected.items())))}, and are {short(sorted(rows))}",
                f"余额应为 {short(dict(sorted(expected.items())))}，实际为 {short(sorted(rows))}",
            ),
            SUMS if twice else hint,
        )

    return judge


# --- bad messages ------------------------------------------------------------------------------------------------


def _careful(random: Random) -> list[Check]:
    values = _movements(random)
    expected = _sums(values)
    for bad in random.sample(BAD, 3):
        values.insert(random.randrange(5, len(values)), bad)
    first = next(number for number, value in enumerate(values) if value in BAD)
    dies = AtBatch(first // 15 + 1, "processed", delay=0.03)  # with a bad message in hand
    aside = {(number % 3, number // 3): value for number, value in enumerate(values) if value in BAD}
    settings = {
        "network": _kafka(values),
        "faults": [DriverCrash(dies, restart_after=0.5)],
        "seed": random.randrange(1000),
    }
    probe = Simulate("careful", 10, settings, reads=len(values))
    return [
        Check(
            "careful/balances",
            Text("careful: right balances in spite of bad messages", "careful：有坏消息时余额仍正确"),
            1,
            [Case(probe, _right(expected, SET_ASIDE))],
            SET_ASIDE,
        ),
        Check(
            "careful/aside",
            Text("careful: each bad message in a row of its own", "careful：每条坏消息各占一行"),
            1,
            [Case(probe, _set_aside(aside))],
            SET_ASIDE,
        ),
    ]


def _set_aside(expected: dict[tuple[int, int], str]) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        rows = [(key, value) for key, value in _rows(run) if isinstance(key, tuple)]
        if len(rows) == len(expected) and dict(rows) == expected:
            return None
        failed = any(row.failed for row in run.batches)
        return Finding(
            Text(
                f"the rows of bad messages should be {short(expected)}, and are {short(rows)}",
                f"坏消息的行应为 {short(expected)}，实际为 {short(rows)}",
            ),
            SET_ASIDE if failed else NOT_DROPPED,
        )

    return judge


# --- a plan ------------------------------------------------------------------------------------------------------


def _plans(random: Random) -> list[Check]:
    stories = [draw_story(random) for _ in range(2)]
    runs = [PlanRuns(story) for story in stories]
    return [
        Check(
            "plan/catches_up",
            Text("plan: nothing is lost, and the lag is gone in time", "plan：什么都不丢，滞后按时消失"),
            1,
            [Case(Call("plan", (each.story,)), each.catches_up) for each in runs],
            PLAN,
        ),
        Check(
            "plan/in_time",
            Text("plan: no batch ends too late", "plan：没有批次结束得太晚"),
            1,
            [Case(Call("plan", (each.story,)), each.in_time) for each in runs],
            PLAN,
        ),
    ]


# --- somebody's program ------------------------------------------------------------------------------------------


def _somebodys(ssc: StreamingContext) -> None:
    """Each task reads its range, and then inserts a row per movement; after that the offsets go to Kafka."""
    table = sink("rows")
    stream = read_movements(ssc, 3, {})

    def insert(records: Iterable[Any]) -> None:
        for record, amount in [(record, int(record.value.split()[1])) for record in records]:
            work(0.04)
            table.insert(record.value, amount, record)

    def save(rdd: Any) -> None:
        rdd.foreachPartition(insert)
        stream.commitAsync(rdd.offsetRanges())

    stream.foreachRDD(save)


def _causes(random: Random) -> list[Check]:
    """Besides the event that did harm, each run has one or two that did none."""
    values, seed = _movements(random), random.randrange(1000)
    poisoned = list(values)
    poisoned.insert(random.randrange(10, 40), "ben five")
    early, idle = DriverCrash(0.5, restart_after=0.3), DriverCrash(9, restart_after=0.5)

    def run(values: Sequence[str], *faults: Any, retention: float | None = None, **more: Any) -> Run:
        network = _kafka(values, retention=retention)
        return Simulation(_somebodys, network=network, faults=faults, seed=seed, **more).run(until=14.9)

    slow, ill = SlowExecutor("1", at=1.5, factor=1.5), SlowExecutor("1", at=1.5, factor=4)
    dies = DriverCrash(AtBatch(3, "processed", delay=0.05), restart_after=0.5)
    runs = {
        "retention": run(values, early, slow, retention=2, cost=CostModel(record_ms=400)),
        "bad message": run(poisoned, idle, slow, retention=4),
        "speculation": run(values, ill, idle, conf=SPECULATION),
        "driver crash": run(values, dies, slow, retention=6),
    }
    return [
        Check(
            "cause/lost",
            Text("cause: why rows are missing", "cause：为什么缺了行"),
            1,
            [finds("cause", runs[name], name, lambda _: MISSING) for name in ("retention", "bad message")],
            MISSING,
        ),
        Check(
            "cause/doubled",
            Text("cause: why rows are doubled", "cause：为什么有重复的行"),
            1,
            [finds("cause", runs[name], name, lambda _: DOUBLED) for name in ("speculation", "driver crash")],
            DOUBLED,
        ),
    ]


EXERCISE = Exercise(
    "ex22_capstone",
    Text("The whole thing", "全部合在一起"),
    ("balances", "careful", "plan", "cause"),
    checks,
)

"""Exercise 15: what is at risk, which delay no batch shows, and settings with which nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

from sparksim.cluster.cost import TEACHING, CostModel
from sparksim.cluster.faults import Fault
from sparksim.course.exercise import Case, Check, Exercise, Finding, Judge, short
from sparksim.course.probes import Call, Diagnose
from sparksim.course.texts import Text
from sparksim.sim import (
    Acknowledged,
    Cluster,
    Constant,
    DriverCrash,
    ExecutorCrash,
    Load,
    Replay,
    Run,
    Simulation,
    SlowDisk,
    sink,
)
from sparksim.streaming.context import StreamingContext
from sparksim.streaming.queue_receiver import QueueReceiver
from sparksim.trace.events import BlockLogged

ADDRESS = "localhost:9999"
LOG = "spark.streaming.receiver.writeAheadLog.enable"
CHECKPOINT = "sim://checkpoint"
SLOW_LOG = TEACHING.with_(log_write_ms=100)
RECORDS, PER_SECOND = 120, 20
RATE, KEEPS_UP_S = 100, 20.0
MAY_WAIT = 190
"""More than a batch and a half; ten messages in a block are just too few, and leave more behind."""

KNOBS = ("receiver", "log", "write", "messages")
CHOICES: Mapping[str, Sequence[Any]] = {
    "receiver": ("socket", "queue"),
    "log": (True, False),
    "write": ("insert", "upsert"),
}

WAITING = Text(
    "All blocks that are stored and not processed: those that wait for a batch, and those of a batch that runs.",
    "所有已存储但未处理的数据块：等待批次的，以及正在运行的批次中的。",
)
LOGGED = Text(
    "A block in the write-ahead log is read from there by the next driver: it is not at risk.",
    "在预写日志中的数据块，下一个驱动程序会从日志读取：它没有危险。",
)
STORED = Text(
    "Behind a slow log there are blocks that were cut and are not stored yet: their stored_ms is None.",
    "日志缓慢时，有些数据块已经切下、但尚未存储：它们的 stored_ms 为 None。",
)
UNSEEN = Text(
    "The longest time from generated_ms to added_ms, divided by 1000; leave out blocks whose added_ms is None. "
    "0 where no block is left.",
    "从 generated_ms 到 added_ms 的最长时间，除以 1000；added_ms 为 None 的数据块不计入。没有数据块时为 0。",
)
KEEP = Text(
    "What was stored survives the driver only in a log; what was not stored yet has to be sent again by the source.",
    "已存储的只有在日志中才能经受驱动程序的死亡；尚未存储的必须由数据源重新发送。",
)
AGAIN = Text(
    "A batch that runs again writes again what it had written. Rows that are written over do not become more.",
    "重新运行的批次会把写过的再写一遍。覆盖写入的行不会变多。",
)
SLOW = Text(
    "One block after the other is logged, 0.1 s each: less than ten blocks a second. Put more messages in a block.",
    "数据块一个接一个写入日志，每个 0.1 秒：每秒不到十个数据块。请在一个数据块里多放些消息。",
)
DICT = Text(
    'Return a dict with "receiver", "log", "write" and "messages", with the values that the task names.',
    '请返回含 "receiver"、"log"、"write"、"messages" 的字典，取值如任务中所列。',
)


def checks(random: Random) -> Sequence[Check]:
    """Runs end between two batches and within one; the log is on, off, and on a slow disk."""

    def story(log: bool, until: float, *faults: Fault, rate: float = 20) -> Run:
        return _simulated(_socket, Constant(rate, "line"), log, faults, random.randrange(1000)).run(until)

    between, within = (random.randrange(3, 6) + part for part in (random.uniform(0.65, 0.75), 0.07))
    slow = [SlowDisk("receiver", 2.0, factor=random.uniform(20.0, 35.0))]
    waiting, running = story(False, between), story(False, within, rate=40)
    logged, behind, nothing = story(True, between), story(True, 8.0 + between, *slow), story(False, 0.1)
    seeds = [random.randrange(1000) for _ in range(3)]
    ask = Call("settings", ())
    return [
        Check(
            "at_risk/waiting",
            Text("at_risk: without a log", "at_risk：没有日志"),
            2,
            [_is("at_risk", run, _at_risk(run), WAITING) for run in (waiting, running)],
            WAITING,
        ),
        Check(
            "at_risk/logged",
            Text("at_risk: with a log", "at_risk：有日志"),
            1,
            [_is("at_risk", run, _at_risk(run), hint) for run, hint in ((logged, LOGGED), (behind, STORED))],
            LOGGED,
        ),
        Check(
            "unseen_delay/longest",
            Text("unseen_delay: of a healthy log and of a slow one", "unseen_delay：正常的日志与缓慢的日志"),
            2,
            [_is("unseen_delay", run, _unseen(run), UNSEEN) for run in (logged, behind, nothing)],
            UNSEEN,
        ),
        Check(
            "settings/nothing_lost",
            Text("settings: nothing is lost", "settings：什么都不丢"),
            2,
            [Case(ask, _judge(lambda told: _nothing_lost(told, seeds)))],
            KEEP,
        ),
        Check(
            "settings/once",
            Text("settings: nothing is in the table twice", "settings：表中没有重复"),
            1,
            [Case(ask, _judge(lambda told: _once(told, seeds)))],
            AGAIN,
        ),
        Check(
            "settings/keeps_up",
            Text("settings: keeps up with 100 records a second", "settings：跟得上每秒 100 条记录"),
            2,
            [Case(ask, _judge(lambda told: _keeps_up(told, seeds[0])))],
            SLOW,
        ),
    ]


def _socket(ssc: StreamingContext) -> None:
    ssc.checkpoint(CHECKPOINT)
    ssc.socketTextStream("localhost", 9999).count().pprint()


def _chosen(told: Mapping[str, Any]) -> Callable[[StreamingContext], None]:
    """The program with the learner's knobs."""
    table, messages = sink("records"), told["messages"]
    write_row = table.insert if told["write"] == "insert" else table.upsert

    def write(records: Any) -> None:
        for record in records:
            write_row(record, "written")

    def program(ssc: StreamingContext) -> None:
        ssc.checkpoint(CHECKPOINT)
        if told["receiver"] == "socket":
            lines = ssc.socketTextStream("localhost", 9999)
        else:
            lines = ssc.receiverStream(QueueReceiver("localhost", 9999, messages=messages))
        lines.foreachRDD(lambda rdd: rdd.foreachPartition(write))

    return program


def _simulated(
    program: Callable[[StreamingContext], None],
    load: Load,
    log: bool,
    faults: Sequence[Fault],
    seed: int,
    cost: CostModel = TEACHING,
) -> Simulation:
    return Simulation(
        program,
        network={ADDRESS: load},
        cluster=Cluster(3, 2),
        faults=faults,
        conf={LOG: log},
        cost=cost,
        seed=seed,
        checkpoint=CHECKPOINT,
    )


def _with(told: Mapping[str, Any], load: Load, faults: Sequence[Fault], seed: int) -> Simulation:
    served = load if told["receiver"] == "socket" else Acknowledged(load)
    return _simulated(_chosen(told), served, told["log"], faults, seed, SLOW_LOG)


@cache
def _crashed(receiver: str, log: bool, write: str, messages: int, seed: int) -> Counter[str]:
    """How many rows each record has after an executor and the driver have died."""
    told = dict(zip(KNOBS, (receiver, log, write, messages), strict=True))
    rng = Random(seed)
    numbers = Replay([(0.6 + number / PER_SECOND, str(number)) for number in range(RECORDS)])
    faults = [
        ExecutorCrash("receiver", round(rng.uniform(2.1, 2.9), 2)),
        DriverCrash(round(rng.uniform(4.3, 4.9), 2), restart_after=round(rng.uniform(0.5, 1.5), 1)),
    ]
    run = _with(told, numbers, faults, seed).run(until=16)
    return Counter(row.key for row in run.sink("records").rows)


def _rows(told: Mapping[str, Any], seed: int) -> Counter[str]:
    return _crashed(*(told[knob] for knob in KNOBS), seed)


def _nothing_lost(told: Mapping[str, Any], seeds: Sequence[int]) -> Finding | None:
    for seed in seeds:
        lost = RECORDS - len(_rows(told, seed))
        if lost:
            return Finding(
                Text(
                    f"{lost} of {RECORDS} records are not in the table after an executor and the driver had died",
                    f"执行器和驱动程序死亡之后，{RECORDS} 条记录中有 {lost} 条不在表中",
                ),
                KEEP,
            )
    return None


def _once(told: Mapping[str, Any], seeds: Sequence[int]) -> Finding | None:
    for seed in seeds:
        twice = sum(count > 1 for count in _rows(told, seed).values())
        if twice:
            return Finding(
                Text(f"{twice} records are in the table more than once", f"有 {twice} 条记录在表中出现不止一次"), AGAIN
            )
    return None


def _keeps_up(told: Mapping[str, Any], seed: int) -> Finding | None:
    numbers = Replay([(number / RATE, str(number)) for number in range(round(RATE * KEEPS_UP_S))])
    run = _with(told, numbers, (), seed).run(until=KEEPS_UP_S)
    late = run.delivery.count("pending")
    if late <= MAY_WAIT:
        return None
    return Finding(
        Text(
            f"after {KEEPS_UP_S:g} s, {late} records had arrived and were in no batch that is done",
            f"{KEEPS_UP_S:g} 秒之后，有 {late} 条记录已经到达，但不在任何已完成的批次中",
        ),
        SLOW,
    )


def _judge(judge: Callable[[Mapping[str, Any]], Finding | None]) -> Judge:
    """A judge of settings, where they are some."""

    def check(told: Any) -> Finding | None:
        is_right = isinstance(told, dict) and set(told) == set(KNOBS)
        if not is_right or not all(told[knob] in values for knob, values in CHOICES.items()):
            return _no_settings(told)
        if type(told["messages"]) is not int or not 1 <= told["messages"] <= 10_000:
            return _no_settings(told)
        return judge(told)

    return check


def _no_settings(told: Any) -> Finding:
    return Finding(Text(f"settings() gives {short(told)}", f"settings() 返回 {short(told)}"), DICT)


def _at_risk(run: Run) -> int:
    logged = {event.block_id for event in run.trace.of(BlockLogged)}
    left = run.blocks.where(lambda block: block.stored_ms is not None and block.fate != "processed")
    return sum(block.records for block in left if block.block_id not in logged)


def _unseen(run: Run) -> float:
    cut = [(block.generated_ms, block.added_ms) for block in run.blocks]
    known = [added - generated for generated, added in cut if added is not None and generated is not None]
    return max(known, default=0) / 1000


def _is(function: str, run: Run, expected: float, hint: Text) -> Case:
    def judge(value: Any) -> Finding | None:
        if isinstance(value, int | float) and abs(value - expected) < 1e-3:
            return None
        return Finding(
            Text(
                f"{function}(run) should be {expected:g} for this run, and is {short(value)}",
                f"对这次运行，{function}(run) 应为 {expected:g}，得到 {short(value)}",
            ),
            hint,
        )

    return Case(Diagnose(function, run), judge)


EXERCISE = Exercise(
    "ex15_write_ahead_log",
    Text("Nothing is lost, and nothing waits unseen", "什么都不丢，也没有看不见的等待"),
    ("at_risk", "unseen_delay", "settings"),
    checks,
)

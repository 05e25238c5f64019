"""Exercise 20: is a program stable, why is it not, and which knobs keep a given load in bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, short
from sparksim.course.probes import Call, Diagnose
from sparksim.course.texts import Text
from sparksim.sim import (
    Burst,
    Cluster,
    Constant,
    ExecutorCrash,
    Load,
    Poisson,
    Run,
    Simulation,
    SlowExecutor,
    Steps,
    work,
)
from sparksim.sim.sustained import verdict
from sparksim.streaming import StreamingContext

ALONE = Cluster(1, 6)
CORES = 8
BOUND_S = 3.0
CONF: Mapping[str, type[int]] = {
    "spark.streaming.backpressure.enabled": bool,
    "spark.streaming.backpressure.initialRate": int,
    "spark.streaming.receiver.maxRate": int,
    "spark.streaming.concurrentJobs": int,
}

BURST = Text(
    "A delay that comes with a burst and goes again is no harm. Look at the last quarter of the batches: does one "
    "of them start without waiting?",
    "随突发而来、又自行消失的延迟没有关系。请看最后四分之一的批次：其中有没有一个不用等就开始？",
)
SLOWLY = Text(
    "The delay of each batch is larger than that of the one before, if only by a little: it never falls back to "
    "zero. A bound such as one batch interval is reached sooner or later; ask whether the delay returns to zero.",
    "每个批次的延迟都比前一个大，哪怕只大一点：它再也不会回到零。像一个批次间隔这样的界限迟早会被超过；"
    "请判断延迟是否回到零。",
)
BUSY = Text(
    "Compare the time of the tasks with what the free cores could have done while batches ran: if most of it was "
    'used, it is "cores"; if the cores were idle for the most part, time went into starting things, and it is '
    '"interval".',
    '请比较任务所用的时间与批次运行期间空闲核心本可提供的时间：如果大部分被用掉，就是 "cores"；如果核心大多闲着，'
    '时间花在启动上，就是 "interval"。',
)
PACE = Text(
    "How long does an executor take for a line: duration_ms / records_read, per executor_id? Where one needs many "
    'times as long as another, it is "slow executor", however busy the cores are.',
    "一个执行器处理一行要多久：按 executor_id 计算 duration_ms / records_read。如果某个执行器需要别人的许多倍，"
    '就是 "slow executor"，无论核心有多忙。',
)
SHAPE = Text(
    'Return {"batch": 1.0, "block": 0.2, "executors": 3, "cores": 2, "conf": {}} with values of yours: the '
    "intervals in the given ranges, at most 8 cores in all, and in conf only the four settings, as numbers or True "
    "and False.",
    '请返回 {"batch": 1.0, "block": 0.2, "executors": 3, "cores": 2, "conf": {}}，填上你的值：间隔在给定范围内，'
    "一共最多 8 个核心，conf 中只放那四个设置，值为数字或 True、False。",
)
QUEUE = Text(
    "Batches take longer than the interval. Count: 200 lines of 15 ms are 3 s of work each second, the receiver "
    "keeps a core, and the blocks of a batch, one task each, should spread evenly over the cores that are left.",
    "批次的处理时间超过了间隔。算一算：200 行、每行 15 毫秒，每秒有 3 秒的工作量；接收器占一个核心；"
    "一个批次的数据块（每块一个任务）应均匀地分到其余的核心上。",
)
LATENCY = Text(
    "A line may wait a whole batch interval before its batch even begins: choose a shorter one.",
    "一行可能要等整整一个批次间隔，它的批次才开始：请选择更短的间隔。",
)
RATE = Text(
    "A rate limit below the load makes lines wait before the receiver, where no table of batches shows them. "
    "initialRate and maxRate hold for the whole run, also with backpressure off.",
    "低于负载的速率限制使行在接收器前面等待，批次的表格里看不到它们。即使反压（backpressure）关闭，initialRate 和 "
    "maxRate 也在整个运行中有效。",
)
ORDER = Text(
    "With spark.streaming.concurrentJobs above 1 a short batch overtakes a long one. Leave it at 1, and let the "
    "tasks of one batch use all cores.",
    "spark.streaming.concurrentJobs 大于 1 时，短批次会超过长批次。请保持为 1，让一个批次的任务用上所有核心。",
)
COPIES = Text(
    "A second copy of a block needs a second executor. With a single one everything that was received and not yet "
    "processed dies with it.",
    "数据块的第二份副本（replica）需要第二个执行器。只有一个执行器时，已收到而未处理的一切都随它消失。",
)


def checks(random: Random) -> Sequence[Check]:
    """Runs of one core too few and of none; knobs are simulated with seeds that nobody but the grader knows."""
    seeds = [random.randrange(1000) for _ in range(4)]
    calm = _run(Constant(random.randrange(50, 61), "x"), 40)
    crowded = _run(Constant(random.randrange(150, 171), "x"), 40)
    burst = _run(Burst(rate=180, at=round(random.uniform(3.2, 4.8), 1), duration=2, base=50, record="x"), 40)
    creeping = _run(Constant(100, "x"), random.choice((45.5, 46, 46.5)))
    spread = Cluster(3, 2)
    busy = _run(Constant(random.randrange(210, 240), "x"), 40, spread)
    hasty = _run(Constant(random.randrange(90, 111), "x"), 5, spread, batch=0.1, block=0.05, until=6)
    slow = _run(Constant(random.randrange(45, 56), "x"), 30, spread, faults=[SlowExecutor(2, at=2.5, factor=8)])
    return [
        Check(
            "is_stable/burst",
            Text("is_stable: a burst that is over", "is_stable：已经过去的突发"),
            1,
            [_says("is_stable", burst, True, BURST), _says("is_stable", crowded, False, SLOWLY)],
            BURST,
        ),
        Check(
            "is_stable/slowly",
            Text("is_stable: an overload of a few percent", "is_stable：百分之几的超载"),
            1,
            [_says("is_stable", creeping, False, SLOWLY), _says("is_stable", calm, True, BURST)],
            SLOWLY,
        ),
        Check(
            "why_unstable/overhead",
            Text("why_unstable: too few cores or too short an interval", "why_unstable：核心太少还是间隔太短"),
            2,
            [_says("why_unstable", busy, "cores", BUSY), _says("why_unstable", hasty, "interval", BUSY)],
            BUSY,
        ),
        Check(
            "why_unstable/executor",
            Text("why_unstable: too few cores or one slow executor", "why_unstable：核心太少还是一个执行器太慢"),
            1,
            [_says("why_unstable", slow, "slow executor", PACE), _says("why_unstable", crowded, "cores", BUSY)],
            PACE,
        ),
        Check(
            "knobs/steady",
            Text("knobs: the usual load, within 3 s", "knobs：平常负载，不超过 3 秒"),
            2,
            [Case(Call("knobs", ()), partial(_judge_steady, seed)) for seed in seeds[:2]],
            SHAPE,
        ),
        Check(
            "knobs/burst",
            Text("knobs: a burst, and batches in order", "knobs：突发，以及批次的顺序"),
            1,
            [
                Case(Call("knobs", ()), partial(_judge_order, seeds[2])),
                Case(Call("knobs", ()), partial(_judge_burst, seeds[2])),
            ],
            SHAPE,
        ),
        Check(
            "knobs/crash",
            Text("knobs: the executor with the receiver dies", "knobs：接收器所在的执行器死亡"),
            2,
            [Case(Call("knobs", ()), partial(_judge_crash, seeds[3], round(random.uniform(6.5, 6.8), 2)))],
            SHAPE,
        ),
    ]


def _program(milliseconds: float) -> Callable[[StreamingContext], None]:
    def parse(line: str) -> str:
        work(milliseconds / 1000)
        return line

    def count_lines(ssc: StreamingContext) -> None:
        ssc.socketTextStream("localhost", 9999).map(parse).count().pprint()

    return count_lines


def _run(load: Load, milliseconds: float, cluster: Cluster = ALONE, *, until: float = 20, **settings: Any) -> Run:
    network = {"localhost:9999": load}
    return Simulation(_program(milliseconds), network=network, cluster=cluster, **settings).run(until=until)


def _says(function: str, run: Run, expected: bool | str, hint: Text) -> Case:
    def judge(value: Any) -> Finding | None:
        if type(value) is type(expected) and value == expected:
            return None
        done = run.batches.where(status="completed")
        delays = ", ".join(f"{delay / 1000:.1f}" for delay in done.column("scheduling_delay_ms")[-8:])
        return Finding(
            Text(
                f"{function}(run) should be {expected!r}, and is {short(value)}; the last delays of the run, in s: "
                f"{delays}",
                f"{function}(run) 应为 {expected!r}，得到 {short(value)}；该运行最后的延迟（秒）：{delays}",
            ),
            hint,
        )

    return Case(Diagnose(function, run), judge)


def _judge_steady(seed: int, value: Any) -> Finding | None:
    if not _is_knobs(value):
        return _no_knobs(value)
    until = max(20.0, 20 * value["batch"])
    run = _turned(value, Poisson(200, "x"), seed, until)
    return _not_sustained(run, until, BOUND_S)


def _judge_order(seed: int, value: Any) -> Finding | None:
    if not _is_knobs(value):
        return _no_knobs(value)
    run = _turned(value, Steps([(4, 200), (3, 400), (9, 20)], "x"), seed, 16)
    ended = sorted(run.batches.where(status="completed"), key=lambda batch: batch.processing_end_ms or 0.0)
    for before, after in pairwise(batch.batch_time_ms / 1000 for batch in ended):
        if after < before:
            return Finding(
                Text(
                    f"after a burst the batch of second {before:g} ended before that of second {after:g}",
                    f"突发之后，第 {before:g} 秒的批次在第 {after:g} 秒的批次之前结束",
                ),
                ORDER,
            )
    return None


def _judge_burst(seed: int, value: Any) -> Finding | None:
    if not _is_knobs(value):
        return _no_knobs(value)
    until = max(24.0, 20 * value["batch"])
    run = _turned(value, Burst(rate=400, at=5, duration=3, base=200, record="x"), seed, until)
    return _not_sustained(run, until)


def _judge_crash(seed: int, at: float, value: Any) -> Finding | None:
    if not _is_knobs(value):
        return _no_knobs(value)
    crash = ExecutorCrash("receiver", at=at, restart_after=1)
    run = _turned(value, Constant(200, "x"), seed, 14, faults=[crash])
    lost = len(run.delivery.records.where(lambda line: line.outcome == "lost" and line.block_id))
    if not lost:
        return None
    return Finding(
        Text(
            f"the executor with the receiver died at {at:g} s: {lost} lines that lay in blocks were lost",
            f"接收器所在的执行器在 {at:g} 秒死亡：已在数据块中的 {lost} 行丢失了",
        ),
        COPIES,
    )


def _turned(value: Mapping[str, Any], load: Load, seed: int, until: float, **settings: Any) -> Run:
    cluster = Cluster(value["executors"], value["cores"])
    chosen = {name: value[name] for name in ("batch", "block", "conf")}
    return _run(load, 15, cluster, until=until, seed=seed, **chosen, **settings)


def _not_sustained(run: Run, until: float, bound_s: float | None = None) -> Finding | None:
    found = verdict(run, until, None if bound_s is None else bound_s * 1000)
    if found.sustained:
        return None
    hints = {"latency": LATENCY, "receivers": RATE}
    hint = next((hints[word] for word in hints if found.reason.startswith(word)), QUEUE)
    return Finding(
        Text(
            f"with your knobs the program does not keep up: {found.reason}", f"用你的旋钮，程序跟不上：{found.reason}"
        ),
        hint,
    )


def _is_knobs(value: Any) -> bool:
    if not isinstance(value, dict) or value.keys() != {"batch", "block", "executors", "cores", "conf"}:
        return False
    batch, block, executors, cores, conf = (value[name] for name in ("batch", "block", "executors", "cores", "conf"))
    return (
        all(type(each) in (int, float) for each in (batch, block))
        and 0.2 <= batch <= BOUND_S
        and 0.05 <= block <= batch
        and all(type(each) is int and each >= 1 for each in (executors, cores))
        and executors * cores <= CORES
        and isinstance(conf, dict)
        and all(type(each) is CONF.get(name) and 0 <= each <= 1_000_000 for name, each in conf.items())
        and 1 <= conf.get("spark.streaming.concurrentJobs", 1) <= CORES
    )


def _no_knobs(value: Any) -> Finding:
    return Finding(
        Text(f"knobs() does not give usable knobs: {short(value)}", f"knobs() 给出的旋钮不能用：{short(value)}"), SHAPE
    )


EXERCISE = Exercise(
    "ex20_stability_and_tuning",
    Text("Keep up", "跟得上"),
    ("is_stable", "why_unstable", "knobs"),
    checks,
)

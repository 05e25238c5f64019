"""Exercise 16: the rule of speculation, a slow executor in a trace, and settings against it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from random import Random
from statistics import mean, median
from typing import Any

from sparksim.cluster.cost import TEACHING
from sparksim.cluster.faults import Fault
from sparksim.cluster.speculation import Median, Speculation
from sparksim.core.arguments import is_number
from sparksim.course.exercise import Case, Check, Exercise, Finding, Judge, finds, returns, short
from sparksim.course.probes import Call
from sparksim.course.texts import Text
from sparksim.sim import Cluster, Constant, ReceiverCrash, Replay, Run, Simulation, SlowExecutor, sink
from sparksim.streaming.context import StreamingContext

COST = TEACHING.with_(record_ms=5)
UNEVEN = COST.with_(noise=0.3)
RATE, RECORDS, ILL_FROM_S, UNTIL_S = 100, 950, 2.5, 13.0
FAST_ENOUGH_MS = 750
ONE_COPY_IN = 30
KNOBS = ("speculation", "quantile", "multiplier", "write")
PROPERTIES = ("spark.speculation", "spark.speculation.quantile", "spark.speculation.multiplier")

ENOUGH = Text(
    "At least floor(quantile * tasks) tasks must have succeeded, and at least one; that many are enough.",
    "必须至少有 floor(quantile * tasks) 个任务成功，且至少一个；达到即可。",
)
MIDDLE = Text(
    "The threshold is multiplier times the median: one slow task that is done must not hide the next.",
    "阈值是中位数的 multiplier 倍：一个已完成的慢任务不应掩护下一个。",
)
FLOOR = Text(
    "No task is slow before 100 ms, and a stage of one task is never watched.",
    "不到 100 毫秒的任务都不算慢；只有一个任务的阶段从不被查看。",
)
LIKE = Text(
    "Compare the means of tasks that read blocks. A receiver runs all the time, and who has most to do is not slow.",
    "请比较读取数据块的任务的平均时长。接收器一直在运行；干活最多的也并不就是慢的。",
)
KILLED = Text(
    'With speculation the attempts on the slow executor end as "TaskKilled": count them as well.',
    "有推测执行时，慢执行器上的尝试以 “TaskKilled” 结束：它们也要算。",
)
HEALTHY = Text(
    "One of them is always the slowest. It is ill only if its mean is more than twice the median of the means.",
    "总有一个是最慢的。只有平均值大于各平均值的中位数的两倍，才算有病。",
)
FAST = Text(
    "Two of ten tasks run on the slow executor: look for slow ones when at most eight are done, and do not wait until "
    "they are many times slower.",
    "十个任务中有两个在慢执行器上运行，所以最迟在八个完成时就要开始寻找慢任务，也不要等到它们慢了许多倍。",
)
TWICE = Text(
    "Both attempts of a task write. Rows that are written over do not become more.",
    "一个任务的两次尝试都会写。覆盖写入的行不会变多。",
)
THRIFT = Text(
    "A small multiplier copies tasks that are only a little slower than the others.",
    "倍数太小，会复制那些只比别人慢一点的任务。",
)
DICT = Text(
    'Return a dict with "speculation", "quantile", "multiplier" and "write", with values as the task names them.',
    '请返回含 "speculation"、"quantile"、"multiplier"、"write" 的字典，取值如任务中所述。',
)


def checks(random: Random) -> Sequence[Check]:
    """Durations in which mean and median fall apart; runs with and without an ill executor."""

    def story(*faults: Fault, speculation: bool = False) -> Run:
        bet = {"spark.speculation": speculation}
        load = Constant(random.randrange(80, 120), "line")
        return _simulated(_count, load, faults, bet, random.randrange(1000), uneven=False).run(until=9)

    base = random.randrange(150, 300)
    even = [base + random.randrange(10) for _ in range(7)]
    uneven = [base, base + 2, base + 4, base + 5, base + 7, base * 20, base * 30]
    little = [random.randrange(10, 30) for _ in range(8)]
    ill = [SlowExecutor(each, 2, factor=random.uniform(7, 12)) for each in random.sample(("1", "2", "3", "4"), 2)]
    first, second = (story(each) for each in ill)
    betting = story(SlowExecutor("other", 2, factor=10.0), speculation=True)
    healthy = story(ReceiverCrash(random.uniform(4.0, 7.0), restarts=False))
    seeds = [random.randrange(1000) for _ in range(3)]
    ask = Call("settings", ())
    return [
        Check(
            "should_speculate/enough",
            Text("should_speculate: when enough are done", "should_speculate：完成得够多时"),
            1,
            [
                _speculates(even, 10, base * 9, hint=ENOUGH),
                _speculates(even[:6], 10, base * 9, hint=ENOUGH),
                _speculates(even[:5], 10, base * 9, 0.5, hint=ENOUGH),
                _speculates([], 10, base * 9, 0.0, hint=ENOUGH),
            ],
            ENOUGH,
        ),
        Check(
            "should_speculate/median",
            Text("should_speculate: slower than most", "should_speculate：比大多数慢"),
            1,
            [
                _speculates(uneven, 9, base * 2, hint=MIDDLE),
                _speculates(uneven, 9, base * 1.2, hint=MIDDLE),
                _speculates(uneven, 9, base * 2, 0.75, 3, hint=MIDDLE),
            ],
            MIDDLE,
        ),
        Check(
            "should_speculate/least",
            Text("should_speculate: short tasks, and a task alone", "should_speculate：短任务和单独的任务"),
            1,
            [
                _speculates(little, 10, 90, hint=FLOOR),
                _speculates(little, 10, 110, hint=FLOOR),
                returns("should_speculate", ([], 1, base * 50), False, lambda _: FLOOR),
            ],
            FLOOR,
        ),
        Check(
            "slow_executor/found",
            Text("slow_executor: the slow one", "slow_executor：找出慢的"),
            1,
            [_is(run, LIKE) for run in (first, second)],
            LIKE,
        ),
        Check(
            "slow_executor/speculation",
            Text("slow_executor: where its tasks have second copies", "slow_executor：它的任务有第二份副本时"),
            1,
            [_is(betting, KILLED)],
            KILLED,
        ),
        Check(
            "slow_executor/healthy",
            Text("slow_executor: none is slow", "slow_executor：没有慢的"),
            1,
            [_is(healthy, HEALTHY)],
            HEALTHY,
        ),
        Check(
            "settings/fast",
            Text("settings: batches are fast although an executor is slow", "settings：执行器慢，批次仍然快"),
            2,
            [Case(ask, _judge(lambda told: _fast(told, seeds)))],
            FAST,
        ),
        Check(
            "settings/right",
            Text("settings: every record is in the table once", "settings：每条记录在表中恰好一次"),
            1,
            [Case(ask, _judge(lambda told: _right(told, seeds)))],
            TWICE,
        ),
        Check(
            "settings/thrift",
            Text("settings: few copies on a healthy cluster", "settings：健康的集群上副本很少"),
            1,
            [Case(ask, _judge(lambda told: _thrifty(told, seeds)))],
            THRIFT,
        ),
    ]


def _speculates(
    durations: Sequence[int],
    tasks: int,
    running_ms: float,
    quantile: float = 0.75,
    multiplier: float = 1.5,
    *,
    hint: Text,
) -> Case:
    rule = Speculation(quantile=quantile, multiplier=multiplier)
    threshold_ms = rule.slower_than_ms(tasks, len(durations), Median(durations))
    expected = threshold_ms is not None and running_ms > threshold_ms
    arguments = (list(durations), tasks, running_ms, quantile, multiplier)
    return returns("should_speculate", arguments, expected, lambda _: hint)


def _count(ssc: StreamingContext) -> None:
    ssc.socketTextStream("localhost", 9999).count().pprint()


def _inserting(ssc: StreamingContext) -> None:
    table = sink("records")

    def write(records: Any) -> None:
        for record in records:
            table.insert(record, "written")

    ssc.socketTextStream("localhost", 9999).foreachRDD(lambda rdd: rdd.foreachPartition(write))


def _upserting(ssc: StreamingContext) -> None:
    table = sink("records")

    def write(records: Any) -> None:
        for record in records:
            table.upsert(record, "written")

    ssc.socketTextStream("localhost", 9999).foreachRDD(lambda rdd: rdd.foreachPartition(write))


def _simulated(
    program: Callable[[StreamingContext], None],
    load: Constant | Replay,
    faults: Sequence[Fault],
    conf: Mapping[str, Any],
    seed: int,
    *,
    uneven: bool,
) -> Simulation:
    return Simulation(
        program,
        network={"localhost:9999": load},
        batch=2.0,
        cluster=Cluster(4, 2),
        faults=faults,
        conf=conf,
        cost=UNEVEN if uneven else COST,
        seed=seed,
    )


@cache
def _run(speculation: bool, quantile: float, multiplier: float, write: str, seed: int, *, ill: bool) -> Run:
    """The learner's settings on an ill or a healthy cluster."""
    program = _inserting if write == "insert" else _upserting
    numbers = Replay([(0.6 + number / RATE, str(number)) for number in range(RECORDS)])
    faults = [SlowExecutor("other", ILL_FROM_S, factor=10.0)] if ill else []
    conf = dict(zip(PROPERTIES, (speculation, quantile, multiplier), strict=True))
    return _simulated(program, numbers, faults, conf, seed, uneven=True).run(until=UNTIL_S)


def _of(told: Mapping[str, Any], seed: int, *, ill: bool) -> Run:
    return _run(*(told[knob] for knob in KNOBS), seed, ill=ill)


def _fast(told: Mapping[str, Any], seeds: Sequence[int]) -> Finding | None:
    times_ms: list[float] = []
    for seed in seeds:
        busy = _of(told, seed, ill=True).batches.where(lambda batch: 4000 <= batch.batch_time_ms <= 10_000)
        times_ms += [batch.processing_time_ms or UNTIL_S * 1000 for batch in busy]
    if mean(times_ms) <= FAST_ENOUGH_MS:
        return None
    return Finding(
        Text(
            f"with a slow executor a batch took {mean(times_ms) / 1000:.2f} s in the mean",
            f"有一个慢执行器时，一个批次平均花了 {mean(times_ms) / 1000:.2f} 秒",
        ),
        FAST,
    )


def _right(told: Mapping[str, Any], seeds: Sequence[int]) -> Finding | None:
    for seed in seeds:
        rows = Counter(row.key for row in _of(told, seed, ill=True).sink("records").rows)
        twice = sum(count > 1 for count in rows.values())
        if twice:
            return Finding(
                Text(f"{twice} records are in the table more than once", f"有 {twice} 条记录在表中出现不止一次"), TWICE
            )
    return None


def _thrifty(told: Mapping[str, Any], seeds: Sequence[int]) -> Finding | None:
    readers = [task for seed in seeds for task in _of(told, seed, ill=False).tasks if task.blocks]
    copies = sum(task.speculative for task in readers)
    if copies * ONE_COPY_IN <= len(readers):
        return None
    return Finding(
        Text(
            f"on a healthy cluster, {copies} of {len(readers)} attempts were second copies",
            f"在健康的集群上，{len(readers)} 次尝试中有 {copies} 次是第二份副本",
        ),
        THRIFT,
    )


def _judge(judge: Callable[[Mapping[str, Any]], Finding | None]) -> Judge:
    """A judge of settings, where they are some."""

    def check(told: Any) -> Finding | None:
        is_right = (
            isinstance(told, dict)
            and set(told) == set(KNOBS)
            and type(told["speculation"]) is bool
            and told["write"] in ("insert", "upsert")
            and all(is_number(told[knob]) for knob in ("quantile", "multiplier"))
            and told["quantile"] <= 1
        )
        if not is_right:
            return Finding(Text(f"settings() gives {short(told)}", f"settings() 返回 {short(told)}"), DICT)
        return judge(told)

    return check


def _slow_executor(run: Run) -> str | None:
    readers = run.tasks.where(lambda task: task.blocks and task.duration_ms is not None)
    executors = sorted(set(readers.column("executor_id")))
    means = {each: mean(readers.where(executor_id=each).column("duration_ms")) for each in executors}
    slowest = max(means, key=lambda each: means[each])
    return slowest if means[slowest] > 2 * median(means.values()) else None


def _is(run: Run, hint: Text) -> Case:
    return finds("slow_executor", run, _slow_executor(run), lambda _: hint)


EXERCISE = Exercise(
    "ex16_stragglers",
    Text("The slow machine", "慢机器"),
    ("should_speculate", "slow_executor", "settings"),
    checks,
)

"""Exercise 14: what a driver does first when it is back, and a program that outlives its driver."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, returns
from sparksim.course.printed import compared, failed_batch, printed_pairs
from sparksim.course.probes import SimulateMain
from sparksim.course.texts import Text
from sparksim.sim import DriverCrash, Replay, Run

VOCABULARY = ("batch", "block", "core", "driver", "job", "receiver", "stage", "task")

OWN = Text(
    "The batch of the checkpoint itself is always run again: the file cannot know what came after it.",
    "检查点自己的批次总会重新运行：文件无法知道它之后发生了什么。",
)
MISSED = Text(
    "All batches of the old grid are made up for, from the checkpoint's own to the last one that is not after `back`.",
    "从检查点自己的批次到不晚于 `back` 的最后一个，原来时刻表上的所有批次都要补上。",
)
UNFINISHED = Text(
    "Unfinished batches may be older than the checkpoint. Each is run once, also where it has two reasons.",
    "未完成的批次可能早于检查点。即使有两个理由，每个批次也只运行一次。",
)
PROGRAM = Text(
    "A StreamingContext with 1 s, socketTextStream, updateStateByKey and pprint; then start() and awaitTermination().",
    "1 秒的 StreamingContext、socketTextStream、updateStateByKey 和 pprint；然后 start() 和 awaitTermination()。",
)
EACH_BATCH = Text(
    "reduceByKey counts each batch anew: totals since the start are states, as updateStateByKey keeps them.",
    "reduceByKey 对每个批次重新计数；从启动以来的总数是状态，由 updateStateByKey 保存。",
)
FROM_ZERO = Text(
    "It counts from zero again. Let getOrCreate find the context in the checkpoint, keep totals in states, and have "
    "them saved in every batch: totals.checkpoint(1).",
    "又从零开始数了。请让 getOrCreate 从检查点找回上下文，把总数放在状态里，"
    "并让它们每个批次都保存：totals.checkpoint(1)。",
)
RECOVER = Text(
    "Define every stream and every output in the function that you give to getOrCreate, and nowhere else: the second "
    "driver has them from the checkpoint.",
    "请在交给 getOrCreate 的函数里定义所有的流和输出，别处都不要定义：第二个驱动程序从检查点得到它们。",
)


def checks(random: Random) -> Sequence[Check]:
    """Words come in bursts, and drivers die in pauses, so that each total has one right value."""
    interval = random.randrange(3, 9)
    at = interval * random.randrange(4, 9)
    soon, later = at + random.randrange(1, interval), at + interval * 3 + random.randrange(1, interval)
    words = random.sample(VOCABULARY, 4)
    bursts = [[random.choice(words), " ".join(random.sample(words, 2))] for _ in range(4)]
    starts = (1.3, 2.3, 9.3, 16.3)
    lines = [(at + n / 5, line) for at, burst in zip(starts, bursts, strict=True) for n, line in enumerate(burst)]
    first = DriverCrash(round(random.uniform(4.3, 6.4), 2), restart_after=round(random.uniform(0.5, 1.2), 1))
    second = DriverCrash(round(random.uniform(11.3, 13.4), 2), restart_after=round(random.uniform(0.5, 1.2), 1))
    seed = random.randrange(1000)

    def program(until: float, count: int, *faults: DriverCrash) -> SimulateMain:
        settings = {"network": {"localhost:9999": Replay(lines[:count])}, "faults": faults, "seed": seed}
        return SimulateMain("main", until, settings, reads=count)

    calm, once, twice = program(4.9, 4), program(10.9, 6, first), program(17.9, 8, first, second)
    return [
        Check(
            "reruns/own",
            Text("reruns: no batch was missed", "reruns：没有错过批次"),
            1,
            [returns("reruns", (at, [], soon, interval), [at], lambda _: OWN)],
            OWN,
        ),
        Check(
            "reruns/missed",
            Text("reruns: batches were missed", "reruns：错过了批次"),
            1,
            [
                returns("reruns", (at, [], back, interval), [at + interval * n for n in range(4)], lambda _: MISSED)
                for back in (later, at + interval * 3)
            ],
            MISSED,
        ),
        Check(
            "reruns/unfinished",
            Text("reruns: batches were not finished", "reruns：有未完成的批次"),
            1,
            [returns("reruns", (at, [at, at - interval], soon, interval), [at - interval, at], lambda _: UNFINISHED)],
            UNFINISHED,
        ),
        Check(
            "main/counts",
            Text("main: totals grow from batch to batch", "main：总数逐批增长"),
            2,
            [Case(calm, _totals(2.0, bursts[:1])), Case(calm, _totals(3.0, bursts[:2]))],
            PROGRAM,
        ),
        Check(
            "main/goes_on",
            Text("main: goes on after the driver has died", "main：驱动程序死亡后继续"),
            3,
            [Case(once, _totals(10.0, bursts[:3]))],
            RECOVER,
        ),
        Check(
            "main/twice",
            Text("main: and once more", "main：再来一次"),
            2,
            [Case(twice, _totals(17.0, bursts))],
            RECOVER,
        ),
    ]


def _totals(batch_s: float, bursts: Sequence[Sequence[str]]) -> Callable[[Run], Finding | None]:
    counts = [Counter(word for line in burst for word in line.split()) for burst in bursts]
    total = sum(counts, Counter())

    def hint(pairs: Sequence[tuple[Any, Any]]) -> Text:
        if len(counts) > 2 and pairs:
            return FROM_ZERO
        is_last = len(counts) > 1 and sorted(map(repr, pairs)) == sorted(map(repr, counts[-1].items()))
        return EACH_BATCH if is_last else PROGRAM

    def judge(run: Run) -> Finding | None:
        pairs = printed_pairs(run, batch_s)
        return failed_batch(run, PROGRAM) or compared(pairs, total, batch_s, hint(pairs))

    return judge


EXERCISE = Exercise(
    "ex14_driver_failure",
    Text("A program that outlives its driver", "能经受驱动程序死亡的程序"),
    ("reruns", "main"),
    checks,
)

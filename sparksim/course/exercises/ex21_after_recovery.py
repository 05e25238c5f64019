"""Exercise 21: intervals of checkpoints, what is computed again, and a broadcast variable that is made again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, returns, short
from sparksim.course.printed import compared, failed_batch, printed_pairs
from sparksim.course.probes import Diagnose, SimulateMain
from sparksim.course.texts import Text
from sparksim.sim import Constant, DriverCrash, ExecutorCrash, Replay, Run, Simulation
from sparksim.streaming import StreamingContext

VOCABULARY = ("batch", "block", "core", "driver", "job", "receiver", "stage", "task")

AT_LEAST = Text(
    "updateStateByKey: at least 10 s, and a whole number of slides, hence rounded up. A stream without states is "
    "never written: None.",
    "updateStateByKey：至少 10 秒，而且是整数个滑动间隔，所以要向上取整。没有状态的流从不写入：None。",
)
TEN_SLIDES = Text(
    "mapWithState has a rule of its own: ten slides, however long they are.",
    "mapWithState 有自己的规则：十个滑动间隔，不管间隔多长。",
)
EARLIER = Text(
    "Compare, for each block that a task has read, the batch of the block with the batch of the task. Where they "
    "differ, the block's batch was computed again; the task's own batch was not.",
    "对任务读过的每个数据块，比较数据块所属的批次与任务所属的批次。两者不同，就是数据块的批次被重新计算；"
    "任务自己的批次不算。",
)
NONE_AGAIN = Text(
    "If states were written in the very batch before the crash, no earlier block is read again: an empty list.",
    "如果崩溃前的那个批次刚好写了状态，就不会再读更早的数据块：返回空列表。",
)
STOP = Text(
    "Print pairs (word, total) of all words but the stop words: transform can filter an RDD with the broadcast "
    "value, updateStateByKey adds up.",
    "请打印除停用词外所有单词的 (word, total)：transform 可以用广播的值过滤 RDD，updateStateByKey 负责累加。",
)
LAZY = Text(
    "A broadcast variable and whatever else lies in the driver's memory die with it. Keep totals in states that are "
    "written in every batch (checkpoint(1)), define the streams in a function for getOrCreate, and let a function that "
    "runs in each batch (in transform) make the broadcast variable when this driver has none yet, in "
    'globals()["name"].',
    "广播变量和驱动程序内存里的一切都随它一起消失。请把总数放在每个批次都写入的状态里（checkpoint(1)），在交给 "
    "getOrCreate 的函数里定义流，并让一个每批次都运行的函数（在 transform 里）"
    '在当前驱动程序还没有广播变量时创建它，放在 globals()["name"] 中。',
)
ANEW = Text(
    "The second driver counted with the stop words of the first one: they were saved as part of a function. Read "
    "the files in a function that runs in each batch (in transform), when this driver has not read them yet.",
    "第二个驱动程序用的是第一个的停用词：它们作为函数的一部分被保存了下来。请在一个每批次都运行的函数（在 "
    "transform 里）中读文件，条件是当前驱动程序还没有读过。",
)


def checks(random: Random) -> Sequence[Check]:
    """Stop words and words are drawn; one word becomes a stop word while the driver is dead or about to die."""
    stop, late, often, second, third = random.sample(VOCABULARY, 5)
    bursts = [[f"{stop} {late} {often}", f"{often} {second}"], [f"{often} {late} {third} {stop}", late]]
    lines = [(at + n / 5, line) for at, burst in zip((1.3, 10.3), bursts, strict=True) for n, line in enumerate(burst)]
    crash = DriverCrash(round(random.uniform(4.3, 6.4), 2), restart_after=round(random.uniform(0.5, 1.2), 1))
    seed = random.randrange(1000)

    def program(until: float, count: int, *faults: DriverCrash) -> SimulateMain:
        settings = {
            "network": {"localhost:9999": Replay(lines[:count])},
            "files": {"sim://stop/1.txt": (0.0, f"{stop}\n"), "sim://stop/2.txt": (3.5, f"{late}\n")},
            "faults": faults,
            "seed": seed,
        }
        return SimulateMain("main", until, settings, reads=count)

    first = Counter(word for line in bursts[0] for word in line.split() if word != stop)
    more = Counter(word for line in bursts[1] for word in line.split() if word not in (stop, late))
    survival = program(12, len(lines), crash)
    slide, every = random.choice((3, 4, 6)), random.choice((4, 5))
    saved = every * random.randrange(1, 3)
    return [
        Check(
            "checkpoint_interval/state",
            Text("checkpoint_interval: updateStateByKey", "checkpoint_interval：updateStateByKey"),
            1,
            [
                returns("checkpoint_interval", ("updateStateByKey", slide), 12, lambda _: AT_LEAST),
                returns("checkpoint_interval", ("updateStateByKey", 5), 10, lambda _: AT_LEAST),
                returns("checkpoint_interval", ("updateStateByKey", 15 + slide), 15 + slide, lambda _: AT_LEAST),
                returns("checkpoint_interval", ("map", slide), None, lambda _: AT_LEAST),
            ],
            AT_LEAST,
        ),
        Check(
            "checkpoint_interval/map_with_state",
            Text("checkpoint_interval: mapWithState", "checkpoint_interval：mapWithState"),
            1,
            [
                returns("checkpoint_interval", ("mapWithState", each), 10 * each, lambda _: TEN_SLIDES)
                for each in (slide, 15 + slide)
            ],
            TEN_SLIDES,
        ),
        Check(
            "recomputed/earlier",
            Text("recomputed: batches since the last files", "recomputed：最近一次写文件之后的批次"),
            2,
            [_recomputed(every, saved, saved + since, seed, EARLIER) for since in (1, every - 1)],
            EARLIER,
        ),
        Check(
            "recomputed/none",
            Text("recomputed: nothing to compute again", "recomputed：没有什么要重新计算"),
            1,
            [_recomputed(every, saved, saved, seed, NONE_AGAIN), _recomputed(every, saved, saved + 2, seed, EARLIER)],
            NONE_AGAIN,
        ),
        Check(
            "main/counts",
            Text("main: totals without stop words", "main：不含停用词的总数"),
            1,
            [Case(program(2.9, 2), _totals(2.0, first, lambda _: True, STOP))],
            STOP,
        ),
        Check(
            "main/goes_on",
            Text("main: totals go on after the driver has died", "main：驱动程序死亡后总数继续"),
            2,
            [Case(survival, _totals(11.0, first + more, lambda word: word != late, LAZY))],
            LAZY,
        ),
        Check(
            "main/reads_anew",
            Text("main: the second driver reads the stop words anew", "main：第二个驱动程序重新读取停用词"),
            2,
            [Case(survival, _totals(11.0, first + more, lambda word: word == late, LAZY, ANEW))],
            LAZY,
        ),
    ]


def _recomputed(every: int, saved: int, last: int, seed: int, hint: Text) -> Case:
    """States are written every so many batches, at last in batch `saved`; an executor dies after batch `last`."""
    crash = ExecutorCrash("other", at=last + 0.6)
    run = Simulation(_with_states(every), network={"localhost:9999": Constant(20, "x")}, faults=[crash], seed=seed).run(
        until=last + 2.8
    )
    expected = list(range(saved + 1, last + 1))

    def judge(value: Any) -> Finding | None:
        if isinstance(value, list) and value == expected:
            return None
        return Finding(
            Text(
                f"recomputed(run) should be {expected}, and is {short(value)}; the executor died at {last + 0.6:g} s",
                f"recomputed(run) 应为 {expected}，得到 {short(value)}；执行器在 {last + 0.6:g} 秒死亡",
            ),
            hint,
        )

    return Case(Diagnose("recomputed", run), judge)


def _with_states(every: int) -> Callable[[StreamingContext], None]:
    def add(new: list[int], total: int | None) -> int:
        return sum(new) + (total or 0)

    def count(ssc: StreamingContext) -> None:
        ssc.checkpoint("sim://checkpoint")
        totals = ssc.socketTextStream("localhost", 9999).map(lambda word: (word, 1)).updateStateByKey(add)
        totals.checkpoint(every)
        totals.count().pprint()

    return count


def _totals(
    batch_s: float, totals: Mapping[str, int], counts: Callable[[str], bool], hint: Text, wrong: Text | None = None
) -> Callable[[Run], Finding | None]:
    """Judges the words that count for a check; `wrong` is the hint where they have been printed, with other totals."""

    def judge(run: Run) -> Finding | None:
        pairs = [pair for pair in printed_pairs(run, batch_s) if counts(pair[0])]
        expected = {word: total for word, total in totals.items() if counts(word)}
        return failed_batch(run, hint) or compared(pairs, expected, batch_s, wrong if wrong and pairs else hint)

    return judge


EXERCISE = Exercise(
    "ex21_after_recovery",
    Text("Make it again", "重新创建"),
    ("checkpoint_interval", "recomputed", "main"),
    checks,
)

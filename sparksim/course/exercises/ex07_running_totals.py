"""Exercise 7: totals since the program started, which the death of the driver does not change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, returns
from sparksim.course.printed import compared, failed_batch, printed_pairs
from sparksim.course.probes import Simulate
from sparksim.course.texts import Text
from sparksim.sim import DriverCrash, Replay, Run

VOCABULARY = ("batch", "block", "core", "driver", "job", "receiver", "stage", "task")
CHECKPOINT = "sim://checkpoint"

ADD = Text("The new state is the state so far plus all new counts.", "新的状态等于目前的状态加上所有新的计数。")
NEW = Text(
    "A word that is new has the state None: begin with 0, as in (total or 0).",
    "新单词的状态是 None：请从 0 开始，例如 (total or 0)。",
)
QUIET = Text(
    "The function is also called for words that did not come; return None and Spark forgets the word.",
    "没有到达的单词也会调用这个函数；如果返回 None，Spark 会忘掉该单词。",
)
STATE = Text(
    "updateStateByKey(add) keeps a state per word from batch to batch; it needs ssc.checkpoint(...), and pprint shows "
    "it.",
    "updateStateByKey(add) 在批次之间为每个单词保存状态；它需要 ssc.checkpoint(...)，并用 pprint 显示。",
)
SURVIVE = Text(
    "What lies in the driver's memory or in received lines dies with it. Keep totals in the state, and have the stream "
    "of totals saved in every batch: totals.checkpoint(1).",
    "驱动程序内存中的内容和已收到的行会随它一起消失。请把总数放在状态里，并让总数的流每个批次都保存：totals.checkpoint(1)。",
)


def checks(random: Random) -> Sequence[Check]:
    """Words come in bursts. The driver dies in a pause: no line is under way, and each total has one right value."""
    often, quiet, second, third = random.sample(VOCABULARY, 4)
    bursts = [[f"{often} {quiet} {often}", quiet], [f"{often} {second}", often], [f"{second} {third}", quiet]]
    starts = (1.3, 2.3, 10.3)
    lines = [(at + n / 5, line) for at, burst in zip(starts, bursts, strict=True) for n, line in enumerate(burst)]
    seed = random.randrange(1000)
    crash = DriverCrash(round(random.uniform(4.3, 6.8), 2), restart_after=round(random.uniform(0.5, 1.5), 1))
    calm = Simulate("running_totals", until=5, settings=_settings(lines[:4], seed), reads=4)
    survival = Simulate(
        "running_totals",
        until=13,
        settings={**_settings(lines, seed), "checkpoint": CHECKPOINT, "faults": [crash]},
        reads=len(lines),
    )
    one, two, total = (random.randrange(2, 9) for _ in range(3))
    return [
        Check(
            "add/adds",
            Text("add: adds the new counts to the total", "add：把新的计数加到总数上"),
            2,
            [
                returns("add", ([one], total), one + total, lambda _: ADD),
                returns("add", ([one, two, 1], total), one + two + 1 + total, lambda _: ADD),
            ],
            ADD,
        ),
        Check(
            "add/new",
            Text("add: a word that is new", "add：新单词"),
            1,
            [returns("add", ([one, two], None), one + two, lambda _: NEW)],
            NEW,
        ),
        Check(
            "add/quiet",
            Text("add: a word that did not come keeps its total", "add：没有到达的单词保持总数"),
            1,
            [returns("add", ([], total), total, lambda _: QUIET)],
            QUIET,
        ),
        Check(
            "running_totals/grow",
            Text("running_totals: totals grow from batch to batch", "running_totals：总数逐批增长"),
            2,
            [Case(calm, _totals(2.0, bursts[:1], STATE)), Case(calm, _totals(3.0, bursts[:2], STATE))],
            STATE,
        ),
        Check(
            "running_totals/survive",
            Text("running_totals: totals survive the death of the driver", "running_totals：驱动程序死亡后总数仍在"),
            4,
            [Case(survival, _totals(11.0, bursts, SURVIVE))],
            SURVIVE,
        ),
    ]


def _settings(lines: Sequence[tuple[float, str]], seed: int) -> dict[str, Any]:
    return {"network": {"localhost:9999": Replay(lines)}, "seed": seed}


def _totals(batch_s: float, bursts: Sequence[Sequence[str]], hint: Text) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        expected = Counter(word for burst in bursts for line in burst for word in line.split())
        pairs = printed_pairs(run, batch_s)
        return failed_batch(run, hint) or compared(pairs, expected, batch_s, hint)

    return judge


EXERCISE = Exercise(
    "ex07_running_totals",
    Text("Running totals that survive", "能够存活的累计总数"),
    ("add", "running_totals"),
    checks,
)

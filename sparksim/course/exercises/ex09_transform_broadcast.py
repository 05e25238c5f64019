"""Exercise 9: lists that are joined, lists that change, and lists that outlive the driver."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding
from sparksim.course.printed import failed_batch, printed_pairs, prints
from sparksim.course.probes import Simulate
from sparksim.course.texts import Text
from sparksim.sim import DriverCrash, Replay, Run

WORDS = ("batch", "block", "core", "driver", "job", "stage", "task", "window")
LISTED = ("$", "?", "!")
FOLDER = "sim://blacklist"
CHECKPOINT = "sim://checkpoint"

KEEP = Text(
    "leftOuterJoin with pairs (word, True) gives (word, (1, True or None)): keep those with None, and of their values "
    "the 1; then reduceByKey.",
    "与 (word, True) 做 leftOuterJoin 得到 (word, (1, True 或 None))：留下为 None 的，"
    "并从值中取出 1；然后 reduceByKey。",
)
DROP = Text(
    "Words of the list are still there: after an outer join they have to be filtered away, and a full outer join even "
    "adds those that did not come.",
    "名单上的单词还在：外连接之后必须把它们过滤掉，而全外连接甚至会加进没有到来的单词。",
)
FOLLOW = Text(
    "pairs(ssc).transform(f): f gets the RDD of a batch and returns the RDD without the listed words.",
    "pairs(ssc).transform(f)：f 得到一个批次的 RDD，返回去掉名单上单词的 RDD。",
)
NEWEST = Text(
    "What stands outside of the function that transform gets runs once, when the program starts: call listed_now() "
    "inside of it, and keep no list from an earlier batch.",
    "transform 的函数之外的代码只在程序启动时运行一次：请在函数里面调用 listed_now()，不要保留之前批次的名单。",
)
AGAIN = Text(
    "The list changes more than once: ask for it in every batch, not only until it is there.",
    "名单不止变化一次：请在每个批次都去取，而不是取到为止。",
)
START = Text(
    "A broadcast variable made where streams are defined gets into the checkpoint as a number without a value, and the "
    "program cannot start again: make it inside of the function that transform gets, with rdd.context.broadcast(...).",
    "在定义流的地方创建的广播变量，进入检查点时只是一个没有值的编号，程序无法重新启动：请在 transform 的函数里面用 "
    "rdd.context.broadcast(...) 创建。",
)
AFTERWARDS = Text(
    "A recovered program does not define its streams again: what was read there is in the checkpoint, as old as it "
    "was. Call listed_now() inside of the function that transform gets.",
    "恢复的程序不会重新定义流：在那里读到的内容在检查点中，还是当时的旧内容。"
    "请在 transform 的函数里面调用 listed_now()。",
)


def checks(random: Random) -> Sequence[Check]:
    """In each batch all words come; what differs is which of them are listed by then."""
    return [*_without_listed(random), *_with_newest_list(random), *_with_broadcast_list(random)]


def _without_listed(random: Random) -> list[Check]:
    one, two, three = random.sample(WORDS, 3)
    lines = [f"{one} $ {two}", f"$ {one} {random.choice(LISTED)}"], [f"{three} {random.choice(LISTED)}"]
    arrivals = [(at + n / 5, line) for at, batch in zip((1.3, 2.3), lines, strict=True) for n, line in enumerate(batch)]
    settings = {"network": {"localhost:9999": Replay(arrivals)}, "seed": random.randrange(1000)}
    run = Simulate("without_listed", until=4, settings=settings, reads=len(arrivals))
    return [
        Check(
            "without_listed/kept",
            Text("without_listed: all other words, with their numbers", "without_listed：其他所有单词及次数"),
            2,
            [
                Case(run, prints(2.0, {one: 2, two: 1}, KEEP, (*WORDS,))),
                Case(run, prints(3.0, {three: 1}, KEEP, (*WORDS,))),
            ],
            FOLLOW,
        ),
        Check(
            "without_listed/dropped",
            Text("without_listed: no word of the list", "without_listed：没有名单上的单词"),
            1,
            [Case(run, _nothing_of(LISTED, (2.0, 3.0)))],
            FOLLOW,
        ),
    ]


def _with_newest_list(random: Random) -> list[Check]:
    spam, second, third, free = random.sample(WORDS, 4)
    line = " ".join(random.sample([spam, second, third, free, free], 5))
    arrivals = [(at + 0.3, line) for at in range(1, 6)]
    settings = {
        "network": {"localhost:9999": Replay(arrivals)},
        "files": _files({spam: 0.0, second: round(random.uniform(2.5, 2.8), 2), third: 4.6}),
        "seed": random.randrange(1000),
    }
    run = Simulate("with_newest_list", until=7, settings=settings, reads=len(arrivals))
    return [
        Check(
            "with_newest_list/first",
            Text("with_newest_list: by the list at the start", "with_newest_list：按最初的名单"),
            1,
            [Case(run, prints(2.0, {second: 1, third: 1, free: 2}, FOLLOW))],
            FOLLOW,
        ),
        Check(
            "with_newest_list/changed",
            Text("with_newest_list: by the list after a change", "with_newest_list：按变化之后的名单"),
            2,
            [Case(run, prints(at, {third: 1, free: 2}, NEWEST)) for at in (3.0, 4.0)],
            FOLLOW,
        ),
        Check(
            "with_newest_list/again",
            Text("with_newest_list: by the list after another change", "with_newest_list：按再次变化之后的名单"),
            1,
            [Case(run, prints(at, {free: 2}, AGAIN)) for at in (5.0, 6.0)],
            FOLLOW,
        ),
    ]


def _with_broadcast_list(random: Random) -> list[Check]:
    spam, added, free = random.sample(WORDS, 3)
    line = " ".join(random.sample([spam, added, free], 3))
    arrivals = [(1.3, line), (2.3, line), (9.3, line)]
    died = round(random.uniform(4.2, 5.4), 2)
    settings = {
        "network": {"localhost:9999": Replay(arrivals)},
        "files": _files({spam: 0.0, added: round(died + 0.4, 2)}),
        "faults": [DriverCrash(died, restart_after=1.2)],
        "checkpoint": CHECKPOINT,
        "seed": random.randrange(1000),
    }
    run = Simulate("with_broadcast_list", until=11, settings=settings, reads=len(arrivals))
    return [
        Check(
            "with_broadcast_list/goes_on",
            Text(
                "with_broadcast_list: goes on after the driver's death", "with_broadcast_list：驱动程序死亡后继续工作"
            ),
            2,
            [
                Case(run, prints(2.0, {added: 1, free: 1}, FOLLOW)),
                Case(run, prints(10.0, {free: 1}, START, (free,))),
            ],
            START,
        ),
        Check(
            "with_broadcast_list/newest",
            Text("with_broadcast_list: with the list of that time", "with_broadcast_list：使用那时的名单"),
            1,
            [Case(run, prints(10.0, {free: 1}, AFTERWARDS))],
            START,
        ),
    ]


def _files(listed: dict[str, float]) -> dict[str, Any]:
    return {f"{FOLDER}/{word}": (at, "") for word, at in listed.items()}


def _nothing_of(words: Sequence[str], batches_s: Sequence[float]) -> Callable[[Run], Finding | None]:
    """Judges that these batches print something, and nothing of these words."""

    def judge(run: Run) -> Finding | None:
        for batch_s in batches_s:
            said = Counter(str(word) for word, _ in printed_pairs(run, batch_s))
            found = [word for word in words if said[word]]
            if found or not said:
                came = ", ".join(found) or "nothing at all"
                return Finding(
                    Text(
                        f"the batch of second {batch_s:g} should print words, none of {words}, and printed {came}",
                        f"第 {batch_s:g} 秒的批次应打印单词，但不含 {words}，实际打印 {', '.join(found) or '空'}",
                    ),
                    DROP if found else FOLLOW,
                )
        return failed_batch(run, FOLLOW)

    return judge


EXERCISE = Exercise(
    "ex09_transform_broadcast",
    Text("Blacklists", "黑名单"),
    ("without_listed", "with_newest_list", "with_broadcast_list"),
    checks,
)

"""Exercise 13: which executors died, what went with them, and how many copies would have been enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from sparksim.core.storage_level import StorageLevel
from sparksim.course.exercise import Case, Check, Exercise, Finding, Judge, finds, short
from sparksim.course.probes import Call
from sparksim.course.texts import Text
from sparksim.sim import Cluster, Constant, ExecutorCrash, Run, Simulation
from sparksim.streaming.context import StreamingContext

EXECUTORS = 4
SEEDS = 3
AT_ONCE = 3
ONE_COPY, TWO_COPIES = StorageLevel.MEMORY_AND_DISK, StorageLevel.MEMORY_AND_DISK_2
LOST, FAILED = "its block was lost", "batch "
"""How the delivery report's reasons begin."""

GONE = Text(
    "An executor that was lost has a removed_ms; divide it by 1000 for the seconds.",
    "失去的执行器有 removed_ms；除以 1000 得到秒数。",
)
ORDER = Text(
    "The table of executors is in the order in which they came. Sort by the time of their end; nobody died, no pair.",
    "执行器表按它们加入的顺序排列。请按结束时间排序；没有死亡就没有元素。",
)
NEEDED = Text(
    'A block whose batch is done has the fate "processed": nobody needs it any more, and it is not lost.',
    '批次已完成的数据块，其 fate 是 "processed"：没有人再需要它，不算丢失。',
)
COPIES = Text(
    "A block is there as long as one of its holders lives: look at all of block.holders, and not at the executor that "
    "received it.",
    "只要有一个持有者还活着，数据块就在：请看 block.holders 中的全部，而不是收到它的那个执行器。",
)
IN_FAILED = Text(
    "A block that is gone counts whatever became of its batch: also where a batch failed because of it.",
    "没有了的数据块都算，不管它的批次结果如何：即使批次正是因它而失败。",
)
SILENT = Text(
    "Silently lost are the records of the blocks that lost_blocks finds, where their batch did not fail.",
    "无声丢失的，是 lost_blocks 找到的、所属批次没有失败的数据块中的记录。",
)
WHOLE = Text(
    "A batch fails as a whole: its blocks that are still there were not processed either. Nobody runs it again.",
    "批次整体失败：其中仍然存在的数据块也没有被处理，而且没有人会重新运行它。",
)
ENOUGH = Text(
    "To outlive n deaths at once a block needs n + 1 copies. PySpark's levels end in _2 and _3 for two and three; "
    "dir(StorageLevel) lists those that there are.",
    "要经受同时 n 次死亡，数据块需要 n + 1 份副本。PySpark 的级别以 _2 和 _3 结尾表示两份和三份；"
    "dir(StorageLevel) 列出现有的级别。",
)
NO_MORE = Text(
    "Every copy costs memory and network: with no deaths to outlive one is enough.",
    "每份副本都要占用内存和网络：不需要经受死亡时，一份就够。",
)


def checks(random: Random) -> Sequence[Check]:
    """Executors die before a batch, within one, at once, and not at all."""

    def story(level: StorageLevel, *faults: ExecutorCrash, at: float, executors: int = EXECUTORS) -> Run:
        seed, rate = random.randrange(1000), random.randrange(30, 60)
        return _simulated(level, faults, seed, rate, executors).run(until=at + 3.5)

    before, within = (round(random.choice((4, 6)) + random.uniform(*part), 2) for part in ((-0.9, -0.5), (0.05, 0.07)))
    calm = story(TWO_COPIES, at=4.0, executors=3)
    survived = story(TWO_COPIES, ExecutorCrash("receiver", before), at=before)
    first, second = random.sample(("2", "3", "4"), 2)
    later = [ExecutorCrash(each, before + at) for each, at in ((first, 0.0), (second, 0.6), ("1", 1.2))]
    in_turn = story(TWO_COPIES, *later, at=before)
    silent = story(ONE_COPY, ExecutorCrash("receiver", before), at=before)
    failing = story(ONE_COPY, ExecutorCrash("receiver", within), at=within)
    both = [ExecutorCrash(each, within) for each in ("receiver", "other")]
    at_once = story(TWO_COPIES, *both, at=within, executors=3)
    when = round(random.uniform(5.0, 5.8), 2)
    return [
        Check(
            "deaths/who",
            Text("deaths: who, and in which second", "deaths：是谁，在第几秒"),
            1,
            [_is("deaths", each, _deaths(each), GONE) for each in (survived, failing)],
            GONE,
        ),
        Check(
            "deaths/order",
            Text("deaths: several in order of time, or none", "deaths：多个时按时间排序，或没有"),
            1,
            [_is("deaths", each, _deaths(each), ORDER) for each in (in_turn, calm)],
            ORDER,
        ),
        Check(
            "lost_blocks/needed",
            Text("lost_blocks: blocks with one copy that still waited", "lost_blocks：仍在等待、只有一份副本的数据块"),
            1,
            [_is_lost(silent)],
            NEEDED,
        ),
        Check(
            "lost_blocks/copies",
            Text("lost_blocks: no copy is left of them", "lost_blocks：一份副本也没有剩下"),
            1,
            [_is_lost(each) for each in (survived, at_once)],
            COPIES,
        ),
        Check(
            "lost_blocks/failed",
            Text("lost_blocks: blocks of a batch that failed", "lost_blocks：失败批次的数据块"),
            1,
            [_is_lost(failing)],
            IN_FAILED,
        ),
        Check(
            "lost_records/silently",
            Text("lost_records: without an error", "lost_records：没有报错"),
            1,
            [_is("lost_records", each, _lost_records(each), SILENT) for each in (silent, survived)],
            SILENT,
        ),
        Check(
            "lost_records/failed",
            Text("lost_records: with a batch that failed", "lost_records：随失败的批次"),
            2,
            [_is("lost_records", each, _lost_records(each), WHOLE) for each in (failing, at_once)],
            WHOLE,
        ),
        Check(
            "storage_level/enough",
            Text("storage_level: no stored block is lost", "storage_level：不丢失已存储的数据块"),
            1,
            [Case(Call("storage_level", (count,)), _enough(count, when)) for count in range(AT_ONCE)],
            ENOUGH,
        ),
        Check(
            "storage_level/no_more",
            Text("storage_level: no more copies than needed", "storage_level：副本不多于所需"),
            1,
            [Case(Call("storage_level", (count,)), _no_more(count)) for count in range(AT_ONCE)],
            NO_MORE,
        ),
    ]


def _count(ssc: StreamingContext) -> None:
    lines = ssc.socketTextStream("localhost", 9999)
    lines.map(lambda line: (line, 1)).reduceByKey(lambda a, b: a + b).pprint()


def _simulated(
    level: StorageLevel, faults: Sequence[ExecutorCrash], seed: int, rate: float = 40, executors: int = EXECUTORS
) -> Simulation:
    return Simulation(
        _count,
        network={"localhost:9999": Constant(rate, "line")},
        batch=2.0,
        cluster=Cluster(executors, 2),
        faults=faults,
        seed=seed,
        storage_level=level,
    )


def _deaths(run: Run) -> list[tuple[str, float]]:
    gone = sorted((row.removed_ms, row.executor_id) for row in run.executors if row.removed_ms is not None)
    return [(executor, time_ms / 1000) for time_ms, executor in gone]


def _lost_blocks(run: Run) -> list[str]:
    dead = {executor for executor, _ in _deaths(run)}
    needed = [block for block in run.blocks if block.holders and block.fate != "processed"]
    return sorted(block.block_id for block in needed if dead.issuperset(block.holders))


def _lost_records(run: Run) -> dict[str, int]:
    reasons = [record.reason for record in run.delivery.records]
    ways = {"failed": FAILED, "silently": LOST}
    return {way: sum(reason.startswith(start) for reason in reasons) for way, start in ways.items()}


def _is(function: str, run: Run, expected: Any, hint: Text | Callable[[Any], Text]) -> Case:
    """The diagnosis of a run, with times to the millisecond."""
    hints = hint if callable(hint) else lambda _: hint
    return finds(function, run, expected, hints, lambda value: bool(_rounded(value) == _rounded(expected)))


def _is_lost(run: Run) -> Case:
    expected = _lost_blocks(run)

    def hint(value: Any) -> Text:
        told = set(value) if isinstance(value, (list, tuple)) else set()
        if told & set(run.blocks.where(fate="processed").column("block_id")):
            return NEEDED
        return COPIES if told > set(expected) else IN_FAILED if told < set(expected) else NEEDED

    return _is("lost_blocks", run, expected, hint)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    return [_rounded(each) for each in value] if isinstance(value, (list, tuple)) else value


def _level(name: Any) -> StorageLevel | None:
    level = getattr(StorageLevel, name, None) if isinstance(name, str) else None
    return level if isinstance(level, StorageLevel) and level != StorageLevel.NONE else None


def _checked(judge: Callable[[StorageLevel, str], Finding | None]) -> Judge:
    """A judge of a level, where it is one."""

    def check(name: Any) -> Finding | None:
        level = _level(name)
        if level is None:
            return Finding(
                Text(
                    f"StorageLevel has no level {short(name)} that stores blocks",
                    f"StorageLevel 中没有能存储数据块的级别 {short(name)}",
                ),
                ENOUGH,
            )
        return judge(level, name)

    return check


def _enough(count: int, when: float) -> Judge:
    def judge(level: StorageLevel, name: str) -> Finding | None:
        victims = ("receiver", "other", "random")[:count]
        for seed in range(SEEDS):
            faults = [ExecutorCrash(victim, when) for victim in victims]
            lost = _lost_blocks(_simulated(level, faults, seed).run(until=when + 1.0))
            if lost:
                return Finding(
                    Text(
                        f"with {name}, {len(lost)} stored blocks were lost when {count} of {EXECUTORS} executors died "
                        f"at {when:g} s",
                        f"使用 {name} 时，{EXECUTORS} 个执行器中的 {count} 个在 {when:g} 秒死亡，"
                        f"丢失了 {len(lost)} 个已存储的数据块",
                    ),
                    ENOUGH,
                )
        return None

    return _checked(judge)


def _no_more(count: int) -> Judge:
    def judge(level: StorageLevel, name: str) -> Finding | None:
        if level.replication <= count + 1:
            return None
        return Finding(
            Text(
                f"{name} makes {level.replication} copies, where {count + 1} outlive {count} deaths",
                f"{name} 存 {level.replication} 份副本，而 {count + 1} 份就能经受 {count} 次死亡",
            ),
            NO_MORE,
        )

    return _checked(judge)


EXERCISE = Exercise(
    "ex13_executor_failure",
    Text("What went with the executors", "随执行器一起消失的是什么"),
    ("deaths", "lost_blocks", "lost_records", "storage_level"),
    checks,
)

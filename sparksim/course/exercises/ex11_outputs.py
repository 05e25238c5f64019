"""Exercise 11: connections counted, a batch printed, saved from its tasks, and saved so that twice is like once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from sparksim.core.storage_level import StorageLevel
from sparksim.course.exercise import Case, Check, Exercise, Finding, returns, short
from sparksim.course.printed import compared_in_order, failed_batch, not_printed, printed_pairs
from sparksim.course.probes import Simulate
from sparksim.course.texts import Text
from sparksim.sim import AtBatch, DriverCrash, Replay, Run, TaskFailure
from sparksim.sim.sink_tables import SinkTable
from sparksim.trace.events import SinkWritten

WORDS = ("batch", "block", "core", "driver", "job", "receiver", "stage", "task")
CHECKPOINT = "sim://checkpoint"
PER_BLOCK = 100
"""So many orders that a block takes a tenth of a second to write, and a failing task is in the midst of it."""

COUNT = Text(
    "A connection belongs to what opened it: each record, or each partition, of each batch.",
    "连接属于打开它的一方：每个批次的每条记录，或每个批次的每个分区。",
)
POOL = Text(
    "A pool outlives tasks and batches: it opens its connections once, as many as tasks run at once.",
    "连接池比任务和批次活得久：它只打开一次连接，数量等于同时运行的任务数。",
)
TOP = Text(
    "In foreachRDD, rdd.takeOrdered(2, key=lambda pair: (-pair[1], pair[0])) gives the two pairs to print.",
    "在 foreachRDD 中，rdd.takeOrdered(2, key=lambda pair: (-pair[1], pair[0])) 给出要打印的两对。",
)
EMPTY = Text(
    "pprint prints a head line for each batch, and foreachRDD calls your function for empty batches too: print pairs "
    "and nothing else.",
    "pprint 为每个批次打印标题行，foreachRDD 对空批次也会调用你的函数：请只打印键值对，不打印别的。",
)
ORDERS = Text(
    "rdd.foreachPartition(save) in foreachRDD; save(orders) writes each order with table.insert(order, 'paid').",
    "在 foreachRDD 中调用 rdd.foreachPartition(save)；save(orders) 用 table.insert(order, 'paid') 写每个订单。",
)
ON_THE_DRIVER = Text(
    "collect() brings all rows to the driver, which writes alone: let each task write its partition, with "
    "foreachPartition.",
    "collect() 把所有行带到驱动程序，由它独自写入：请用 foreachPartition 让每个任务写自己的分区。",
)
TRANSACTION = Text(
    "What a task has written before it fails is written: put a whole partition into one `with table.transaction():`.",
    "任务失败前写入的内容不会消失：请把整个分区放进 `with table.transaction():` 之内。",
)
COUNTS = Text(
    "reduceByKey counts the batch; foreachRDD(save) with save(time, rdd) gives the time for the key (batch_ms, word).",
    "reduceByKey 统计该批次；foreachRDD(save) 中的 save(time, rdd) 提供键 (batch_ms, word) 所需的时间。",
)
KEY = Text(
    "The key is (milliseconds(time), word): with the word alone a later batch replaces the row, and a clock or a "
    "random number gives another key in every attempt.",
    "键是 (milliseconds(time), word)：只用单词时，后面的批次会覆盖这一行；用时钟或随机数则每次尝试的键都不同。",
)
AGAIN = Text(
    "The batch ran again after it had been saved. insert adds the rows a second time, in a transaction too; upsert "
    "writes the row of the same key once more.",
    "批次在保存之后又运行了一次。insert 会把行再加一遍，放在事务里也一样；upsert 则是再写一次同一键的行。",
)


def checks(random: Random) -> Sequence[Check]:
    """Inputs are drawn so that one mistake fails one check."""
    return [*_of_connections(random), *_of_top_words(random), *_of_save_orders(random), *_of_save_counts(random)]


def _of_connections(random: Random) -> list[Check]:
    batches, cores, partitions, records = *random.sample(range(2, 6), 2), random.randrange(6, 9), 40
    rest = (batches, partitions, records, cores)
    return [
        Check(
            "connections/each",
            Text("connections: per record and per partition", "connections：每条记录和每个分区"),
            1,
            [
                returns("connections", ("record", *rest), batches * records, lambda _: COUNT),
                returns("connections", ("partition", *rest), batches * partitions, lambda _: COUNT),
            ],
            COUNT,
        ),
        Check(
            "connections/pool",
            Text("connections: a pool", "connections：连接池"),
            1,
            [returns("connections", ("pool", *rest), cores, lambda _: POOL)],
            POOL,
        ),
    ]


def _of_top_words(random: Random) -> list[Check]:
    """The batch of second 3 is empty. In the first batch two words are equally frequent, in the other there is one."""
    one, two, three = random.sample(WORDS, 3)
    lines = [(1.3, f"{three} {one} {two}"), (1.5, f"{one} {two} {one}"), (3.4, f"{three} {three}")]
    program = Simulate("top_words", until=5, settings=_network(lines, random), reads=len(lines))
    first = sorted([(one, 3), (two, 2)], key=_by_number)
    return [
        Check(
            "top_words/top",
            Text("top_words: the two most frequent words, in order", "top_words：按顺序的两个最多的单词"),
            1,
            [Case(program, _prints(2, first)), Case(program, _prints(4, [(three, 2)]))],
            TOP,
        ),
        Check(
            "top_words/empty",
            Text("top_words: nothing for a batch without words", "top_words：没有单词的批次不打印"),
            1,
            [Case(program, _prints_only_pairs)],
            TOP,
        ),
    ]


def _by_number(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]


def _network(lines: Sequence[tuple[float, str]], random: Random) -> dict[str, Any]:
    return {"network": {"localhost:9999": Replay(lines)}, "seed": random.randrange(1000)}


def _prints(second: int, wanted: Sequence[tuple[str, int]]) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        return failed_batch(run, TOP) or compared_in_order(printed_pairs(run, second), wanted, second, TOP)

    return judge


def _differs(english: str, chinese: str, wanted: Any, came: Any, hint: Text) -> Finding:
    return Finding(
        Text(f"{english} {short(wanted)}, and it is {short(came)}", f"{chinese} {short(wanted)}，实际是 {short(came)}"),
        hint,
    )


def _prints_only_pairs(run: Run) -> Finding | None:
    printed = run.output[3.0].strip()
    pairs = printed_pairs(run, 2)
    if pairs and not printed:
        return None
    if not pairs:
        return not_printed([("word", "n")], pairs, 2, TOP)
    return _differs("the batch of second 3 should print", "第 3 秒的批次应打印", "", printed, EMPTY)


def _of_save_orders(random: Random) -> list[Check]:
    """All orders are in the batch of second 2, in three blocks; of two failures one falls into the writing."""
    first = random.randrange(1000, 9000)
    orders = [f"order-{first + number}" for number in range(3 * PER_BLOCK)]
    settings = _network([(1.201 + 0.2 * at / PER_BLOCK, order) for at, order in enumerate(orders)], random)
    calm = Simulate("save_orders", until=6, settings=settings, reads=len(orders))
    failures = [TaskFailure(2.1), TaskFailure(2.17)]
    failing = Simulate("save_orders", until=6, settings={**settings, "faults": failures}, reads=len(orders))
    return [
        Check(
            "save_orders/rows",
            Text("save_orders: a row per order", "save_orders：每个订单一行"),
            1,
            [Case(calm, lambda run: _has_rows(run, orders, ORDERS))],
            ORDERS,
        ),
        Check(
            "save_orders/partition",
            Text("save_orders: a transaction per partition", "save_orders：每个分区一个事务"),
            1,
            [Case(calm, _commits_by_partition)],
            ORDERS,
        ),
        Check(
            "save_orders/failure",
            Text("save_orders: tasks that fail leave nothing behind", "save_orders：失败的任务不留下任何东西"),
            1,
            [Case(failing, lambda run: _has_rows(run, orders, TRANSACTION))],
            TRANSACTION,
        ),
    ]


def _table(run: Run, name: str) -> SinkTable:
    """What the sink held at the end: nothing, if nobody used it."""
    return run.sinks.get(name, SinkTable(name))


def _has_rows(run: Run, orders: Sequence[str], hint: Text) -> Finding | None:
    rows = _table(run, "orders").rows
    if sorted(rows.column("key"), key=repr) == sorted(orders) and set(rows.column("value")) == {"paid"}:
        return failed_batch(run, hint)
    wanted, came = f"{len(orders)} rows", f"{len(rows)} rows"
    if some := [(row.key, row.value) for row in rows[:2]]:
        came += f", such as {some}"
    return failed_batch(run, hint) or _differs(
        "the sink 'orders' should hold", "名为 'orders' 的 sink 应有", wanted, came, hint
    )


def _commits_by_partition(run: Run) -> Finding | None:
    commits = len(run.trace.of(SinkWritten))
    partitions = sum(batch.blocks for batch in run.batches)
    if commits == partitions:
        return None
    return _differs(
        f"{partitions} partitions should commit as many times;",
        f"{partitions} 个分区应提交同样多次；",
        partitions,
        commits,
        ON_THE_DRIVER if commits < partitions else TRANSACTION,
    )


def _of_save_counts(random: Random) -> list[Check]:
    """One word comes in two batches. The driver dies after the first has been saved; its lines are in a log."""
    one, two, three = random.sample(WORDS, 3)
    lines = [(1.3, f"{one} {two} {one}"), (1.5, f"{three} {two} {one}"), (8.4, f"{one} {three}")]
    calm = Simulate("save_counts", until=10, settings=_network(lines, random), reads=len(lines))
    settings = {
        **_network(lines, random),
        "checkpoint": CHECKPOINT,
        "storage_level": StorageLevel.MEMORY_AND_DISK,
        "conf": {"spark.streaming.receiver.writeAheadLog.enable": True},
        "faults": [DriverCrash(AtBatch(2, "completed"), restart_after=round(random.uniform(0.5, 1.5), 1))],
    }
    crash = Simulate("save_counts", until=10, settings=settings, reads=len(lines))
    wanted = Counter(
        {
            (round(1000 * (int(at_s) + 1)), word): line.split().count(word)
            for at_s, line in [(1.3, f"{lines[0][1]} {lines[1][1]}"), lines[2]]
            for word in line.split()
        }
    )
    return [
        Check(
            "save_counts/rows",
            Text("save_counts: the counts of each batch", "save_counts：每个批次的计数"),
            1,
            [Case(calm, lambda run: _has_counts(run, wanted, KEY))],
            COUNTS,
        ),
        Check(
            "save_counts/again",
            Text("save_counts: a batch that runs again does no harm", "save_counts：再次运行的批次不造成损害"),
            2,
            [Case(crash, lambda run: _has_counts(run, wanted, AGAIN))],
            AGAIN,
        ),
    ]


def _has_counts(run: Run, wanted: Counter[tuple[int, str]], hint: Text) -> Finding | None:
    rows = sorted(((row.key, row.value) for row in _table(run, "counts").rows), key=repr)
    if rows == sorted(wanted.items(), key=repr):
        return failed_batch(run, hint)
    return failed_batch(run, hint) or _differs(
        "the sink 'counts' should hold", "名为 'counts' 的 sink 应有", sorted(wanted.items(), key=repr), rows, hint
    )


EXERCISE = Exercise(
    "ex11_outputs",
    Text("Save each batch, and save it once", "保存每个批次，而且只保存一次"),
    ("connections", "top_words", "save_orders", "save_counts"),
    checks,
)

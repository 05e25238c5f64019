"""Exercise 19: what a run guarantees, rows that may be written again, and totals that must not be added again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, finds, short
from sparksim.course.probes import Simulate
from sparksim.course.texts import Text
from sparksim.sim import (
    Burst,
    CostModel,
    DriverCrash,
    KafkaCluster,
    Load,
    Producer,
    Replay,
    Run,
    Simulation,
    Topic,
    When,
    sink,
)
from sparksim.streaming.context import StreamingContext
from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies
from sparksim.trace.events import Event, OffsetsCommitted, SinkWritten

ARTICLES = ("apple", "pear", "plum", "fig", "lemon", "melon", "quince", "peach")
BROKERS = "localhost:9092"
EXACTLY, AT_LEAST, AT_MOST = "exactly once", "at least once", "at most once"
SLOW = CostModel(record_ms=200)
"""Batches take twice their interval."""

BY_ROWS = Text(
    "A message that was processed n times may stand in one row, when it was upserted: look at the column rows.",
    "处理过 n 次的消息如果是更新插入，仍可能只有一行：请看 rows 一列。",
)
DOUBLED = Text("Some messages stand in more than one row.", "有些消息占了不止一行。")
MISSING = Text(
    "Some messages that were not on their way any more stand in no row.",
    "有些已不在途中的消息一行也没有。",
)
ON_ITS_WAY = Text(
    "Leave out the messages whose outcome is pending: their rows are still to come.",
    "请排除 outcome 为 pending 的消息：它们的行还没来得及写。",
)
ROWS = Text(
    "In foreachRDD: rdd.foreach with upsert, and then commitAsync(rdd.offsetRanges()) of the stream.",
    "在 foreachRDD 中：先用 rdd.foreach 做 upsert，然后调用流的 commitAsync(rdd.offsetRanges())。",
)
IDEMPOTENT = Text(
    "What comes again is inserted again; an upsert writes the same row again.",
    "再次到来的消息会再插入一行；upsert 则重写同一行。",
)
AFTER = Text(
    "The offsets must not run ahead of the rows: commit after the output, and nothing by itself.",
    "偏移量不可以跑在行的前面：在输出之后提交，也不要自动提交。",
)
COMMIT = Text(
    "The group's offsets should be in Kafka: stream.commitAsync(ranges), where stream is what createDirectStream gave.",
    "消费组的偏移量应在 Kafka 中：stream.commitAsync(ranges)，其中 stream 是 createDirectStream 的结果。",
)
TOTALS = Text(
    "Count with reduceByKey and collect, then add each article; table.get knows the totals of earlier batches.",
    "先用 reduceByKey 和 collect 统计，再对每种商品调用 add；table.get 知道先前批次的总数。",
)
TOGETHER = Text(
    "Totals and offsets belong in one transaction, with table.transaction(): add, keep; and the stream begins at "
    "table.offsets().",
    "总数和偏移量应在同一个事务中，with table.transaction()：先 add 再 keep；而流从 table.offsets() 开始。",
)


def checks(random: Random) -> Sequence[Check]:
    """The driver dies while the first batch is written, which takes long, and right behind each kind of transaction."""
    runs = _runs(random)
    return [
        Check(
            "verdict/exactly",
            Text("verdict: written again, and still one row", "verdict：重写之后仍只有一行"),
            1,
            [finds("verdict", runs[EXACTLY], EXACTLY, _hint(BY_ROWS))],
            BY_ROWS,
        ),
        Check(
            "verdict/at_least",
            Text("verdict: doubled rows", "verdict：重复的行"),
            1,
            [finds("verdict", runs[AT_LEAST], AT_LEAST, _hint(DOUBLED))],
            DOUBLED,
        ),
        Check(
            "verdict/at_most",
            Text("verdict: missing rows", "verdict：缺少的行"),
            1,
            [finds("verdict", runs[AT_MOST], AT_MOST, _hint(MISSING))],
            MISSING,
        ),
        *_rows_checks(random),
        *_totals_checks(random),
    ]


def _crash(random: Random) -> DriverCrash:
    """In the midst of the first batch, after the second was made."""
    return DriverCrash(round(random.uniform(2.2, 2.7), 2), restart_after=1)


def _kafka(load: Load) -> dict[str, Any]:
    producer = Producer("orders", load, partitioner="round-robin", acks="all", name="shop")
    return {BROKERS: KafkaCluster([Topic("orders", partitions=2)], [producer])}


def _runs(random: Random) -> dict[str, Run]:
    """A run for each verdict: upserts and inserts with offsets behind them, upserts with offsets that run ahead."""
    seed, early = random.randrange(1000), _crash(random)
    late = DriverCrash(round(random.uniform(3.4, 3.9), 2), restart_after=1)  # the first batch is written, not committed
    load = Burst(rate=20, at=0, duration=2, base=4)

    def run(operation: str, auto: bool) -> Run:
        def save(ssc: StreamingContext) -> None:
            settings = {
                "bootstrap.servers": BROKERS,
                "group.id": "shop",
                "key.deserializer": "StringDeserializer",
                "value.deserializer": "StringDeserializer",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": auto,
                "auto.commit.interval.ms": "500",
                "session.timeout.ms": "6000",
            }
            strategy = ConsumerStrategies.Subscribe(["orders"], settings)
            stream = KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)
            table = sink("rows")
            write = table.upsert if operation == "upsert" else table.insert

            def save_batch(rdd: Any) -> None:
                rdd.foreach(lambda record: write(f"{record.partition}:{record.offset}", record.value, record))
                if not auto:
                    stream.commitAsync(rdd.offsetRanges())

            stream.foreachRDD(save_batch)

        simulation = Simulation(save, network=_kafka(load), faults=[early if auto else late], cost=SLOW, seed=seed)
        return simulation.run(until=22.4)

    return {EXACTLY: run("upsert", False), AT_LEAST: run("insert", False), AT_MOST: run("upsert", True)}


def _rows_checks(random: Random) -> list[Check]:
    values = [f"order {number}" for number in random.sample(range(1000), 36)]
    load = Replay([(number / 18, value) for number, value in enumerate(values)])
    settings = {"network": _kafka(load), "faults": [_crash(random)], "cost": SLOW, "seed": random.randrange(1000)}
    probe = Simulate("save_rows", until=16, settings=settings)
    return [
        Check(
            "save_rows/rows",
            Text("save_rows: each message has one row", "save_rows：每条消息恰好一行"),
            2,
            [Case(probe, _one_row_each(values))],
            ROWS,
        ),
        Check(
            "save_rows/commits",
            Text("save_rows: the offsets are kept in Kafka", "save_rows：偏移量保存在 Kafka 中"),
            1,
            [Case(probe, _committed)],
            ROWS,
        ),
    ]


def _one_row_each(values: Sequence[str]) -> Callable[[Run], Finding | None]:
    expected = {((number % 2, number // 2), value) for number, value in enumerate(values)}

    def judge(run: Run) -> Finding | None:
        table = run.sinks.get("orders")
        rows = Counter((row.key, row.value) for row in table.rows) if table else Counter()
        missing = len(expected - rows.keys())
        doubled = sum(number - 1 for number in rows.values())
        other = len(rows.keys() - expected)
        if not (missing or doubled or other):
            return None
        return Finding(
            Text(
                f"of {len(expected)} messages {missing} have no row; {doubled} rows are doubled, {other} are others",
                f"{len(expected)} 条消息中有 {missing} 条没有行；{doubled} 行重复，{other} 行是别的内容",
            ),
            ROWS if other or missing == len(expected) else AFTER if missing else IDEMPOTENT,
        )

    return judge


def _committed(run: Run) -> Finding | None:
    causes = {event.cause for event in run.trace.of(OffsetsCommitted) if event.storage == "kafka"}
    if causes == {"commitAsync"}:
        return None
    return Finding(
        Text(
            f"offsets went to Kafka by {sorted(causes) or 'nothing'}, and should by commitAsync alone",
            f"偏移量通过 {sorted(causes) or '无'} 进入 Kafka，应只通过 commitAsync",
        ),
        COMMIT,
    )


def _totals_checks(random: Random) -> list[Check]:
    """Behind the first totals, and behind the first offsets, the driver dies: where both are one, nothing happens."""
    articles = random.sample(ARTICLES, 3)
    values = [random.choice(articles) for _ in range(40)]
    load = Replay([(number / 15, value) for number, value in enumerate(values)])
    seed = random.randrange(1000)
    expected = Counter(values)

    def probe(*faults: DriverCrash) -> Simulate:
        settings = {"network": _kafka(load), "faults": list(faults), "seed": seed}
        return Simulate("save_totals", until=14, settings=settings)

    crashes = [DriverCrash(_behind(kind), restart_after=1) for kind in (SinkWritten, OffsetsCommitted)]
    return [
        Check(
            "save_totals/totals",
            Text("save_totals: totals since the beginning", "save_totals：从一开始的总数"),
            1,
            [Case(probe(), _totals(expected, TOTALS))],
            TOTALS,
        ),
        Check(
            "save_totals/crash",
            Text("save_totals: the same totals when the driver dies", "save_totals：驱动程序死亡后总数不变"),
            3,
            [Case(probe(crash), _totals(expected, TOGETHER)) for crash in crashes],
            TOGETHER,
        ),
    ]


def _behind(kind: type[Event]) -> When:
    """10 ms after the first event of this kind; of what the sandbox knows, since it travels there."""
    return When(partial(type.__instancecheck__, kind), delay=0.01)


def _totals(expected: Counter[str], hint: Text) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        table = run.sinks.get("totals")
        totals = [(row.key, row.value) for row in table.rows] if table else []
        if len(totals) == len(expected) and dict(totals) == dict(expected):
            return None
        return Finding(
            Text(
                f"the totals should be {short(dict(sorted(expected.items())))}, and are {short(sorted(totals))}",
                f"总数应为 {short(dict(sorted(expected.items())))}，实际为 {short(sorted(totals))}",
            ),
            hint,
        )

    return judge


def _hint(otherwise: Text) -> Callable[[Any], Text]:
    """For what was on its way when the run ended, which is not lost; else the hint for the other mistake."""
    return lambda value: ON_ITS_WAY if value == AT_MOST else otherwise


EXERCISE = Exercise(
    "ex19_delivery_semantics",
    Text("Exactly once", "恰好一次"),
    ("verdict", "save_rows", "save_totals"),
    checks,
)

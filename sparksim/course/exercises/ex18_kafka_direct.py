"""Exercise 18: offset ranges computed with, printed, and limited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, returns, short
from sparksim.course.printed import failed_batch, printed_pairs
from sparksim.course.probes import Call, Simulate
from sparksim.course.texts import Text
from sparksim.sim import Burst, Cluster, CostModel, KafkaCluster, Producer, Replay, Run, Simulation, Topic
from sparksim.streaming.context import StreamingContext
from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies
from sparksim.trace.events import OffsetsCommitted

ARTICLES = ("apple", "pear", "plum", "fig", "lemon", "melon", "quince", "peach")
BROKERS = "localhost:9092"
MOST = 1_000_000
SPARE = 0.8
"""So much of its capacity the simulated cluster needs; the rest is for starting tasks."""

Plan = dict[str, Any]

LAG = Text(
    "What waits in a partition is what lies between the end of its range, untilOffset, and the latest offset.",
    "一个分区中等待的消息，位于其范围的终点 untilOffset 与最新偏移量之间。",
)
NEW = Text(
    "A partition without a range has not been read at all: take 0 for the end of its range.",
    "没有范围的分区还完全没有被读过：请把它的范围终点当作 0。",
)
STREAM = Text(
    "createDirectStream takes a location strategy and ConsumerStrategies.Subscribe; a record has the attribute value.",
    "createDirectStream 需要一个位置策略和 ConsumerStrategies.Subscribe；每条记录有属性 value。",
)
OUTPUT = Text(
    "Without an output operation such as pprint nothing ever runs.", "没有 pprint 之类的输出操作，什么都不会运行。"
)
FIRST_CALL = Text(
    "Only the RDD of the stream itself has offset ranges: call foreachRDD on what createDirectStream gave, before any map.",
    "只有流自身的 RDD 才有偏移量范围：请在任何 map 之前，对 createDirectStream 的结果调用 foreachRDD。",
)
EARLIEST = Text(
    'A group that has stored nothing begins where "auto.offset.reset" says: "earliest" is the beginning.',
    '没有保存过偏移量的组从 "auto.offset.reset" 指定的位置开始："earliest" 表示从头开始。',
)
BY_ITSELF = Text(
    'Kafka\'s own default commits by itself: say "enable.auto.commit": False.',
    'Kafka 的默认设置会自动提交：请写明 "enable.auto.commit": False。',
)
RATE = Text(
    "The limit is per partition and per second; a whole number, 1 or more (0 means no limit).",
    "这个上限按每个分区、每秒计算；它是不小于 1 的整数（0 表示没有上限）。",
)
TOO_MUCH = Text(
    "All partitions together may read what the cluster can process per second: divide by the partitions. The length of "
    "a batch plays no part.",
    "所有分区加起来每秒可以读取的，就是集群每秒能处理的：请除以分区数。批次的长度与此无关。",
)
TOO_LITTLE = Text(
    "To work off what waits, more has to be read than arrives.",
    "要消化积压，读取的必须比到来的多。",
)


def checks(random: Random) -> Sequence[Check]:
    """Ranges, messages and plans are drawn."""
    ranges, latest = _offsets(random)
    newer = {**latest, len(latest): random.randint(2, 9)}
    plans = [_plan(random) for _ in range(2)]
    return [
        Check(
            "lag/waits",
            Text("lag: what lies behind the ranges", "lag：范围之后的消息"),
            1,
            [returns("lag", (ranges, latest), _lag(ranges, latest), lambda _: LAG)],
            LAG,
        ),
        Check(
            "lag/new",
            Text("lag: a new partition", "lag：新的分区"),
            1,
            [returns("lag", (ranges, newer), _lag(ranges, newer), lambda _: NEW)],
            NEW,
        ),
        *_program(random),
        Check(
            "max_rate/in_time",
            Text("max_rate: no batch takes longer than its interval", "max_rate：没有批次用时超过批次间隔"),
            2,
            [Case(Call("max_rate", (plan,)), _in_time(plan)) for plan in plans],
            RATE,
        ),
        Check(
            "max_rate/catches_up",
            Text("max_rate: what waits becomes less", "max_rate：积压减少"),
            2,
            [Case(Call("max_rate", (plan,)), _catches_up(plan)) for plan in plans],
            RATE,
        ),
    ]


def _offsets(random: Random) -> tuple[list[tuple[int, int, int]], dict[int, int]]:
    ranges, latest = [], {}
    for partition in range(random.randint(2, 4)):
        begin = random.randint(5, 60)
        end = begin + random.randint(5, 20)
        ranges.append((partition, begin, end))
        latest[partition] = end + random.randint(0, 8) + (partition == 0)
    return ranges, latest


def _lag(ranges: Sequence[tuple[int, int, int]], latest: dict[int, int]) -> int:
    done = {partition: end for partition, _, end in ranges}
    return sum(offset - done.get(partition, 0) for partition, offset in latest.items())


def _program(random: Random) -> list[Check]:
    """Two articles are there before; others come in the course of two batches, dealt out to the partitions in turn."""
    early, *late = random.sample(ARTICLES, 4)
    partitions = random.randint(2, 3)
    moments = [0.0, 0.0, *sorted(round(random.uniform(1.1, 2.8), 2) for _ in range(7))]
    names = [early, early, *(random.choice(late) for _ in range(7))]
    load = Replay(list(zip(moments, names, strict=True)))
    producer = Producer("orders", load, partitioner="round-robin")
    settings = {
        "network": {BROKERS: KafkaCluster([Topic("orders", partitions=partitions)], [producer])},
        "seed": random.randrange(1000),
    }
    probe = Simulate("show_ranges", until=7.5, settings=settings)
    ends = {partition: len(names[partition::partitions]) for partition in range(partitions)}
    return [
        Check(
            "show_ranges/counts",
            Text("show_ranges: articles per batch", "show_ranges：每个批次的商品"),
            1,
            [Case(probe, _counts({name: names.count(name) for name in names if name != early}))],
            STREAM,
        ),
        Check(
            "show_ranges/ranges",
            Text("show_ranges: each batch begins where the last one ended", "show_ranges：每个批次从上一个的终点开始"),
            2,
            [Case(probe, _chained(ends))],
            STREAM,
        ),
        Check(
            "show_ranges/settings",
            Text("show_ranges: from the beginning, and nothing is committed", "show_ranges：从头开始，且不提交"),
            1,
            [Case(probe, _settled(early))],
            STREAM,
        ),
    ]


def _all_pairs(run: Run) -> list[list[tuple[Any, Any]]]:
    return [printed_pairs(run, row.batch_time_ms / 1000) for row in run.batches]


def _counts(expected: dict[str, int]) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        total: Counter[Any] = Counter()
        printed = [pair for pairs in _all_pairs(run) for pair in pairs]
        for name, number in printed:
            if isinstance(number, int) and name in expected:
                total[name] += number
        if total == expected:
            return None
        return _said(f"{short(expected)}", printed, STREAM if printed else OUTPUT)

    return judge


def _chained(ends: dict[int, int]) -> Callable[[Run], Finding | None]:
    """In every batch each partition has one range, which begins where the last one ended; at the end all was read."""

    def judge(run: Run) -> Finding | None:
        batches = [[pair for pair in pairs if isinstance(pair[1], tuple)] for pairs in _all_pairs(run)]
        found = [pair for pairs in batches for pair in pairs]
        if not found:
            return failed_batch(run, FIRST_CALL) or _said("(partition, (from, until))", found, FIRST_CALL)
        for pairs, later in zip(batches, batches[1:], strict=False):
            if {partition: span[1] for partition, span in pairs} != {partition: span[0] for partition, span in later}:
                return _said("ranges that begin where the last ones ended", found, FIRST_CALL)
        whole = all(len(pairs) == len(ends) for pairs in batches) and dict(batches[-1]).keys() == ends.keys()
        if whole and all(span[1] == ends[partition] for partition, span in batches[-1]):
            return None
        return _said(f"ranges that end at {short(ends)}", found, STREAM)

    return judge


def _settled(early: str) -> Callable[[Run], Finding | None]:
    def judge(run: Run) -> Finding | None:
        printed = [pair for pairs in _all_pairs(run) for pair in pairs]
        if (early, 2) not in printed:
            return _said(f"({early!r}, 2)", printed, EARLIEST)
        if run.trace.of(OffsetsCommitted):
            return Finding(
                Text("the group's offsets were committed", "消费组的偏移量被提交了"),
                BY_ITSELF,
            )
        return None

    return judge


def _said(expected: str, printed: Sequence[Any], hint: Text) -> Finding:
    return Finding(
        Text(
            f"all batches together should print {expected}, and printed {short(printed)}",
            f"所有批次加起来应打印 {expected}，实际打印 {short(printed)}",
        ),
        hint,
    )


def _plan(random: Random) -> Plan:
    partitions = random.choice([2, 3, 4])
    capacity = partitions * random.randint(20, 40)
    return {
        "partitions": partitions,
        "batch": float(random.choice([3, 4])),
        "arriving": round(capacity * random.uniform(0.4, 0.5)),
        "capacity": capacity,
    }


def _simulated(plan: Plan, rate: int) -> Run:
    """What waits takes the cluster five seconds."""
    partitions, capacity, arriving = plan["partitions"], plan["capacity"], plan["arriving"]
    load = Burst(rate=capacity * 5, at=0, duration=1, base=arriving)
    producer = Producer("orders", load, partitioner="round-robin")

    def count(ssc: StreamingContext) -> None:
        settings = {
            "bootstrap.servers": BROKERS,
            "group.id": "shop",
            "key.deserializer": "StringDeserializer",
            "value.deserializer": "StringDeserializer",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
        strategy = ConsumerStrategies.Subscribe(["orders"], settings)
        KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy).count().pprint()

    return Simulation(
        count,
        network={BROKERS: KafkaCluster([Topic("orders", partitions=partitions)], [producer])},
        batch=plan["batch"],
        cluster=Cluster(executors=partitions, cores=1),
        cost=CostModel(record_ms=1000 * partitions * SPARE / capacity),
        conf={"spark.streaming.kafka.maxRatePerPartition": rate},
    ).run(until=plan["batch"] * 8.9)


def _unusable(value: Any) -> Finding | None:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST:
        return None
    return Finding(Text(f"max_rate gave {short(value)}", f"max_rate 返回了 {short(value)}"), RATE)


def _in_time(plan: Plan) -> Callable[[Any], Finding | None]:
    def judge(value: Any) -> Finding | None:
        bad = _unusable(value)
        if bad is not None:
            return bad
        times = [ms for ms in _simulated(plan, value).batches.column("processing_time_ms") if ms is not None]
        if max(times) <= plan["batch"] * 1000:
            return None
        return Finding(
            Text(
                f"with {value} and {plan}, a batch of {plan['batch']:g} s took {max(times) / 1000:.1f} s",
                f"取 {value} 时（{plan}），一个 {plan['batch']:g} 秒的批次用了 {max(times) / 1000:.1f} 秒",
            ),
            TOO_MUCH,
        )

    return judge


def _catches_up(plan: Plan) -> Callable[[Any], Finding | None]:
    def judge(value: Any) -> Finding | None:
        bad = _unusable(value)
        if bad is not None:
            return bad
        records = _simulated(plan, value).batches.column("records")
        there = plan["capacity"] * 5 + plan["arriving"] * (plan["batch"] * len(records) - 1)
        if there - sum(records) <= plan["arriving"]:
            return None
        return Finding(
            Text(
                f"with {value} and {plan}, {there - sum(records):.0f} messages still wait after {len(records)} batches",
                f"取 {value} 时（{plan}），{len(records)} 个批次之后仍有 {there - sum(records):.0f} 条消息在等待",
            ),
            TOO_LITTLE,
        )

    return judge


EXERCISE = Exercise(
    "ex18_kafka_direct",
    Text("Kafka without a receiver", "不用接收器读 Kafka"),
    ("lag", "show_ranges", "max_rate"),
    checks,
)

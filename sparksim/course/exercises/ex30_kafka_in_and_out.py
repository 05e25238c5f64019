"""Exercise 30: a topic as rows, where a query begins, a table in which a crash doubles nothing, and what was lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any

from sparksim.course.exercise import Case, Check, Exercise, Finding, finds, short
from sparksim.course.probes import Call, SimulateQuery
from sparksim.course.query_results import failed_query
from sparksim.course.texts import Text
from sparksim.sim import DriverCrash, KafkaCluster, Producer, QuerySimulation, Replay, Run, Topic
from sparksim.sim.kafka import DeleteRecords
from sparksim.sql import SparkSession

BROKERS = "localhost:9092"
CUSTOMERS = ("ann", "bob", "cleo", "dan", "eve", "fay", "gus", "hal")
ARTICLES = ("apples", "pears", "plums", "figs", "lemons", "melons")
LIMIT = 10

PARSE = Text(
    "Key and value are bytes: cast(key as string), cast(value as string); then split the text at its blank: the amount "
    "comes first.",
    "键和值是字节：cast(key as string)、cast(value as string)；再在空格处 split 文本：数量在前。",
)
EARLIEST = Text(
    "A stream begins at the latest message unless it is told otherwise: startingOffsets = earliest.",
    "除非另有说明，流从最新的消息开始：startingOffsets = earliest。",
)
AT_MOST = Text(
    "The option maxOffsetsPerTrigger limits a batch, all partitions together.",
    "选项 maxOffsetsPerTrigger 限制一个批次，所有分区合计。",
)
NEXT = Text(
    "The option names the next offset to read, and the dict the last one that was read: add one.",
    "选项写的是下一个要读的偏移量，字典里是最后一个已读的：加一。",
)
ALL = Text(
    "All partitions of the topic have to be listed; -2 stands for the earliest message, -1 for the latest.",
    "主题的所有分区都必须列出；-2 表示最早的消息，-1 表示最新的。",
)
EACH = Text(
    "Every message is a row of its own, also equal ones, from the earliest on. Its place is its key: partition and "
    "offset together.",
    "从最早的开始，每条消息自成一行，相同的也一样。它的位置就是它的键：分区加偏移量。",
)
GOES_ON = Text(
    'Only a checkpoint says how far the dead driver had read: option("checkpointLocation", "sim://checkpoint").',
    '只有检查点知道死去的驱动程序读到了哪里：option("checkpointLocation", "sim://checkpoint")。',
)
TWICE = Text(
    "A batch without a commit is run again, and its rows come again: upsert them under a key that is the same then, "
    "made of the place of the message.",
    "没有提交的批次会重新运行，它的行会再来：请用 upsert 写到那时仍相同的键下，键由消息的位置构成。",
)
DELETED = Text(
    "RecordsLost has ranges: both ends are missing, so last - first + 1, over all ranges of all events.",
    "RecordsLost 各范围的大小：两端都没读到，所以是 last - first + 1，对所有事件的所有范围求和。",
)
BEFORE = Text(
    "What lay before the beginning is in OffsetsSkipped. It is not lost: nobody deleted it. An event may have several "
    "ranges.",
    "开始处之前的消息在 OffsetsSkipped 中。它们没有丢：没有谁删除它们。一个事件可以有几个范围。",
)


def checks(random: Random) -> Sequence[Check]:
    """Inputs are drawn so that one mistake fails one check where that can be."""
    return [*_of_rows(random), *_of_offsets(random), *_of_bills(random), *_of_missing(random)]


def _network(load: Iterable[tuple[float, Any]], partitions: int = 1, *changes: DeleteRecords) -> dict[str, Any]:
    producer = Producer("orders", Replay(list(load)), partitioner="round-robin", acks="all", idempotent=True)
    return {BROKERS: KafkaCluster([Topic("orders", partitions=partitions)], [producer], changes=changes)}


def _of_rows(random: Random) -> list[Check]:
    """Some orders are in the topic before the query starts, then many come at once."""
    early, late = random.randrange(3, 7), random.randrange(23, 29)
    drawn = [(random.choice(CUSTOMERS), random.randrange(1, 10), random.choice(ARTICLES)) for _ in range(early + late)]
    times = [*(number / 1000 for number in range(early)), *(1.5 + number / 10_000 for number in range(late))]
    load = [(time, (who, f"{amount} {what}")) for time, (who, amount, what) in zip(times, drawn, strict=True)]
    settings = {"network": _network(load, 2), "seed": random.randrange(1000)}
    program = SimulateQuery("order_rows", 4, settings)
    rows = [tuple(map(str, order)) for order in drawn]

    def parsed(run: Run) -> Finding | None:
        came = sorted(run.result_rows.column("row"))
        if came in (sorted(rows), sorted(rows[early:])):
            return failed_query(run, PARSE)
        return failed_query(run, PARSE) or _unlike(sorted(rows), came, PARSE)

    def complete(run: Run) -> Finding | None:
        read = sum(run.triggers.column("rows_read"))
        return failed_query(run, EARLIEST) or (None if read == len(rows) else _read(len(rows), read, EARLIEST))

    def limited(run: Run) -> Finding | None:
        most = max(run.triggers.column("rows_read"), default=0)
        return failed_query(run, AT_MOST) or (None if 0 < most <= LIMIT else _largest(most))

    return [
        _check("order_rows/parsed", Text("texts and numbers", "文本和数"), Case(program, parsed), PARSE),
        _check("order_rows/earliest", Text("from the earliest", "从最早的开始"), Case(program, complete), EARLIEST),
        _check("order_rows/limit", Text("at most 10 in a batch", "每批最多 10 条"), Case(program, limited), AT_MOST),
    ]


def _of_offsets(random: Random) -> list[Check]:
    topic = random.choice(("orders", "returns", "clicks"))
    known = {number: random.randrange(5, 500) for number in range(random.randrange(2, 4))}
    more = len(known) + random.randrange(1, 3)

    def case(partitions: int, hint: Text) -> Case:
        arguments = topic, known, partitions
        wanted = {str(number): known[number] + 1 if number in known else -2 for number in range(partitions)}
        call = f"starting_offsets({', '.join(map(repr, arguments))})"

        def judge(value: Any) -> Finding | None:
            found = _offsets_of(value, topic)
            if partitions == len(known):
                return None if found == wanted else _other_text(call, topic, wanted, value, hint)
            new = {number: offset for number, offset in wanted.items() if int(number) not in known}
            right = found is not None and found.keys() == wanted.keys() and new.items() <= found.items()
            return None if right else _other_text(call, topic, wanted, value, hint)

        return Case(Call("starting_offsets", arguments), judge)

    return [
        _check(
            "starting_offsets/next",
            Text("partitions that were read", "已读过的分区"),
            case(len(known), NEXT),
            NEXT,
        ),
        _check("starting_offsets/new", Text("new partitions", "新的分区"), case(more, ALL), ALL),
    ]


def _offsets_of(value: Any, topic: str) -> dict[str, Any] | None:
    """The offsets of the topic, by the numbers of its partitions; None if the text says anything else."""
    try:
        found = json.loads(value)
    except (TypeError, ValueError):
        return None
    if not isinstance(found, dict) or list(found) != [topic] or not isinstance(found[topic], dict):
        return None
    offsets: dict[str, Any] = found[topic]
    return offsets


def _other_text(call: str, topic: str, wanted: dict[str, int], value: Any, hint: Text) -> Finding:
    text = json.dumps({topic: wanted})
    return Finding(
        Text(
            f"{call} should be the text {text}, and is {short(value)}", f"{call} 应为文本 {text}，得到 {short(value)}"
        ),
        hint,
    )


def _of_bills(random: Random) -> list[Check]:
    """Equal and early messages only where nothing breaks; a crash in a pause, and some while batches are written."""
    twins = [f"{random.randrange(1, 10)} {random.choice(ARTICLES)}" for _ in range(random.randrange(3, 6))]
    plain = [(number / 1000, text) for number, text in enumerate(twins)]
    plain += [(1.5 + number / 10, text) for number, text in enumerate(twins)]
    many = [f"{number} {random.choice(ARTICLES)}" for number in range(48)]
    paused = [(1.2 + number / 10 + (3 if number >= 9 else 0), text) for number, text in enumerate(many[:18])]
    bursts = [(1 + number // 8 * 1.2 + number % 8 / 1000, text) for number, text in enumerate(many)]
    pause = DriverCrash(round(random.uniform(3, 4), 2), restart_after=0.5)
    crashes = [DriverCrash(round(1.076 + number * 1.206, 3), restart_after=0.3) for number in range(6)]
    seed = random.randrange(1000)

    def case(load: list[tuple[float, str]], hint: Text, partitions: int, *faults: DriverCrash, once: bool) -> Case:
        settings = {"network": _network(load, partitions), "faults": list(faults), "seed": seed}
        return Case(SimulateQuery("bills", 9, settings), _table_of([text for _, text in load], hint, once))

    return [
        _check("bills/each", Text("a row for each message", "每条消息一行"), case(plain, EACH, 2, once=False), EACH),
        _check(
            "bills/goes_on",
            Text("goes on after the driver has died", "驱动程序死亡后继续"),
            case(paused, GOES_ON, 1, pause, once=True),
            GOES_ON,
        ),
        _check(
            "bills/twice",
            Text("a batch that comes again", "再次到来的批次"),
            case(bursts, TWICE, 1, *crashes, once=False),
            TWICE,
        ),
    ]


def _table_of(values: Sequence[str], hint: Text, once: bool) -> Callable[[Run], Finding | None]:
    """The sink has one row for each message; with `once`, done batches have read no message again."""
    wanted = sorted(values)

    def judge(run: Run) -> Finding | None:
        rows = run.sink("bills").rows if "bills" in run.sinks else ()
        came = sorted((row.value for row in rows), key=repr) if rows else []
        if once:
            read = sum(run.triggers.where(status="done").column("rows_read"))
            return failed_query(run, hint) or (None if read == len(wanted) else _read(len(wanted), read, hint))
        if came == sorted(wanted, key=repr):
            return failed_query(run, hint)
        return failed_query(run, hint) or _unlike(wanted, came, hint)

    return judge


def _of_missing(random: Random) -> list[Check]:
    """One run in which messages were deleted, one whose query began behind some; two partitions each."""
    seed, early, late = random.randrange(1000), 2 * random.randrange(3, 7), 2 * random.randrange(6, 10)
    load = [(number / 1000, "early") for number in range(early)]
    load += [(1 + number / 100, "late") for number in range(late)]
    gone = [random.randrange(1, late // 2) for _ in range(2)]
    deletions = [DeleteRecords("orders", number, 1.6, early // 2 + count) for number, count in enumerate(gone)]
    runs = [
        QuerySimulation(_reads_from(place), network=_network(load, 2, *changes), seed=seed).run(until=4)
        for place, changes in (("earliest", deletions), ("latest", []))
    ]
    return [
        _check(
            "missing/lost",
            Text("what was deleted", "被删除的"),
            finds("missing", runs[0], {"skipped": 0, "lost": sum(gone)}, lambda _: DELETED),
            DELETED,
        ),
        _check(
            "missing/skipped",
            Text("what lay before the beginning", "开始处之前的"),
            finds("missing", runs[1], {"skipped": early, "lost": 0}, lambda _: BEFORE),
            BEFORE,
        ),
    ]


def _reads_from(place: str) -> Callable[[SparkSession], None]:
    def reads(spark: SparkSession) -> None:
        stream = spark.readStream.format("kafka").option("kafka.bootstrap.servers", BROKERS)
        stream = stream.option("subscribe", "orders").option("startingOffsets", place)
        rows = stream.option("failOnDataLoss", "false").load().select("offset")
        rows.writeStream.format("console").trigger(processingTime="2 seconds").start()

    return reads


def _check(name: str, title: Text, case: Case, hint: Text) -> Check:
    function = name.partition("/")[0]
    return Check(name, Text(f"{function}: {title.en}", f"{function}：{title.zh}"), 1, [case], hint)


def _unlike(wanted: Sequence[Any], came: Sequence[Any], hint: Text) -> Finding:
    return Finding(
        Text(
            f"in the end there should be {len(wanted)} rows, {short(wanted)}, and there are {len(came)}, {short(came)}",
            f"最后应有 {len(wanted)} 行 {short(wanted)}，实际有 {len(came)} 行 {short(came)}",
        ),
        hint,
    )


def _read(wanted: int, read: int, hint: Text) -> Finding:
    return Finding(
        Text(f"{wanted} messages should be read, and {read} were", f"应读取 {wanted} 条消息，实际读取了 {read} 条"),
        hint,
    )


def _largest(most: int) -> Finding:
    return Finding(
        Text(
            f"no batch should have more than {LIMIT} messages, and one has {most}",
            f"任何批次都不应超过 {LIMIT} 条消息，而有一个有 {most} 条",
        ),
        AT_MOST,
    )


EXERCISE = Exercise(
    "ex30_kafka_in_and_out",
    Text("Kafka in and out", "Kafka 的读入与写出"),
    ("order_rows", "starting_offsets", "bills", "missing"),
    checks,
)

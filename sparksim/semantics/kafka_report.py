"""Kafka's matrix as a part of the page: what was found in each cell, beside what Spark promises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sparksim.semantics.cells import RECORDS, VICTIMS
from sparksim.semantics.kafka_cells import SINKS, SOURCES, KafkaCell
from sparksim.semantics.kafka_findings import KafkaFinding
from sparksim.semantics.kafka_promises import promise
from sparksim.semantics.matrix import Matrix
from sparksim.semantics.report import share

SINK_TEXT = {
    "insert": "a row more for each order, as soon as a task has it",
    "upsert": "the row of the order's number, as soon as a task has it",
    "transaction": (
        "a partition's rows in one transaction, refused where its identity was written before: the range of offsets "
        "where the sink keeps the offsets, else the batch time and the number of the partition"
    ),
}


def guarantee(found: Sequence[KafkaFinding]) -> str:
    """The strongest guarantee for rows that holds in all of these stories."""
    lost = any(each.lost or each.refused for each in found)
    doubled = any(each.doubled for each in found)
    if lost:
        return "none" if doubled else "at most once"
    return "at least once" if doubled else "exactly once"


def section(matrix: Matrix) -> Iterator[str]:
    """The lines of the part, as Markdown."""
    yield "# From Kafka to a sink"
    yield ""
    yield (
        f"Found by {matrix.runs:,} more stories: a producer writes {RECORDS} numbered orders to a topic of two "
        "partitions (acks=all, idempotent), and a streaming job makes a row of each in a sink outside all processes. "
        "A crash comes at any time, or while a drawn batch is made, written or finished; at the end the rows are "
        "counted. The columns say how a batch is written:"
    )
    yield ""
    for sink, text in SINK_TEXT.items():
        yield f"- *{sink}*: {text}."
    yield ""
    yield "| offsets | " + " | ".join(SINKS) + " |"
    yield "|---" * (len(SINKS) + 1) + "|"
    for source, way in SOURCES.items():
        yield f"| {way.title} | " + " | ".join(guarantee(_all(matrix, source, sink)) for sink in SINKS) + " |"
    for source, way in SOURCES.items():
        yield ""
        yield f"## {way.title[0].upper()}{way.title[1:]}"
        yield ""
        yield "| batch written with | who dies | stories | rows | lost | refused | doubled | Spark says |"
        yield "|---|---|---|---|---|---|---|---|"
        for sink in SINKS:
            for victim in VICTIMS:
                yield _row(matrix, KafkaCell(source, sink, victim))
    yield ""
    yield (
        "*Lost* orders have no row, and the trace says where they went. *Refused* ones were processed, but a batch "
        "with other orders had been written under the same batch time and partition. That needs a checkpoint so slow "
        "that a batch is written before the checkpoint knows it: the next driver makes the batch anew, with more "
        "orders in it. Spark's guide calls that identity unique; for a batch that no checkpoint knows it is not "
        "(`tests/semantics/test_kafka_findings.py` shows it). The checkpoints of these stories take 20 ms."
    )


def _row(matrix: Matrix, cell: KafkaCell) -> str:
    found = matrix.findings[cell]
    cells = (
        cell.sink,
        cell.victim,
        str(len(found)),
        guarantee(found),
        share([each.lost for each in found]),
        share([each.refused for each in found]),
        share([each.doubled for each in found]),
        promise(cell).text,
    )
    return f"| {' | '.join(cells)} |"


def _all(matrix: Matrix, source: str, sink: str) -> list[KafkaFinding]:
    return [each for victim in VICTIMS for each in matrix.findings[KafkaCell(source, sink, victim)]]

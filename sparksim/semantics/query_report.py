"""The matrix of queries as a part of the page: what was found in each cell, beside what Spark promises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sparksim.semantics.cells import VICTIMS
from sparksim.semantics.matrix import Matrix
from sparksim.semantics.query_cells import QueryCell
from sparksim.semantics.query_findings import QueryFinding
from sparksim.semantics.query_promises import EXACTLY_ONCE, promise
from sparksim.semantics.query_ways import FILE_SINK, SHAPES, SINKS
from sparksim.semantics.report import share

SINK_TEXT = {
    FILE_SINK: "the file sink, whose log names the files of each batch",
    "upsert": "`foreachBatch`, and each row written under its batch id and itself",
    "insert": "`foreachBatch`, and a row more for each",
}


def guarantee(found: Sequence[QueryFinding]) -> str:
    """The strongest guarantee for rows that holds in all of these stories; "-" for none at all."""
    if not found:
        return "-"
    if any(each.lost or each.strange for each in found):
        return "none"
    return "at least once" if any(each.doubled for each in found) else "exactly once"


def section(matrix: Matrix) -> Iterator[str]:
    """The lines of the part, as Markdown."""
    sure = sum(len(found) for cell, found in matrix.findings.items() if promise(cell) == EXACTLY_ONCE)
    yield "# Streaming queries"
    yield ""
    yield (
        f"Found by {matrix.runs:,} more stories of Structured Streaming; in {sure:,} of them Spark promises that every "
        "row is in the sink exactly once. Each story is a query on two executors. One to three crashes come: when a "
        "drawn batch has been planned, read, kept in states, written or committed, and a little later, so that they "
        "fall between any two files that the query writes and before a file gets its name; or at any time. At the end "
        "the rows of the sink are held against those of the same run without a crash. The columns say where rows go:"
    )
    yield ""
    for sink, text in SINK_TEXT.items():
        yield f"- *{sink}*: {text}."
    yield ""
    yield "| query | " + " | ".join(SINKS) + " |"
    yield "|---" * (len(SINKS) + 1) + "|"
    for shape, way in SHAPES.items():
        yield f"| {way.title} | " + " | ".join(guarantee(_all(matrix, shape, sink)) for sink in SINKS) + " |"
    for shape, way in SHAPES.items():
        yield ""
        yield f"## {way.title[0].upper()}{way.title[1:]}"
        yield ""
        yield "| rows go to | who dies | stories | rows | lost | doubled | batches changed | died | Spark says |"
        yield "|---|---|---|---|---|---|---|---|---|"
        for sink in SINKS:
            for victim in VICTIMS:
                yield from _row(matrix, QueryCell(shape, sink, victim))
    yield ""
    yield (
        "*Lost* rows are in the sink when nothing crashes, and are missing. *Doubled* ones are there more often. "
        "*Changed* are batches that ran again with other offsets or another watermark, or gave the sink other rows: "
        "the offset log is there so that none does. *Died* are runs of the query that ended with an error: a socket "
        "counts its lines anew in each run, and what the checkpoint says of them cannot be right. "
        "`sparksim semantics --replay 'window/files/both' --seed 3` shows a story."
    )


def _row(matrix: Matrix, cell: QueryCell) -> Iterator[str]:
    found = matrix.findings.get(cell)
    if found is None:
        return
    cells = (
        cell.sink,
        cell.victim,
        str(len(found)),
        guarantee(found),
        share([each.lost + each.strange for each in found]),
        share([each.doubled for each in found]),
        share([each.changed for each in found]),
        share([each.died for each in found]),
        promise(cell).text,
    )
    yield f"| {' | '.join(cells)} |"


def _all(matrix: Matrix, shape: str, sink: str) -> list[QueryFinding]:
    return [each for victim in VICTIMS for each in matrix.findings.get(QueryCell(shape, sink, victim), ())]

"""The loss matrix as a page: what was found in each cell, beside what Spark promises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sparksim.semantics.cells import PER_SECOND, RECORDS, SOURCES, STAGES, UNTIL_S, VICTIMS, Cell
from sparksim.semantics.findings import Finding
from sparksim.semantics.matrix import Matrix
from sparksim.semantics.promises import promise

VICTIM_TEXT = {
    "executor": "An executor dies (in two of three stories the receiver's own).",
    "driver": "The driver dies, its executors with it; it starts again from its checkpoint.",
    "both": "An executor dies, and within 0.4 s the driver.",
}

STAGE_TEXT = {
    "before store": "one drawn record was sent, and is on its way, in the buffer, or in a block that is being stored",
    "stored": "the driver has just heard of the record's block",
    "batch allocated": "a drawn batch has just taken its blocks, or fixed its offsets; its jobs are being made",
    "half processed": "its tasks are writing",
    "processed": "its job has ended; the driver's checkpoint does not say so yet",
}


def guarantee(found: Sequence[Finding]) -> str:
    """The strongest guarantee for receiving that holds in all of these stories."""
    if any(each.stored for each in found):
        return "received data lost"
    if any(each.buffered for each in found):
        return "at most the buffer lost"
    if any(each.twice for each in found):
        return "at least once"
    return "exactly once"


def section(matrix: Matrix) -> Iterator[str]:
    """The lines of this part of the page, as Markdown."""
    yield "# Who loses what"
    yield ""
    yield (
        f"Found by {matrix.runs:,} simulated stories, not declared: `make semantics` tells them all again and writes "
        f"this page. Each story is a streaming job on three executors that receives {RECORDS} numbered records, about "
        f"{PER_SECOND} a second, in batches of one second, and writes every record to a database as soon as a task has "
        f"it. A crash strikes at a point drawn from the story's seed; after {UNTIL_S:g} s the database is held against "
        "what was sent. Above each table stands Spark's promise, in our words (streaming programming guide of Spark "
        '2.3, "Fault-tolerance Semantics"); a story that breaks it fails the command.'
    )
    yield ""
    yield (
        "Any story can be seen: `sparksim semantics --replay 'reliable+wal/driver/stored' --seed 3 --figure story.png`."
    )
    yield ""
    yield "## Receiving"
    yield ""
    yield "| | " + " | ".join(f"{victim} dies" if victim != "both" else "both die" for victim in VICTIMS) + " |"
    yield "|---" * (len(VICTIMS) + 1) + "|"
    for source, way in SOURCES.items():
        yield f"| {way.title} | " + " | ".join(_guaranteed(matrix, source, victim) for victim in VICTIMS) + " |"
    yield ""
    yield (
        "Writing is at-least-once everywhere: a task, a job or a batch may run again, and writes again what it had "
        "written. *Again* below counts the stories in which that happened. An output that overwrites what the same "
        "batch wrote before (by batch time and key) then shows what was received: the third column of each table."
    )
    for source, way in SOURCES.items():
        yield ""
        yield f"## {way.title[0].upper()}{way.title[1:]}"
        for victim in VICTIMS:
            yield ""
            yield f"{VICTIM_TEXT[victim]} Spark: {promise(Cell(source, victim, STAGES[0])).text}."
            yield ""
            yield "| when | stories | received | lost with the buffer | lost after storing | in two batches | again |"
            yield "|---|---|---|---|---|---|---|"
            for stage in STAGES:
                yield _row(stage, matrix.findings[Cell(source, victim, stage)])
    yield ""
    yield "## When the crash comes"
    yield ""
    for stage, text in STAGE_TEXT.items():
        yield f"- *{stage}*: {text}."
    yield ""
    yield (
        "A number such as `31 %, 7` says: in 31 % of the stories, and 7 records at most. Not in the tables: what a "
        "plain socket sends while no receiver listens. The source does not keep it, and Spark never had it; in the "
        f"stories of unreliable receivers that was up to {max(each.unheard for each in _all(matrix))} records."
    )


def _guaranteed(matrix: Matrix, source: str, victim: str) -> str:
    return guarantee([each for stage in STAGES for each in matrix.findings[Cell(source, victim, stage)]])


def _row(stage: str, found: Sequence[Finding]) -> str:
    cells = (
        stage,
        str(len(found)),
        guarantee(found),
        share([each.buffered for each in found]),
        share([each.stored for each in found]),
        share([each.twice for each in found]),
        share([each.repeated for each in found]),
    )
    return f"| {' | '.join(cells)} |"


def share(numbers: Sequence[int]) -> str:
    """In how many stories, and how many records at most; "never" for none."""
    struck = sum(number > 0 for number in numbers)
    if struck == 0:
        return "never"
    return f"{max(100 * struck / len(numbers), 1):.0f} %, {max(numbers)}"


def _all(matrix: Matrix) -> Iterator[Finding]:
    for found in matrix.findings.values():
        yield from found

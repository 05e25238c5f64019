"""What one story shows: which records are missing from the database, where they got lost, and which came twice.

What counts is what was written. The trace is asked only why a record is missing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sparksim.semantics.cells import RECORDS
from sparksim.semantics.ledger import Write
from sparksim.semantics.study import Counts
from sparksim.sim.run import Run
from sparksim.trace.events import BlockAdded, BlockGenerated
from sparksim.trace.fates import LOST


@dataclass(frozen=True)
class Finding(Counts):
    """Numbers of records of one story.

    | field | records that |
    |---|---|
    | `unheard` | were sent while no receiver listened, or had not left the network: Spark never had them |
    | `buffered` | a receiver had, and no stored block: lost with its buffer |
    | `stored` | were in a block that the driver knew, and are lost |
    | `twice` | are in two batches: even an output that overwrites has them twice |
    | `repeated` | were written more than once for the same batch: an output that overwrites has them once |
    | `unexplained` | are missing, and no event says why |
    """

    unheard: int = 0
    buffered: int = 0
    stored: int = 0
    twice: int = 0
    repeated: int = 0
    unexplained: int = 0


def finding(run: Run, writes: Iterable[Write]) -> Finding:
    """Hold what was written against what was sent."""
    per_batch: dict[int, Counter[float]] = defaultdict(Counter)
    for write in writes:
        per_batch[write.record][write.batch] += 1
    missing = [number for number in range(RECORDS) if number not in per_batch]
    known, received = _blocks(run)
    reasons = {row.record: row.reason for row in run.delivery.records if row.outcome == LOST}
    places = Counter(_place(number, known, received, reasons) for number in missing)
    return Finding(
        unheard=places["unheard"],
        buffered=places["buffered"],
        stored=places["stored"],
        twice=sum(len(batches) > 1 for batches in per_batch.values()),
        repeated=sum(max(batches.values()) > 1 for batches in per_batch.values()),
        unexplained=places["unexplained"],
    )


def _blocks(run: Run) -> tuple[set[int], set[int]]:
    """The records in blocks that the driver knew; those in any block."""
    blocks = {event.block_id: event.origins for event in run.trace.of(BlockGenerated)}
    added = {event.block_id for event in run.trace.of(BlockAdded)}
    return _numbers(blocks[each] for each in added if each in blocks), _numbers(blocks.values())


def _numbers(many: Iterable[tuple[tuple[str, int, int], ...]]) -> set[int]:
    return {number for origins in many for _, first, last in origins for number in range(first, last + 1)}


def _place(number: int, known: set[int], received: set[int], reasons: dict[int, str]) -> str:
    """Where a missing record got lost."""
    if number in known:
        return "stored"
    if number not in reasons:
        return "unexplained"
    return "unheard" if number not in received and reasons[number].startswith("sent ") else "buffered"

"""What a story of Kafka's matrix shows: the rows of the sink, held against what was produced.

What counts is what is in the sink. The trace is asked only why an order is missing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sparksim.semantics.cells import RECORDS
from sparksim.semantics.kafka_ways import ROWS
from sparksim.semantics.study import Counts
from sparksim.sim.run import Run
from sparksim.trace.fates import LOST, ONCE, REPEATED


@dataclass(frozen=True)
class KafkaFinding(Counts):
    """Numbers of orders of one story.

    | field | orders that |
    |---|---|
    | `lost` | have no row, and never will: the trace says where they were lost |
    | `refused` | have no row because a batch with other orders had been written under its identity |
    | `doubled` | have several rows |
    | `unexplained` | have no row, and no event says why |
    """

    lost: int = 0
    refused: int = 0
    doubled: int = 0
    unexplained: int = 0


def finding(run: Run) -> KafkaFinding:
    """Count the rows of each order."""
    rows = Counter(str(row.key) for row in run.sink(ROWS).rows)
    missing = {number for number in range(RECORDS) if str(number) not in rows}
    outcomes = Counter(row.outcome for row in run.delivery.produced if row.record in missing)
    lost, refused = outcomes[LOST], outcomes[ONCE] + outcomes[REPEATED]
    return KafkaFinding(
        lost=lost,
        refused=refused,
        doubled=sum(rows[str(number)] > 1 for number in range(RECORDS)),
        unexplained=len(missing) - lost - refused,
    )

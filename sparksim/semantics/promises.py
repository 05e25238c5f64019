"""What Spark promises for each way to receive, in our words, and what would break the promise.

Source: the streaming programming guide of Spark 2.3, sections "Fault-tolerance Semantics" and "Deploying", and the
guide to Kafka 0.10. A promise is what must not happen; what may happen and does not is no contradiction.
"""

from __future__ import annotations

from sparksim.semantics.cells import Cell
from sparksim.semantics.study import Promise

OUTPUT_REPEATS = frozenset({"repeated"})
"""Outputs are at-least-once for every source: a task, a job or a batch may run again."""


def promise(cell: Cell) -> Promise:
    """What Spark says of this cell."""
    lost_driver = cell.victim != "executor"
    if cell.source == "unreliable":
        if lost_driver:
            return _promise("what was buffered is lost, and so is what was received before", "unheard buffered stored")
        return _promise("what was buffered is lost; what is stored has a copy elsewhere", "unheard buffered")
    if cell.source == "reliable":
        if lost_driver:
            return _promise("what was acknowledged and is only in memory is lost; no guarantee", "stored twice")
        return _promise("nothing is lost; received at least once", "twice")
    if cell.source == "unreliable+wal":
        return _promise("what was buffered is lost, nothing that is in the log", "unheard buffered")
    if cell.source == "reliable+wal":
        return _promise("nothing is lost; received at least once", "twice")
    return _promise("nothing is lost; received exactly once", "")


def _promise(text: str, may: str) -> Promise:
    return Promise(text, frozenset(may.split()) | OUTPUT_REPEATS)

"""What Spark promises for a streaming query that is killed and started again, in our words.

Source: the structured streaming programming guide, "Fault Tolerance Semantics", "Output Sinks" and "foreachBatch": with
sources that can be read again and sinks that can be written again, exactly once. A promise is what must not happen.
"""

from __future__ import annotations

from sparksim.semantics.query_cells import QueryCell
from sparksim.semantics.query_ways import SOCKET
from sparksim.semantics.study import Promise

EXACTLY_ONCE = Promise("exactly once", frozenset())


def promise(cell: QueryCell) -> Promise:
    """What Spark says of this cell."""
    if cell.shape == SOCKET:
        if cell.victim == "executor":
            return Promise("the driver has the lines: nothing is lost while it lives", frozenset())
        text = "a socket cannot be read again: for tests only, no guarantee"
        return Promise(text, frozenset(("lost", "changed", "died")))
    if cell.sink == "insert":
        return Promise("a batch may be given again: at least once", frozenset(("doubled",)))
    return EXACTLY_ONCE

"""When a fault strikes a streaming query: at a step of one of its batches.

A batch is written into the offset log, read, kept in states, given to the sink and written into the commit log, in this
order. A crash between any two of these steps is what a query's checkpoint is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import simpy

from sparksim.cluster.moments import Surroundings, When, check_delay
from sparksim.core.arguments import is_count
from sparksim.core.errors import IllegalArgumentError
from sparksim.trace.event import Event
from sparksim.trace.query_events import (
    QueryBatchCommitted,
    QueryBatchPlanned,
    QueryRowsRead,
    QueryRowsWritten,
    QueryStarted,
    QueryStateCommitted,
)

_Step = type[QueryBatchPlanned | QueryRowsRead | QueryStateCommitted | QueryRowsWritten | QueryBatchCommitted]

_EVENTS: dict[str, _Step] = {
    "planned": QueryBatchPlanned,
    "read": QueryRowsRead,
    "states committed": QueryStateCommitted,
    "written": QueryRowsWritten,
    "committed": QueryBatchCommitted,
}

QUERY_STEPS = ("begun", *_EVENTS)


@dataclass(frozen=True)
class AtQueryBatch:
    """At a step of the batch of this id (from 0) of a streaming query, and `delay` seconds more.

    | step | it has just happened that |
    |---|---|
    | `"begun"` | the batch before is in the commit log, or a query starts: the offsets are sought, then logged |
    | `"planned"` | the offset log has the batch |
    | `"read"` | a task that read rows of it has succeeded |
    | `"states committed"` | a task that wrote a version of states has succeeded |
    | `"written"` | the sink has the batch; the commit log does not have it yet |
    | `"committed"` | the commit log has it |

    In a program of several queries, the first that gets there counts. Raises `IllegalArgumentError` for a negative
    number, an unknown step, or a negative delay.
    """

    batch: int
    step: str = "planned"
    delay: float = 0.0
    once = True

    def __post_init__(self) -> None:
        if not is_count(self.batch, least=0):
            raise IllegalArgumentError(f"AtQueryBatch(batch={self.batch!r}): batches of a query are counted from 0")
        if self.step not in QUERY_STEPS:
            raise IllegalArgumentError(f"AtQueryBatch(step={self.step!r}): use one of {', '.join(QUERY_STEPS)}")
        check_delay("AtQueryBatch", self.delay)

    def occurrences(self, world: Surroundings) -> Iterator[simpy.Event]:
        yield from When(_reaches(self.batch, self.step), self.delay).occurrences(world)


def _reaches(batch: int, step: str) -> Callable[[Event], bool]:
    """Whether an event says that this step has come."""
    if step != "begun":
        return lambda event: isinstance(event, _EVENTS[step]) and event.batch == batch
    if batch == 0:
        return lambda event: isinstance(event, QueryStarted)
    return lambda event: isinstance(event, QueryBatchCommitted) and event.batch == batch - 1

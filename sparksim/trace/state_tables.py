"""Streams that look back in time as tables: how many keys have a state after each batch, and what each window holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sparksim.trace.events import Event, StateUpdated, WindowComputed
from sparksim.trace.table import Table


@dataclass(frozen=True, slots=True)
class StateRow:
    """The states of one stream after one batch. `partitions` are the keys of each partition, in order.

    `updated` keys were given a state because of the batch's records, `removed` ones lost theirs, `timed_out` ones were
    idle for too long. A partition that no job asked for was not computed: it is None and not in the sums. `pprint` does
    that where there are many keys, for it takes what it shows from the first partitions.
    """

    batch_time_ms: int
    stream: str
    keys: int
    updated: int
    removed: int
    timed_out: int
    partitions: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class WindowRow:
    """One window of one stream, named by its last batch; batches are named by their times in ms.

    `added` and `removed` say how it was made from the window before; one that was made anew adds all its batches.
    """

    batch_time_ms: int
    stream: str
    batches: tuple[int, ...]
    added: tuple[int, ...]
    removed: tuple[int, ...]


def states(trace: Iterable[Event]) -> Table[StateRow]:
    """One row per stream with states and batch, in order of the batches' first tasks.

    A partition that was computed more than once counts as it was computed last.
    """
    found: dict[tuple[int, str], dict[int, StateUpdated]] = {}
    count: dict[str, int] = {}
    for event in trace:
        if isinstance(event, StateUpdated):
            found.setdefault((event.batch_time_ms, event.stream), {})[event.partition] = event
            count[event.stream] = max(count.get(event.stream, 0), event.partition + 1)
    return Table(StateRow, (_state(*named, parts, count[named[1]]) for named, parts in found.items()))


def _state(batch_time_ms: int, stream: str, parts: dict[int, StateUpdated], count: int) -> StateRow:
    known = parts.values()
    return StateRow(
        batch_time_ms,
        stream,
        keys=sum(part.keys for part in known),
        updated=sum(part.updated for part in known),
        removed=sum(part.removed for part in known),
        timed_out=sum(part.timed_out for part in known),
        partitions=tuple(parts[number].keys if number in parts else None for number in range(count)),
    )


def windows(trace: Iterable[Event]) -> Table[WindowRow]:
    """One row per window, in the order in which they were made; one that is made again has a row for each time."""
    return Table(
        WindowRow,
        (
            WindowRow(event.batch_time_ms, event.stream, event.batches, event.added, event.removed)
            for event in trace
            if isinstance(event, WindowComputed)
        ),
    )

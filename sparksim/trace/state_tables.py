"""Streams that look back in time as tables: how large their states are after each batch, what became of single keys,
and what each window holds.
"""

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

    `size_bytes` is what all states are as pickles, `partition_bytes` the same of each partition; None where nothing was
    measured. `left_out` is how many keys the batch changed that `state_keys` does not have; None if nobody counted.
    """

    batch_time_ms: int
    stream: str
    keys: int
    updated: int
    removed: int
    timed_out: int
    partitions: tuple[int | None, ...]
    size_bytes: int | None
    partition_bytes: tuple[int | None, ...]
    left_out: int | None


@dataclass(frozen=True, slots=True)
class StateKeyRow:
    """What became of the state of one key in one batch.

    `change` is created, updated, removed or timed out. `size_bytes` is what the state is as a pickle, None when it is
    gone. `key` and `state` are short texts, so keys that are alike in them look like one.
    """

    batch_time_ms: int
    stream: str
    partition: int
    key: str
    change: str
    size_bytes: int | None
    state: str


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
    found = _last_computed(trace)
    count: dict[str, int] = {}
    for (_, stream), parts in found.items():
        count[stream] = max(count.get(stream, 0), max(parts) + 1)
    return Table(StateRow, (_state(*named, parts, count[named[1]]) for named, parts in found.items()))


def state_keys(trace: Iterable[Event]) -> Table[StateKeyRow]:
    """One row per key that a batch changed, by batch and partition; as many of each as `spark.sparksim.stateKeys` says.

    A partition that was computed more than once counts as it was computed last. Keys that had a state from the start
    (`initialState`, `initialRDD`) have a row when a batch touches them.
    """
    return Table(
        StateKeyRow,
        (
            StateKeyRow(batch_time_ms, stream, partition, *change)
            for (batch_time_ms, stream), parts in _last_computed(trace).items()
            for partition, part in sorted(parts.items())
            for change in part.changes
        ),
    )


def _last_computed(trace: Iterable[Event]) -> dict[tuple[int, str], dict[int, StateUpdated]]:
    """The partitions of each batch and stream, in order of the first tasks."""
    found: dict[tuple[int, str], dict[int, StateUpdated]] = {}
    for event in trace:
        if isinstance(event, StateUpdated):
            found.setdefault((event.batch_time_ms, event.stream), {})[event.partition] = event
    return found


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
        size_bytes=_sum(part.size_bytes for part in known),
        partition_bytes=tuple(parts[number].size_bytes if number in parts else None for number in range(count)),
        left_out=_sum(part.left_out for part in known),
    )


def _sum(values: Iterable[int | None]) -> int | None:
    """None if one of the values is not known."""
    total = 0
    for value in values:
        if value is None:
            return None
        total += value
    return total


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

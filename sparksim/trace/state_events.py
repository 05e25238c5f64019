"""The events of streams that look back in time: what a batch did to states, and which batches a window is made of."""

from __future__ import annotations

from dataclasses import dataclass

from sparksim.trace.event import Event

KeyChange = tuple[str, str, int | None, str]
"""A key, what became of it (created, updated, removed or timed out), the bytes of the state that it has now (None
without one), and that state, as texts of at most 40 characters."""


@dataclass(frozen=True, slots=True)
class StateUpdated(Event):
    """A task of batch `batch_time_ms` made a new partition of a stream's states. `keys` have a state afterwards.

    `stream` is the call site of `updateStateByKey` or `mapWithState`. `updated` keys were given a state because of the
    batch's records, `removed` ones lost theirs, `timed_out` ones were idle for too long. A partition that had to be
    computed again is told again.

    `size_bytes` is what all its states are as pickles, one by one. `changes` tell of single keys, in the order in which
    the batch came to them: as many as `spark.sparksim.stateKeys` says; `left_out` is how many more there were. A key
    that `updateStateByKey` looked at without new values is not told. `size_bytes` is None where it is off to weigh all
    states (`spark.sparksim.stateBytes`), as in live runs by default. In traces from before there were these fields
    `left_out` is None too.
    """

    batch_time_ms: int
    stream: str
    partition: int
    keys: int
    updated: int
    removed: int
    timed_out: int
    size_bytes: int | None = None
    changes: tuple[KeyChange, ...] = ()
    left_out: int | None = None


@dataclass(frozen=True, slots=True)
class WindowComputed(Event):
    """The window that ends with batch `batch_time_ms` is the records of these batches of its parent.

    `stream` is the call site of the operator. A window that is computed from the one before it takes away `removed` and
    adds `added`; one that is computed anew adds all its batches.
    """

    batch_time_ms: int
    stream: str
    batches: tuple[int, ...]
    added: tuple[int, ...]
    removed: tuple[int, ...]

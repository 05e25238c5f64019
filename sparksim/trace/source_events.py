"""The events of sources that keep what they send: messages acknowledged or delivered again, ranges of a log read."""

from __future__ import annotations

from dataclasses import dataclass

from sparksim.trace.event import Event, Origin, made_fast


@made_fast
@dataclass(frozen=True, slots=True)
class RecordsAcknowledged(Event):
    """The receiver of this stream told the queue that it has these for good: the queue keeps them no longer."""

    origins: tuple[Origin, ...]
    stream_id: int


@made_fast
@dataclass(frozen=True, slots=True)
class RecordsRedelivered(Event):
    """The queue delivered these to this stream once more: whoever had them before hung up without a word about them."""

    origins: tuple[Origin, ...]
    stream_id: int


@made_fast
@dataclass(frozen=True, slots=True)
class OffsetRangesAllocated(Event):
    """Batch `batch_time_ms` will read these records of a log: `origins[i]` under the name `range_ids[i]`.

    The log keeps them, so a batch that runs again reads the same. Partitions of which the batch reads nothing are left
    out. `TaskEnd.blocks` names the ranges that a task read.
    """

    batch_time_ms: int
    stream_id: int
    range_ids: tuple[str, ...]
    origins: tuple[Origin, ...]


@made_fast
@dataclass(frozen=True, slots=True)
class OffsetsSkipped(Event):
    """The stream begins to read a log behind these records. What was not read before, it will never read.

    `stream_id` is -1 for a streaming query, which is no DStream.
    """

    origins: tuple[Origin, ...]
    stream_id: int
    reason: str

"""Where a query goes on that has run before: what its two logs say (Spark: MicroBatchExecution.populateStartOffsets).

The offset log has a batch before it runs, the commit log when it is done. A batch that only the first one has is run
again as it was planned: the same offsets, time and watermark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sparksim.core.errors import IllegalStateError
from sparksim.sql.streaming.source import Offset
from sparksim.sql.streaming.store.commit_log import CommitEntry
from sparksim.sql.streaming.store.offset_log import OffsetEntry


class Offsets(Protocol):
    """What is asked of the offset log."""

    def latest(self) -> tuple[int, OffsetEntry] | None:
        """The newest batch that was planned."""

    def get(self, batch_id: int) -> OffsetEntry | None:
        """One batch."""


class Commits(Protocol):
    """What is asked of the commit log."""

    def latest(self) -> tuple[int, CommitEntry] | None:
        """The newest batch that is done."""


@dataclass(frozen=True)
class Beginning:
    """Where a run begins. `planned` is the batch that has to run again, None when a new one is to be planned.

    `before_ms` is the watermark of batch `batch_id - 1`; `conf` holds the settings that are fixed by the first batch.
    """

    batch_id: int
    committed: tuple[Offset, ...]
    watermark_ms: int = 0
    before_ms: int = 0
    planned: OffsetEntry | None = None
    conf: Mapping[str, str] = field(default_factory=dict)
    warning: str | None = None


def beginning(offsets: Offsets, commits: Commits, sources: int) -> Beginning:
    """What the logs say to a query with so many sources. Raises `IllegalStateError` when they do not fit it."""
    newest = offsets.latest()
    if newest is None:
        return Beginning(0, (None,) * sources)
    batch_id, entry = newest
    ends = tuple(entry.offsets)
    if len(ends) != sources:
        raise IllegalStateError(
            f"batch {batch_id} of this checkpoint has offsets of {len(ends)} sources, and the query has "
            f"{sources}: sources cannot be added or removed between two runs. Use a new checkpointLocation"
        )
    done = commits.latest()
    if done is not None and done[0] == batch_id:
        watermark_ms = max(entry.watermark_ms, done[1].next_watermark_ms)
        return Beginning(batch_id + 1, ends, watermark_ms, entry.watermark_ms, conf=entry.conf)
    before = offsets.get(batch_id - 1) if batch_id else None
    if batch_id and before is None:
        raise IllegalStateError(
            f"batch {batch_id - 1} is missing in the offset log, so batch {batch_id} does not know where to begin: the "
            "checkpoint is damaged. Restore the file, or use a new checkpointLocation"
        )
    committed_id = -1 if done is None else done[0]
    warning = None
    if committed_id < batch_id - 1:
        warning = (
            f"batch {committed_id} is the last one in the commit log and batch {batch_id} in the offset log: what lies "
            "between is taken as done"
        )
    committed = (None,) * sources if before is None else tuple(before.offsets)
    before_ms = 0 if before is None else before.watermark_ms
    return Beginning(batch_id, committed, entry.watermark_ms, before_ms, entry, entry.conf, warning)

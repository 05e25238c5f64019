"""What the tasks of one batch report to the driver, added up in an accumulator (Spark: SQL metrics)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sparksim.trace.query_events import Cells


@dataclass
class EventTimes:
    """What one `withWatermark` saw in a batch, in milliseconds, truncated; a null time counts as 0."""

    count: int = 0
    max_ms: int = 0
    min_ms: int = 0
    sum_ms: int = 0

    def add(self, other: EventTimes) -> None:
        """Count in what another task saw."""
        if other.count:
            self.max_ms = max(self.max_ms, other.max_ms) if self.count else other.max_ms
            self.min_ms = min(self.min_ms, other.min_ms) if self.count else other.min_ms
            self.sum_ms += other.sum_ms
            self.count += other.count


@dataclass
class OperatorMetrics:
    """What the partitions of one stateful operator did in a batch."""

    total: int = 0
    updated: int = 0
    removed: int = 0
    dropped: int = 0
    partitions: int = 0

    def add(self, other: OperatorMetrics) -> None:
        """Count in what other partitions did."""
        self.total += other.total
        self.updated += other.updated
        self.removed += other.removed
        self.dropped += other.dropped
        self.partitions += other.partitions


@dataclass
class BatchMetrics:
    """All of one batch: rows read by source, event times by watermark, states by operator, rows written."""

    rows_read: dict[int, int] = field(default_factory=dict)
    event_times: dict[int, EventTimes] = field(default_factory=dict)
    operators: dict[int, OperatorMetrics] = field(default_factory=dict)
    rows_written: int = 0
    written_sample: Sequence[Cells] = ()

"""Who has ended which epoch: what the driver of continuous processing knows (Spark: EpochCoordinator).

An epoch is a mark that goes through all tasks at about the same time. Each says how far it has read when the mark came,
and then that its part of the sink is written. Nobody waits for the others; the epoch is done when all have said both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import simpy

from sparksim.core.errors import IllegalStateError
from sparksim.sql.streaming.source import Offset
from sparksim.trace.query_events import Cells

BACKLOG = "spark.sql.streaming.continuous.epochBacklogQueueSize"
"""A query dies when so many parts of epochs wait for others (10000 by default)."""


@dataclass
class EpochPart:
    """What one partition did in one epoch. `latencies_ms` of each row written; empty where the driver writes.

    `sample` has the first rows; `message` is for the sink's driver side.
    """

    epoch: int
    partition: int
    rows_read: int = 0
    arrived_ms: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    sample: list[Cells] = field(default_factory=list)
    message: Any = None


class EpochCoordinator:
    """`current` is the epoch under way. Used in the hub only, which is where reports of tasks arrive."""

    def __init__(self, env: simpy.Environment, first: int, partitions: int, backlog: int) -> None:
        self.current = first
        self._env = env
        self._partitions = partitions
        self._backlog = backlog
        self._planned = self._done = first
        self._offsets: dict[int, dict[int, Offset]] = {}
        self._parts: dict[int, dict[int, EpochPart]] = {}
        self._news = env.event()

    def begin_next(self) -> int:
        """Begin an epoch; its number."""
        self.current += 1
        return self.current

    def epoch_now(self) -> int:
        """What a task asks for."""
        return self.current

    def read(self, epoch: int, partition: int, offset: Offset) -> None:
        """A task has read so far when the epoch ended."""
        self._offsets.setdefault(epoch, {})[partition] = offset
        self._tell()

    def wrote(self, part: EpochPart) -> None:
        """A task has written its part of an epoch."""
        self._parts.setdefault(part.epoch, {})[part.partition] = part
        self._tell()

    def news(self) -> simpy.Event:
        """What fires at the next report."""
        if self._news.triggered:
            self._news = self._env.event()
        return self._news

    def planned(self) -> tuple[int, Sequence[Offset]] | None:
        """The next epoch whose offsets are all there, given once, with those of the partitions in order."""
        offsets = self._offsets.get(self._planned, {})
        if len(offsets) < self._partitions:
            return None
        epoch = self._planned
        del self._offsets[epoch]
        self._planned += 1
        return epoch, [offsets[partition] for partition in range(self._partitions)]

    def done(self) -> tuple[int, Sequence[EpochPart]] | None:
        """The next epoch that all partitions have written and `planned` has given, once, its parts in order.

        Raises `IllegalStateError` when too much waits for a partition that does not report.
        """
        if self._waiting > self._backlog:
            raise IllegalStateError(
                f"more than {self._backlog} parts of epochs wait for a partition that does not report: has each of the "
                f"{self._partitions} partitions a core? {BACKLOG} is how many may wait"
            )
        parts = self._parts.get(self._done, {})
        if self._done >= self._planned or len(parts) < self._partitions:
            return None
        epoch = self._done
        del self._parts[epoch]
        self._done += 1
        return epoch, [parts[partition] for partition in range(self._partitions)]

    @property
    def _waiting(self) -> int:
        return max(sum(map(len, reports.values())) for reports in (self._offsets, self._parts))

    def _tell(self) -> None:
        if not self._news.triggered:
            self._news.succeed()

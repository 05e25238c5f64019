"""The database that the programs of the loss matrix write to: outside of every process that dies.

Each record is written by itself, by the task that has it, as soon as it has it; so a task that dies in the midst of its
partition has written half of it, and its next attempt writes the whole again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sparksim.core.task_context import TaskContext


class Write(NamedTuple):
    """Record number `record` was written by a task of the batch of `batch` (seconds) on partition `partition`."""

    batch: float
    partition: int
    record: int


_writes: list[Write] = []


def write_batch(time: datetime, rdd: Any) -> None:
    """The output operation: every partition writes its records, which are their own numbers."""
    batch = (time - datetime(1970, 1, 1)).total_seconds()

    def write(records: Iterator[str]) -> None:
        task = TaskContext.get()
        assert task is not None
        for record in records:
            append(Write(batch, task.partitionId(), int(record)))

    rdd.foreachPartition(write)


def append(write: Write) -> None:
    """Write it down, for good."""
    _writes.append(write)


def take() -> list[Write]:
    """All that was written since the last time, in order."""
    taken = list(_writes)
    _writes.clear()
    return taken

"""The outside world of a task: a list that tasks and test share, because functions of this module travel by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sparksim.core.task_context import TaskContext

WRITTEN: list[Any] = []


def write_each(records: Iterable[Any]) -> None:
    """For `foreachPartition`: write down every record as it comes, with the attempt that writes it."""
    attempt = TaskContext.get().attemptNumber()
    for record in records:
        WRITTEN.append((attempt, record))


def note(record: Any) -> Any:
    """For `map`: write down the record and pass it on."""
    WRITTEN.append(record)
    return record


def fail_first(times: int, partition: int) -> Callable[[int, Iterable[Any]], Iterator[Any]]:
    """For `mapPartitionsWithIndex`: raise in the first `times` attempts at `partition`."""

    def run(index: int, records: Iterable[Any]) -> Iterator[Any]:
        if index == partition and TaskContext.get().attemptNumber() < times:
            raise ValueError(f"attempt {TaskContext.get().attemptNumber()} of partition {index}")
        yield from records

    return run

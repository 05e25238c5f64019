"""`updateStateByKey`: the state of every key, written anew in every batch (Spark: PythonStateDStream).

The update function is called for each key that ever was and was not dropped, with or without new values. So a batch
costs as much as there are keys, however few of them were touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sparksim.core.backend import StateChange
from sparksim.core.rdd import RDD
from sparksim.core.storage_level import StorageLevel
from sparksim.core.task_context import TaskContext
from sparksim.streaming.rules import Past, Rule, Scene

UpdateFunction = Callable[[list[Any], Any], Any]
"""`(new values, state or None) -> state`, or None to drop the key."""


class UpdateState(Rule):
    """The last state cogrouped with the batch. No batch: the state stays as it is, the function is not called."""

    must_checkpoint = True
    level = StorageLevel.MEMORY_ONLY

    def __init__(self, update: UpdateFunction, partitions: int, initial: RDD[Any] | None) -> None:
        self.update = update
        self.partitions = partitions
        self.initial = initial

    def compute(self, stream: Past, parent: Past, batch_time_ms: int, scene: Scene) -> RDD[Any] | None:
        last = stream.get_or_compute(batch_time_ms - stream.slide_ms)
        batch = parent.get_or_compute(batch_time_ms)
        if batch is None:
            return last
        before = self.initial if last is None else last
        update, partitions = self.update, self.partitions
        if before is None:
            both = batch.groupByKey(partitions).mapValues(_without_state)
        else:
            both = before.cogroup(batch.partitionBy(partitions), partitions)
        return both.mapPartitionsWithIndex(_updating(update, batch_time_ms, stream.name), True)


def _without_state(values: Any) -> tuple[Any, Any]:
    return (), values


def _updating(update: UpdateFunction, batch_time_ms: int, stream: str) -> Callable[[int, Iterator[Any]], Iterator[Any]]:
    """From (key, (last states, new values)) to (key, state), and how many keys were updated and removed."""

    def states(index: int, pairs: Iterator[Any]) -> Iterator[Any]:
        keys = updated = removed = 0
        for key, (last, values) in pairs:
            before, new = next(iter(last), None), list(values)
            touched = bool(new)  # the function may do with the list what it likes
            state = update(new, before)
            if state is not None:
                keys += 1
                updated += touched
                yield key, state
            elif before is not None:
                removed += 1
        task = TaskContext.get()
        assert task is not None
        task.services.note_state(StateChange(batch_time_ms, stream, index, keys, updated, removed, 0))

    return states

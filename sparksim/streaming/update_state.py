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
from sparksim.streaming.state_account import CREATED, REMOVED, UPDATED, KeyAccount, Watch, size_of

UpdateFunction = Callable[[list[Any], Any], Any]
"""`(new values, state or None) -> state`, or None to drop the key."""


class UpdateState(Rule):
    """The last state cogrouped with the batch. No batch: the state stays as it is, the function is not called."""

    must_checkpoint = True
    level = StorageLevel.MEMORY_ONLY

    def __init__(self, update: UpdateFunction, partitions: int, initial: RDD[Any] | None, watch: Watch) -> None:
        self.update = update
        self.partitions = partitions
        self.initial = initial
        self.watch = watch

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
        updating = _updating(update, batch_time_ms, stream.name, self.watch)
        return both.mapPartitionsWithIndex(updating, True)


def _without_state(values: Any) -> tuple[Any, Any]:
    return (), values


def _updating(
    update: UpdateFunction, batch_time_ms: int, stream: str, watch: Watch
) -> Callable[[int, Iterator[Any]], Iterator[Any]]:
    """From (key, (last states, new values)) to (key, state), and what became of the keys.

    Told one by one are keys with new values and those that lost their state.
    """

    def states(index: int, pairs: Iterator[Any]) -> Iterator[Any]:
        account = KeyAccount(watch.keys)
        keys = updated = removed = size_bytes = 0
        for key, (last, values) in pairs:
            before, new = next(iter(last), None), list(values)
            touched = bool(new)  # the function may do with the list what it likes
            state = update(new, before)
            if state is not None:
                keys += 1
                updated += touched
                if watch.bytes:
                    size_bytes += size_of(state)
                if touched:
                    account.tell(key, CREATED if before is None else UPDATED, state)
                yield key, state
            elif before is not None:
                removed += 1
                account.tell(key, REMOVED, None)
        task = TaskContext.get()
        assert task is not None
        told = (size_bytes if watch.bytes else None, tuple(account.changes), account.left_out)
        task.services.note_state(StateChange(batch_time_ms, stream, index, keys, updated, removed, 0, *told))

    return states

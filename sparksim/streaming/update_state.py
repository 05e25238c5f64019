"""`updateStateByKey`: the state of every key, written anew in every batch (Spark: PythonStateDStream).

The update function is called for each key that ever was and was not dropped, with or without new values. So a batch
costs as much as there are keys, however few of them were touched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sparksim.core.rdd import RDD
from sparksim.core.storage_level import StorageLevel
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
            new = batch.groupByKey(partitions).mapValues(lambda values: update(list(values), None))
        else:
            both = before.cogroup(batch.partitionBy(partitions), partitions)
            new = both.mapValues(lambda pair: update(list(pair[1]), _first(pair[0])))
        return new.filter(_has_state)


def _first(values: Any) -> Any:
    return next(iter(values), None)


def _has_state(pair: tuple[Any, Any]) -> bool:
    return pair[1] is not None

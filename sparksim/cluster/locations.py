"""Where the data of an RDD lies: where its tasks would like to run, and which shuffles need not be read again.

Spark: DAGScheduler.getPreferredLocs, getMissingParentStages. A cached partition wins, then what the RDD itself says (a
received block knows its holders), then a shuffle's big map outputs, then the narrow parents in turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sparksim.cluster.shuffle import MapOutputTracker
from sparksim.cluster.storage import BlockManagerMaster
from sparksim.core.dependency import ShuffleDependency
from sparksim.core.rdd import RDD
from sparksim.core.storage_level import StorageLevel


class Locator:
    """Answers for one application."""

    def __init__(self, blocks: BlockManagerMaster, outputs: MapOutputTracker) -> None:
        self._blocks = blocks
        self._outputs = outputs

    def preferred(self, rdd: RDD[Any], index: int) -> tuple[str, ...]:
        """Locations in TaskLocation's spelling: `executor_<host>_<id>` or a host. Empty: anywhere."""
        seen: set[tuple[RDD[Any], int]] = set()
        waiting = [(rdd, index)]
        while waiting:
            place = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            each, part = place
            here = self._of(each, part)
            if here:
                return here
            waiting.extend(reversed(each.partitions_read(part)))
        return ()

    def shuffles_to_read(self, rdd: RDD[Any]) -> Iterator[int]:
        """The nearest shuffles under `rdd` that its tasks will read: none below an RDD that is cached completely."""
        seen: set[RDD[Any]] = set()
        waiting = [rdd]
        while waiting:
            each = waiting.pop()
            if each in seen or self._fully_cached(each):
                continue
            seen.add(each)
            for dependency in each.dependencies:
                if isinstance(dependency, ShuffleDependency):
                    yield dependency.shuffle_id
                else:
                    waiting.append(dependency.rdd)

    def _fully_cached(self, rdd: RDD[Any]) -> bool:
        if not rdd.is_cached or rdd.getStorageLevel() == StorageLevel.NONE:
            return False
        blocks = (f"rdd_{rdd.id()}_{index}" for index in range(rdd.getNumPartitions()))
        return all(any(holder.alive for holder in self._blocks.holders(block_id)) for block_id in blocks)

    def _of(self, rdd: RDD[Any], index: int) -> tuple[str, ...]:
        if rdd.is_cached:
            cached = self._blocks.holders(f"rdd_{rdd.id()}_{index}")
            if cached:
                return tuple([executor.location for executor in cached])
        own = rdd.preferred_locations(index)
        if own:
            return own
        for dependency in rdd.dependencies:
            if isinstance(dependency, ShuffleDependency):
                return self._outputs.preferred_hosts(dependency.shuffle_id, index)
        return ()

"""Where the data of a partition lies, and so where its task would like to run (Spark: DAGScheduler.getPreferredLocs).

A cached partition wins, then what the RDD itself says (a received block knows its holders), then a shuffle's big map
outputs, then the narrow parents in turn.
"""

from __future__ import annotations

from typing import Any

from sparksim.cluster.shuffle import MapOutputTracker
from sparksim.cluster.storage import BlockManagerMaster
from sparksim.core.dependency import NarrowDependency, ShuffleDependency
from sparksim.core.rdd import RDD


class Locator:
    """Answers for one application."""

    def __init__(self, blocks: BlockManagerMaster, outputs: MapOutputTracker) -> None:
        self._blocks = blocks
        self._outputs = outputs

    def preferred(self, rdd: RDD[Any], index: int) -> tuple[str, ...]:
        """Locations in TaskLocation's spelling: `executor_<host>_<id>` or a host. Empty: anywhere."""
        waiting: list[tuple[RDD[Any], int]] = [(rdd, index)]
        while waiting:
            each, part = waiting.pop()
            here = self._of(each, part)
            if here:
                return here
            parents = [
                (dependency.rdd, parent)
                for dependency in each.dependencies
                if isinstance(dependency, NarrowDependency)
                for parent in dependency.parents_of(part)
            ]
            waiting.extend(reversed(parents))
        return ()

    def _of(self, rdd: RDD[Any], index: int) -> tuple[str, ...]:
        cached = self._blocks.holders(f"rdd_{rdd.id()}_{index}")
        if cached:
            return tuple(executor.location for executor in cached)
        own = rdd.preferred_locations(index)
        if own:
            return own
        for dependency in rdd.dependencies:
            if isinstance(dependency, ShuffleDependency):
                return self._outputs.preferred_hosts(dependency.shuffle_id, index)
        return ()

"""The two kinds of RDD that streaming adds: one carries a receiver to its executor, one reads received blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sparksim.cluster.backend import ClusterBackend
from sparksim.core.context import SparkContext
from sparksim.core.errors import BlockNotFound, SparkException
from sparksim.core.rdd import RDD
from sparksim.core.serializer import load_records
from sparksim.core.task_context import TaskContext


class ReceiverRDD(RDD[Any]):
    """One empty partition with preferred locations: the receiver's job needs a place, not data."""

    def __init__(self, sc: SparkContext, name: str, locations: tuple[str, ...]) -> None:
        super().__init__(sc)
        self.setName(name)
        self._locations = locations

    def getNumPartitions(self) -> int:
        return 1

    def preferred_locations(self, index: int) -> tuple[str, ...]:
        return self._locations

    def compute(self, index: int, task: TaskContext) -> Iterator[Any]:
        return iter(())


class BlockRDD(RDD[Any]):
    """One partition per received block (Spark: BlockRDD). Prefers the hosts that hold the block."""

    def __init__(self, sc: SparkContext, backend: ClusterBackend, block_ids: Sequence[str]) -> None:
        super().__init__(sc)
        self.block_ids = tuple(block_ids)
        self._backend = backend
        self._valid = True

    def getNumPartitions(self) -> int:
        self._check_valid()
        return len(self.block_ids)

    def preferred_locations(self, index: int) -> tuple[str, ...]:
        return tuple(holder.block_host for holder in self._backend.blocks.holders(self.block_ids[index]))

    def compute(self, index: int, task: TaskContext) -> Iterator[Any]:
        self._check_valid()
        block_id = self.block_ids[index]
        try:
            data = task.services.read_block(block_id)
        except BlockNotFound:
            raise SparkException(f"Could not compute split, block {block_id} of RDD {self.id()} not found") from None
        return task.services.meter(load_records(data), "input")

    def remove_blocks(self) -> None:
        """Delete the blocks; the RDD cannot be used any more. From the job generator's fiber."""
        self._valid = False
        self._backend.clock.call(self._backend.blocks.remove, list(self.block_ids))

    def _check_valid(self) -> None:
        if not self._valid:
            raise SparkException(f"Attempted to use {self} after its blocks have been removed!")

"""Where blocks lie: one map of block id to executors, and the puts and gets that keep it true.

Spark: BlockManager on the executors, BlockManagerMaster on the driver. A block is bytes. Replicas go to peers in an order
drawn from the block id alone, as Spark's random replication policy does, so that the same block always has the same peers.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from sparksim.cluster.clock import Clock
from sparksim.cluster.cost import Prices
from sparksim.cluster.executor import Executor
from sparksim.core.errors import BlockNotFound
from sparksim.core.storage_level import StorageLevel
from sparksim.trace.events import BlockLost, BlockRemoved, BlockStored, Event


class BlockManagerMaster:
    """Knows every copy of every block. State changes in the hub only."""

    def __init__(self, clock: Clock, prices: Prices, emit: Callable[[Event], None]) -> None:
        self._clock = clock
        self._prices = prices
        self._emit = emit
        self._executors: dict[str, Executor] = {}
        self._locations: dict[str, list[Executor]] = {}

    def add(self, executor: Executor) -> None:
        """A block manager registered."""
        self._executors[executor.executor_id] = executor

    def holders(self, block_id: str) -> list[Executor]:
        """The executors that the driver believes to hold a copy."""
        return list(self._locations.get(block_id, ()))

    def put(self, executor: Executor, block_id: str, data: bytes, level: StorageLevel) -> int:
        """Store a block on `executor` and on `level.replication - 1` peers; returns how many copies there are.

        Called from a fiber: each copy takes its time on the way. Too few peers is not an error, as in Spark
        (BlockManager.replicate).
        """
        copies = [executor, *self._peers(executor, block_id)[: level.replication - 1]]
        for position, holder in enumerate(copies):
            if position:
                self._clock.charge(self._prices.draw(self._prices.model.replicate_byte_ms * len(data)))
            self._clock.call(self._store, holder, block_id, data, level)
        return len(self._locations.get(block_id, ()))

    def get(self, reader: Executor, block_id: str) -> bytes:
        """A copy, the reader's own first. Raises `BlockNotFound` when none is left."""
        if block_id in reader.blocks:
            return reader.blocks[block_id]
        for holder in self.holders(block_id):
            if holder.alive and block_id in holder.blocks:
                data = holder.blocks[block_id]
                self._clock.charge(self._prices.draw(self._prices.model.replicate_byte_ms * len(data)))
                return data
        raise BlockNotFound(block_id)

    def remove(self, block_ids: list[str]) -> None:
        """Delete blocks everywhere. Hub only."""
        for block_id in block_ids:
            holders = self._locations.pop(block_id, [])
            for holder in holders:
                holder.blocks.pop(block_id, None)
            if holders:
                self._emit(BlockRemoved(self._clock.now_ms, block_id))

    def remove_rdd(self, rdd_id: int) -> None:
        """Delete the cached partitions of one RDD. Hub only."""
        prefix = f"rdd_{rdd_id}_"
        self.remove([block_id for block_id in self._locations if block_id.startswith(prefix)])

    def executor_lost(self, executor: Executor) -> list[str]:
        """Forget the copies that `executor` held; returns the blocks that had no other. Hub only."""
        self._executors.pop(executor.executor_id, None)
        lost = []
        for block_id, holders in list(self._locations.items()):
            if executor in holders:
                holders.remove(executor)
                if not holders:
                    del self._locations[block_id]
                    lost.append(block_id)
                    self._emit(BlockLost(self._clock.now_ms, block_id, executor.executor_id))
        return lost

    def _peers(self, executor: Executor, block_id: str) -> list[Executor]:
        others = [peer for peer in self._executors.values() if peer is not executor and peer.alive]
        random.Random(block_id).shuffle(others)
        return others

    def _store(self, holder: Executor, block_id: str, data: bytes, level: StorageLevel) -> None:
        if not holder.alive:
            return
        holder.blocks[block_id] = data
        holders = self._locations.setdefault(block_id, [])
        if holder not in holders:
            holders.append(holder)
            self._emit(BlockStored(self._clock.now_ms, block_id, holder.executor_id, level.short_name, len(data)))

"""Where blocks lie: one map of block id to executors, and the puts and gets that keep it true.

Spark: BlockManager on the executors, BlockManagerMaster on the driver. A block is bytes. Replicas go to peers in an
order drawn from the block id alone, as Spark's random replication policy does: the same block has the same peers.
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

MAX_REPLICATION_FAILURES = 1
"""spark.storage.maxReplicationFailures: one failed upload is made good with another peer, a second one ends it."""


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
        self._clock.call(self._store, executor, block_id, data, level)
        missing, failures = level.replication - 1, 0
        for peer in self._peers(executor, block_id):
            if missing == 0 or failures > MAX_REPLICATION_FAILURES:
                break
            self._charge_transfer(data)
            if self._clock.call(self._store, peer, block_id, data, level):
                missing -= 1
            else:
                failures += 1
        return len(self.holders(block_id))

    def get(self, reader: Executor, block_id: str) -> bytes:
        """A copy, the reader's own first. From a fiber. Raises `BlockNotFound` when none is left."""
        own = reader.blocks.get(block_id)
        if own is not None:
            return own
        for holder in self.holders(block_id):
            data = holder.blocks.get(block_id)
            if data is None:
                continue
            self._charge_transfer(data)
            if holder.alive:
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

    def executor_lost(self, executor: Executor) -> None:
        """Forget the executor and the copies it held. Hub only."""
        self._executors.pop(executor.executor_id, None)
        for block_id, holders in list(self._locations.items()):
            if executor in holders:
                holders.remove(executor)
                if not holders:
                    del self._locations[block_id]
                    self._emit(BlockLost(self._clock.now_ms, block_id, executor.executor_id))

    def _peers(self, executor: Executor, block_id: str) -> list[Executor]:
        others = [peer for peer in list(self._executors.values()) if peer is not executor]
        random.Random(block_id).shuffle(others)
        return others

    def _charge_transfer(self, data: bytes) -> None:
        self._clock.charge(self._prices.draw(self._prices.model.replicate_byte_ms * len(data)))

    def _store(self, holder: Executor, block_id: str, data: bytes, level: StorageLevel) -> bool:
        """Whether the copy arrived: a process that died takes nothing, also when the driver has not heard of it yet."""
        if not holder.alive:
            return False
        holder.blocks[block_id] = data
        holders = self._locations.setdefault(block_id, [])
        if holder not in holders:
            holders.append(holder)
            self._emit(BlockStored(self._clock.now_ms, block_id, holder.executor_id, level.short_name, len(data)))
        return True

"""Where blocks lie: one map of block id to executors, and the puts and gets that keep it true.

Spark: BlockManager on the executors, BlockManagerMaster on the driver. A block is bytes, or records that live as
objects in the executor that computed them and become bytes only when they leave it. Replicas go to peers in an order
drawn from the block id alone, as Spark's random replication policy does: the same block has the same peers. A copy goes
when it is removed, when its executor dies, or when another block needs its room in memory (`block_store.py`).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from math import inf

from sparksim.cluster.block_store import Block, Evicted, rdd_of
from sparksim.cluster.clock import Clock
from sparksim.cluster.cost import Prices
from sparksim.cluster.executor import Executor
from sparksim.core.errors import BlockNotFound
from sparksim.core.serializer import dump_records
from sparksim.core.storage_level import StorageLevel
from sparksim.trace.events import BlockEvicted, BlockLost, BlockRemoved, BlockStored, Event

MAX_REPLICATION_FAILURES = 1
"""spark.storage.maxReplicationFailures: one failed upload is made good with another peer, a second one ends it."""

PEERS_KNOWN_MS = 60_000
"""spark.storage.cachedPeersTtl: how long an executor goes by its list of peers, unless one of them fails it."""


class BlockManagerMaster:
    """Knows every copy of every block; each executor has `memory_bytes` for them. State changes in the hub only."""

    def __init__(self, clock: Clock, prices: Prices, emit: Callable[[Event], None], memory_bytes: float = inf) -> None:
        self._memory_bytes = memory_bytes
        self._evicted: set[str] = set()
        self._clock = clock
        self._prices = prices
        self._emit = emit
        self._executors: dict[str, Executor] = {}
        self._known_peers: dict[Executor, tuple[float, list[Executor]]] = {}
        self._rng = random.Random()
        self._locations: dict[str, list[Executor]] = {}
        self._kept_rdds: set[str] = set()

    def add(self, executor: Executor) -> None:
        """A block manager registered."""
        self._executors[executor.executor_id] = executor
        executor.blocks.limit_bytes = self._memory_bytes

    def holders(self, block_id: str) -> list[Executor]:
        """The executors that the driver believes to hold a copy."""
        return list(self._locations.get(block_id, ()))

    def was_evicted(self, block_id: str) -> bool:
        """Whether the last copy of a block had to make room for another block."""
        return block_id in self._evicted

    def put(self, executor: Executor, block_id: str, data: Block, level: StorageLevel) -> int:
        """Store a block on `executor` and on `level.replication - 1` peers; returns how many copies there are.

        A list of records stays the very list it is; a peer gets bytes, serialised once for all peers. Objects are not
        measured: their `BlockStored` says 0 bytes, because the only measure at hand is to serialise them.

        Called from a fiber: each copy takes its time on the way. Too few peers is not an error, as in Spark
        (BlockManager.replicate). Without room on `executor` there are no replicas either; a peer without room keeps
        nothing, and nobody learns of it (NettyBlockRpcServer ignores that the put failed).
        """
        self._clock.call(self._store, executor, block_id, data, level)
        if executor.alive and block_id not in executor.blocks:
            return 0
        missing, failures = level.replication - 1, 0
        copy = self._as_bytes(data) if missing else b""
        peers, tried = self._peers(executor, block_id), {executor}
        while peers and missing > 0 and failures <= MAX_REPLICATION_FAILURES:
            peer = peers.pop(0)
            tried.add(peer)
            self._charge_transfer(copy)
            if self._clock.call(self._store, peer, block_id, copy, level):
                missing -= 1
            else:
                failures += 1
                peers = [each for each in self._peers(executor, block_id, afresh=True) if each not in tried]
        return len(self.holders(block_id))

    def get(self, reader: Executor, block_id: str) -> Block:
        """A copy, the reader's own first. From a fiber. Raises `BlockNotFound` when none is left.

        Objects come as they are from the reader's own memory, where everybody shares them; from elsewhere come bytes.
        """
        own = reader.blocks.get(block_id)
        if own is not None:
            return own
        for holder in self.holders(block_id):
            data = holder.blocks.get(block_id)
            if data is None:
                continue
            copy = self._as_bytes(data)
            self._charge_transfer(copy)
            if holder.alive:
                return copy
        raise BlockNotFound(block_id)

    def remove(self, block_ids: list[str]) -> None:
        """Delete blocks everywhere. Hub only."""
        for block_id in block_ids:
            holders = self._locations.pop(block_id, [])
            self._evicted.discard(block_id)
            for holder in holders:
                holder.blocks.remove(block_id)
            if holders:
                self._emit(BlockRemoved(self._clock.now_ms, block_id))

    def remove_rdd(self, rdd_id: int) -> None:
        """Delete the cached partitions of one RDD. Hub only."""
        name = f"rdd_{rdd_id}"
        if name in self._kept_rdds:  # most RDDs are not, and there may be very many blocks to look through
            self._kept_rdds.remove(name)
            self.remove([block_id for block_id in self._locations if rdd_of(block_id) == name])

    def executor_lost(self, executor: Executor) -> None:
        """Forget the executor and the copies it held. Hub only."""
        self._executors.pop(executor.executor_id, None)
        for block_id, holders in list(self._locations.items()):
            if executor in holders:
                self._lose_copy(executor, block_id)

    def _lose_copy(self, holder: Executor, block_id: str) -> bool:
        """Whether it was the last one."""
        holders = self._locations[block_id]
        holders.remove(holder)
        if not holders:
            del self._locations[block_id]
            self._emit(BlockLost(self._clock.now_ms, block_id, holder.executor_id))
        return not holders

    def _peers(self, executor: Executor, block_id: str, *, afresh: bool = False) -> list[Executor]:
        """The others as `executor` heard of them last: not of newcomers (Spark: BlockManager.getPeers)."""
        asked_ms, others = self._known_peers.get(executor, (-inf, []))
        if afresh or self._clock.now_ms - asked_ms > PEERS_KNOWN_MS:
            others = [peer for peer in self._executors.values() if peer is not executor]
            self._known_peers[executor] = self._clock.now_ms, others
        peers = list(others)
        if len(peers) > 1:
            self._rng.seed(block_id)
            self._rng.shuffle(peers)
        return peers

    def _as_bytes(self, data: Block) -> bytes:
        """What travels to another executor. On a fiber: serialising records takes its time."""
        if isinstance(data, bytes):
            return data
        self._clock.charge(self._prices.draw(self._prices.model.serialize_record_ms * len(data)))
        return dump_records(data)

    def _charge_transfer(self, data: bytes) -> None:
        self._clock.charge(self._prices.draw(self._prices.model.replicate_byte_ms * len(data)))

    def _store(self, holder: Executor, block_id: str, data: Block, level: StorageLevel) -> bool:
        """Whether the copy arrived: a process that died takes nothing, also when the driver has not heard of it yet."""
        if not holder.alive:
            return False
        for evicted in holder.blocks.put(block_id, data, level):
            self._evict(holder, evicted)
        holders = self._locations.get(block_id, [])
        if block_id in holder.blocks and holder not in holders:
            self._locations[block_id] = [*holders, holder]
            if (rdd := rdd_of(block_id)) is not None:
                self._kept_rdds.add(rdd)
            kept = replace(level, useMemory=False) if holder.blocks.is_on_disk(block_id) else level
            size_bytes = len(data) if isinstance(data, bytes) else 0
            self._emit(BlockStored(self._clock.now_ms, block_id, holder.executor_id, kept.short_name, size_bytes))
        return True

    def _evict(self, holder: Executor, evicted: Evicted) -> None:
        block_id = evicted.block_id
        self._emit(BlockEvicted(self._clock.now_ms, block_id, holder.executor_id, evicted.on_disk))
        if not evicted.on_disk and self._lose_copy(holder, block_id):
            self._evicted.add(block_id)

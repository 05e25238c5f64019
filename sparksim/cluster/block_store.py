"""What one executor keeps: blocks in memory up to a limit, and blocks on disk (Spark: MemoryStore, DiskStore).

A block that finds no room pushes out others, those first that were used longest ago. A block that was pushed out goes
to disk if its storage level says so, else this copy is gone. When even that makes no room, or the block is bigger than
the whole memory, nothing is pushed out: the block itself goes to disk, or is refused.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

from sparksim.core.conf import SparkConf, number, size_bytes
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.storage_level import StorageLevel

Block = bytes | list[Any]
"""What a block is in memory: serialised, or a list of records as objects, which nobody may change."""

RESERVED = "spark.testing.reservedMemory"


@dataclass(frozen=True, slots=True)
class Evicted:
    """A block that had to make room; `on_disk`: it is there now."""

    block_id: str
    on_disk: bool


class _InMemory(NamedTuple):
    data: Block
    level: StorageLevel
    size_bytes: int
    """0 for objects, which are not measured: the only measure at hand is to serialise them."""


class BlockStore:
    """The blocks of one executor. `limit_bytes` is for those in memory; disk has room for all."""

    def __init__(self, limit_bytes: float = inf) -> None:
        self.limit_bytes = limit_bytes
        self._memory: dict[str, _InMemory] = {}
        self._disk: dict[str, Block] = {}
        self._used_bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._memory) + len(self._disk)

    def __contains__(self, block_id: str) -> bool:
        return block_id in self._memory or block_id in self._disk

    def is_on_disk(self, block_id: str) -> bool:
        """Whether the block lies on disk and not in memory."""
        return block_id in self._disk

    def get(self, block_id: str) -> Block | None:
        """The block, or None. One that is in memory is now the one used last."""
        with self._lock:
            kept = self._memory.pop(block_id, None)
            if kept is None:
                return self._disk.get(block_id)
            self._memory[block_id] = kept
            return kept.data

    def put(self, block_id: str, data: Block, level: StorageLevel) -> list[Evicted]:
        """Keep a block, unless it is here already; what had to make room for it. `in` tells whether it is kept."""
        with self._lock:
            if block_id in self:
                return []
            block = _InMemory(data, level, len(data) if isinstance(data, bytes) else 0)
            victims = self._victims(block_id, block.size_bytes) if level.useMemory else None
            if victims is not None:
                evicted = [self._evict(victim) for victim in victims]
                self._memory[block_id] = block
                self._used_bytes += block.size_bytes
                return evicted
            if level.useDisk:
                self._disk[block_id] = data
            return []

    def remove(self, block_id: str) -> None:
        """Forget a block, wherever it is."""
        with self._lock:
            if block_id in self._memory:
                self._take(block_id)
            self._disk.pop(block_id, None)

    def clear(self) -> None:
        """The process is gone, and its files with it."""
        with self._lock:
            self._memory.clear()
            self._disk.clear()
            self._used_bytes = 0

    def _victims(self, block_id: str, size_bytes: int) -> list[str] | None:
        """Which blocks to push out so that this many bytes fit; None when that cannot be done.

        Partitions of one RDD never push out each other (Spark: MemoryStore.evictBlocksToFreeSpace).
        """
        if size_bytes > self.limit_bytes:
            return None
        missing, victims = self._used_bytes + size_bytes - self.limit_bytes, []
        for other, block in self._memory.items():
            if missing <= 0:
                break
            if rdd_of(block_id) is None or rdd_of(block_id) != rdd_of(other):
                victims.append(other)
                missing -= block.size_bytes
        return victims if missing <= 0 else None

    def _evict(self, block_id: str) -> Evicted:
        block = self._take(block_id)
        if block.level.useDisk:
            self._disk[block_id] = block.data
        return Evicted(block_id, block.level.useDisk)

    def _take(self, block_id: str) -> _InMemory:
        block = self._memory.pop(block_id)
        self._used_bytes -= block.size_bytes
        return block


def rdd_of(block_id: str) -> str | None:
    """The RDD of a cached partition; None for a received block."""
    return block_id.rpartition("_")[0] if block_id.startswith("rdd_") else None


def storage_memory_bytes(conf: SparkConf, live: bool) -> float:
    """How many bytes of blocks an executor has memory for (Spark: UnifiedMemoryManager.getMaxMemory).

    The heap (`spark.executor.memory`; in local mode `spark.driver.memory`) less 300 MiB for Spark itself, times
    `spark.memory.fraction`. Raises `IllegalArgumentError` when the heap is less than one and a half of what is reserved
    (`spark.testing.reservedMemory` reserves less), or the fraction is not between 0 and 1.
    """
    key = "spark.driver.memory" if live else "spark.executor.memory"
    heap, reserved = size_bytes(conf, key, "1g"), size_bytes(conf, RESERVED, "300m")
    if heap < 1.5 * reserved:
        raise IllegalArgumentError(
            f"{key}={conf.get(key)!r}: Spark reserves {reserved >> 20} MiB of it and wants half as much again. Give at "
            f"least {reserved * 3 >> 21}m, or reserve less with {RESERVED}=0"
        )
    fraction = number(conf, "spark.memory.fraction", 0.6)
    if not 0 < fraction <= 1:
        raise IllegalArgumentError(
            f"spark.memory.fraction={fraction:g}: give a number above 0 and up to 1, such as 0.6"
        )
    return int((heap - reserved) * fraction)

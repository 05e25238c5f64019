"""The events of stored blocks: where their copies lie, in memory, on disk or in a log, and how they go."""

from __future__ import annotations

from dataclasses import dataclass

from sparksim.trace.event import Event, made_fast


@made_fast
@dataclass(frozen=True, slots=True)
class BlockStored(Event):
    """A copy of a block now lies on this executor. `level` is Spark's short text, such as MEMORY_AND_DISK_SER_2."""

    block_id: str
    executor_id: str
    level: str
    size_bytes: int


@made_fast
@dataclass(frozen=True, slots=True)
class BlockLogged(Event):
    """`executor_id` wrote the block to its receiver's write-ahead log. `path` is "" for a log that has no files."""

    block_id: str
    executor_id: str
    path: str
    size_bytes: int


@made_fast
@dataclass(frozen=True, slots=True)
class BlockRemoved(Event):
    """The block was cleaned up on purpose, all copies."""

    block_id: str


@made_fast
@dataclass(frozen=True, slots=True)
class BlockEvicted(Event):
    """Another block needed its room in the memory of this executor. Unless it is `on_disk` now, this copy is gone."""

    block_id: str
    executor_id: str
    on_disk: bool


@made_fast
@dataclass(frozen=True, slots=True)
class BlockLost(Event):
    """The last copy of a block went with `executor_id`."""

    block_id: str
    executor_id: str

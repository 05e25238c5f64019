"""Which partition a key belongs to (PySpark: Partitioner), by hash or by range."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from sparksim.core.portable_hash import portable_hash

__all__ = ["Partitioner", "RangePartition", "portable_hash"]


class Partitioner:
    """Places a key in partition `partitionFunc(key) % numPartitions`. Equal when both are equal."""

    def __init__(self, numPartitions: int, partitionFunc: Callable[[Any], int]) -> None:
        self.numPartitions = numPartitions
        self.partitionFunc = partitionFunc

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Partitioner)
            and self.numPartitions == other.numPartitions
            and self.partitionFunc == other.partitionFunc
        )

    def __hash__(self) -> int:
        return hash(self.numPartitions)

    def __call__(self, key: Any) -> int:
        return self.partitionFunc(key) % self.numPartitions


class RangePartition:
    """The partition function of a sort: `bounds` are the upper ends of all ranges but the last."""

    def __init__(self, bounds: list[Any], keyfunc: Callable[[Any], Any] | None, ascending: bool) -> None:
        self.bounds = bounds
        self.keyfunc = keyfunc
        self.ascending = ascending

    def __call__(self, key: Any) -> int:
        position = bisect_left(self.bounds, key if self.keyfunc is None else self.keyfunc(key))
        return position if self.ascending else len(self.bounds) - position

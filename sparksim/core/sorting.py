"""Sorting: sample the keys, cut them into ranges, shuffle by range, sort each range (PySpark: RDD.sortByKey)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from sparksim.core.pairs import PairTransformations, PartitionFunc
from sparksim.core.partitioner import RangePartition, portable_hash
from sparksim.core.steps import PARTITIONS

if TYPE_CHECKING:
    from sparksim.core.rdd import RDD

T = TypeVar("T")

SAMPLES_PER_PARTITION = 20.0


class Sorting(PairTransformations[T]):
    """Sorts. `sortByKey` and `sortBy` run jobs to sample the keys, unless there is one partition."""

    def sortByKey(
        self,
        ascending: bool = True,
        numPartitions: int | None = None,
        keyfunc: Callable[[Any], Any] | None = None,
    ) -> RDD[T]:
        """Sort the pairs by key, or by `keyfunc(key)`."""
        count = self._defaultReducePartitions() if numPartitions is None else numPartitions
        sort = partial(_sort, keyfunc, ascending)
        if count == 1:
            together = self.coalesce(1) if self.getNumPartitions() > 1 else self
            return together._then(PARTITIONS, sort, True)
        size = self._rdd.count()
        if size == 0:
            return self._rdd
        fraction = min(count * SAMPLES_PER_PARTITION / size, 1.0)
        samples = sorted(self.sample(False, fraction, 1).keys().collect(), key=keyfunc)
        bounds = [samples[int(len(samples) * (part + 1) / count)] for part in range(count - 1)]
        ranges = RangePartition(bounds, keyfunc, bool(ascending))
        return self.partitionBy(count, ranges)._then(PARTITIONS, sort, True)

    def sortBy(self, keyfunc: Callable[[T], Any], ascending: bool = True, numPartitions: int | None = None) -> RDD[T]:
        """Sort the records by `keyfunc(record)`."""
        return self.keyBy(keyfunc).sortByKey(ascending, numPartitions).values()

    def repartitionAndSortWithinPartitions(
        self,
        numPartitions: int | None = None,
        partitionFunc: PartitionFunc = portable_hash,
        ascending: bool = True,
        keyfunc: Callable[[Any], Any] | None = None,
    ) -> RDD[T]:
        """`partitionBy`, then sort each partition by key, or by `keyfunc(key)`."""
        sort = partial(_sort, keyfunc, ascending)
        return self.partitionBy(numPartitions, partitionFunc)._then(PARTITIONS, sort, True)


def _sort(keyfunc: Callable[[Any], Any] | None, ascending: bool, pairs: Iterator[Any]) -> list[Any]:
    return sorted(pairs, key=_key if keyfunc is None else partial(_by, keyfunc), reverse=not ascending)


def _key(pair: Any) -> Any:
    return pair[0]


def _by(keyfunc: Callable[[Any], Any], pair: Any) -> Any:
    return keyfunc(pair[0])

"""The stateless operators of a stream of (key, value) pairs (PySpark: DStream).

Their shuffles use the context's default parallelism unless told otherwise, never the parent's number of partitions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sparksim.core.partitioner import portable_hash
from sparksim.core.rdd import RDD
from sparksim.streaming.operators import Operators, check_stream

if TYPE_CHECKING:
    from sparksim.streaming.dstream import DStream

T = TypeVar("T")


class PairOperators(Operators[T], Generic[T]):
    """Mixin of `DStream`: operators on pairs. `numPartitions` is `sc.defaultParallelism` by default."""

    def mapValues(self, f: Callable[[Any], Any]) -> DStream[Any]:
        """Apply `f` to each value; keys and partitions stay."""
        return self._per_batch(lambda rdd: rdd.mapValues(f))

    def flatMapValues(self, f: Callable[[Any], Iterable[Any]]) -> DStream[Any]:
        """Apply `f` to each value and pair each of its results with the key."""
        return self._per_batch(lambda rdd: rdd.flatMapValues(f))

    def partitionBy(self, numPartitions: int, partitionFunc: Callable[[Any], int] = portable_hash) -> DStream[Any]:
        """Shuffle each batch by key."""
        return self._per_batch(lambda rdd: rdd.partitionBy(numPartitions, partitionFunc))

    def reduceByKey(self, func: Callable[[Any, Any], Any], numPartitions: int | None = None) -> DStream[Any]:
        """One pair per key and batch, its values reduced; map side first."""
        partitions = self._partitions(numPartitions)
        return self._per_batch(lambda rdd: rdd.reduceByKey(func, partitions))

    def combineByKey(
        self,
        createCombiner: Callable[[Any], Any],
        mergeValue: Callable[[Any, Any], Any],
        mergeCombiners: Callable[[Any, Any], Any],
        numPartitions: int | None = None,
    ) -> DStream[Any]:
        """One pair per key and batch, its values combined; map side first."""
        partitions = self._partitions(numPartitions)
        return self._per_batch(lambda rdd: rdd.combineByKey(createCombiner, mergeValue, mergeCombiners, partitions))

    def groupByKey(self, numPartitions: int | None = None) -> DStream[Any]:
        """One pair per key and batch, with all its values."""
        partitions = self._partitions(numPartitions)
        return self._per_batch(lambda rdd: rdd.groupByKey(partitions))

    def cogroup(self, other: DStream[Any], numPartitions: int | None = None) -> DStream[Any]:
        """Per key, the values of both streams in this batch."""
        return self._with(lambda ours, theirs, n: ours.cogroup(theirs, n), other, numPartitions)

    def join(self, other: DStream[Any], numPartitions: int | None = None) -> DStream[Any]:
        """Pairs of values that share a key in the same batch."""
        return self._with(lambda ours, theirs, n: ours.join(theirs, n), other, numPartitions)

    def leftOuterJoin(self, other: DStream[Any], numPartitions: int | None = None) -> DStream[Any]:
        """`join`, with None for the missing side of keys that only this stream has."""
        return self._with(lambda ours, theirs, n: ours.leftOuterJoin(theirs, n), other, numPartitions)

    def rightOuterJoin(self, other: DStream[Any], numPartitions: int | None = None) -> DStream[Any]:
        """`join`, with None for the missing side of keys that only the other stream has."""
        return self._with(lambda ours, theirs, n: ours.rightOuterJoin(theirs, n), other, numPartitions)

    def fullOuterJoin(self, other: DStream[Any], numPartitions: int | None = None) -> DStream[Any]:
        """`join`, with None for whichever side is missing."""
        return self._with(lambda ours, theirs, n: ours.fullOuterJoin(theirs, n), other, numPartitions)

    def _with(
        self, func: Callable[[RDD[Any], RDD[Any], int], RDD[Any]], other: DStream[Any], numPartitions: int | None
    ) -> DStream[Any]:
        check_stream(other)
        partitions = self._partitions(numPartitions)
        return self._derive((other,), lambda _time_ms, rdds: func(rdds[0], rdds[1], partitions))

    def _partitions(self, asked: int | None) -> int:
        return self._ssc.sparkContext.defaultParallelism if asked is None else asked

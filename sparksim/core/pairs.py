"""Transformations of (key, value) pairs that bring equal keys together (PySpark: RDD.reduceByKey and its kin)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from sparksim.core.combine import combine_values
from sparksim.core.dependency import Aggregator
from sparksim.core.partitioner import Partitioner, portable_hash
from sparksim.core.result_iterable import ResultIterable
from sparksim.core.sampling import StratifiedSampler
from sparksim.core.steps import INDEXED, MAP, PARTITIONS
from sparksim.core.transformations import Transformations

if TYPE_CHECKING:
    from sparksim.core.rdd import RDD

T = TypeVar("T")
U = TypeVar("U")
K = TypeVar("K")
V = TypeVar("V")

PartitionFunc = Callable[[Any], int]


class PairTransformations(Transformations[T]):
    """Transformations by key. `numPartitions` None means `spark.default.parallelism` if set, else as many as now."""

    def _defaultReducePartitions(self) -> int:
        if self.ctx._conf.contains("spark.default.parallelism"):
            return self.ctx.defaultParallelism
        return self.getNumPartitions()

    def partitionBy(self, numPartitions: int | None, partitionFunc: PartitionFunc = portable_hash) -> RDD[T]:
        """Put each pair in partition `partitionFunc(key) % numPartitions`. No shuffle if they are there already."""
        partitioner = self._partitioner(numPartitions, partitionFunc)
        if self.partitioner == partitioner:
            return self._rdd
        from sparksim.core.nodes import ShuffledRDD

        return ShuffledRDD(self._rdd, partitioner)

    def combineByKey(
        self: PairTransformations[tuple[K, V]],
        createCombiner: Callable[[V], U],
        mergeValue: Callable[[U, V], U],
        mergeCombiners: Callable[[U, U], U],
        numPartitions: int | None = None,
        partitionFunc: PartitionFunc = portable_hash,
    ) -> RDD[tuple[K, U]]:
        """Combine the values of each key, first within each partition and then across partitions."""
        aggregator = Aggregator(createCombiner, mergeValue, mergeCombiners)
        return self._combine(aggregator, numPartitions, partitionFunc)

    def reduceByKey(
        self: PairTransformations[tuple[K, V]],
        func: Callable[[V, V], V],
        numPartitions: int | None = None,
        partitionFunc: PartitionFunc = portable_hash,
    ) -> RDD[tuple[K, V]]:
        """Merge the values of each key with `func`, which must be associative and commutative."""
        return self._combine(Aggregator(None, func, func), numPartitions, partitionFunc)

    def aggregateByKey(
        self: PairTransformations[tuple[K, V]],
        zeroValue: U,
        seqFunc: Callable[[U, V], U],
        combFunc: Callable[[U, U], U],
        numPartitions: int | None = None,
        partitionFunc: PartitionFunc = portable_hash,
    ) -> RDD[tuple[K, U]]:
        """Aggregate the values of each key, starting from a copy of `zeroValue` for each key and partition."""
        aggregator = Aggregator(partial(_start_from, zeroValue, seqFunc), seqFunc, combFunc)
        return self._combine(aggregator, numPartitions, partitionFunc)

    def foldByKey(
        self: PairTransformations[tuple[K, V]],
        zeroValue: V,
        func: Callable[[V, V], V],
        numPartitions: int | None = None,
        partitionFunc: PartitionFunc = portable_hash,
    ) -> RDD[tuple[K, V]]:
        """Merge the values of each key with `func`, starting from a copy of `zeroValue` for each key and partition."""
        return self.aggregateByKey(zeroValue, func, func, numPartitions, partitionFunc)

    def groupByKey(
        self: PairTransformations[tuple[K, V]],
        numPartitions: int | None = None,
        partitionFunc: PartitionFunc = portable_hash,
    ) -> RDD[tuple[K, ResultIterable[V]]]:
        """The values of each key as one iterable."""
        grouped = self._combine(Aggregator(_new_list, _append, _extend), numPartitions, partitionFunc)
        return grouped.mapValues(ResultIterable)

    def groupBy(
        self, f: Callable[[T], K], numPartitions: int | None = None, partitionFunc: PartitionFunc = portable_hash
    ) -> RDD[tuple[K, ResultIterable[T]]]:
        """The records that share `f(record)` as one iterable."""
        keyed: Any = self.keyBy(f)
        return keyed.groupByKey(numPartitions, partitionFunc)  # type: ignore[no-any-return]  # mypy loses K and T here

    def distinct(self, numPartitions: int | None = None) -> RDD[T]:
        """Each record once."""
        return self._then(MAP, _without_value).reduceByKey(_first, numPartitions).keys()

    def sampleByKey(self, withReplacement: bool, fractions: Mapping[Any, float], seed: int | None = None) -> RDD[T]:
        """A random sample with a fraction for each key. Raises `AssertionError` for a negative one, as PySpark does."""
        for key, fraction in fractions.items():
            assert fraction >= 0.0, f"the fraction of key {key!r} must not be negative, got {fraction!r}"
        return self._then(INDEXED, StratifiedSampler(withReplacement, fractions, self._seed(seed)), True)

    # --- several RDDs -----------------------------------------------------------------------------------------------

    def cogroup(self, other: RDD[Any], numPartitions: int | None = None) -> RDD[Any]:
        """For each key, the values it has in this RDD and those it has in `other`, as a tuple of iterables."""
        return _cogroup([self._rdd, other], numPartitions)

    def groupWith(self, other: RDD[Any], *others: RDD[Any]) -> RDD[Any]:
        """`cogroup` of any number of RDDs."""
        return _cogroup([self._rdd, other, *others], None)

    def join(self, other: RDD[Any], numPartitions: int | None = None) -> RDD[Any]:
        """(key, (value here, value there)) for all pairs of values of a key that both have."""
        return self._join(other, numPartitions, left_outer=False, right_outer=False)

    def leftOuterJoin(self, other: RDD[Any], numPartitions: int | None = None) -> RDD[Any]:
        """`join`, with None for what is missing in `other`."""
        return self._join(other, numPartitions, left_outer=True, right_outer=False)

    def rightOuterJoin(self, other: RDD[Any], numPartitions: int | None = None) -> RDD[Any]:
        """`join`, with None for what is missing here."""
        return self._join(other, numPartitions, left_outer=False, right_outer=True)

    def fullOuterJoin(self, other: RDD[Any], numPartitions: int | None = None) -> RDD[Any]:
        """`join`, with None for what is missing on either side."""
        return self._join(other, numPartitions, left_outer=True, right_outer=True)

    def intersection(self, other: RDD[T]) -> RDD[T]:
        """The records that are in both, each once."""
        first, second = self._then(MAP, _without_value), other._then(MAP, _without_value)
        return first.cogroup(second).filter(_in_both).keys()

    def subtractByKey(self, other: RDD[Any], numPartitions: int | None = None) -> RDD[T]:
        """The pairs whose key is not in `other`."""
        return self.cogroup(other, numPartitions).filter(_only_here)._then(PARTITIONS, _values_here, True)

    def subtract(self, other: RDD[T], numPartitions: int | None = None) -> RDD[T]:
        """The records that are not in `other`."""
        return self._then(MAP, _with_true).subtractByKey(other._then(MAP, _with_true), numPartitions).keys()

    # --- how --------------------------------------------------------------------------------------------------------

    def _partitioner(self, numPartitions: int | None, partitionFunc: PartitionFunc) -> Partitioner:
        count = self._defaultReducePartitions() if numPartitions is None else numPartitions
        return Partitioner(count, partitionFunc)

    def _combine(self, aggregator: Aggregator, numPartitions: int | None, partitionFunc: PartitionFunc) -> RDD[Any]:
        partitioner = self._partitioner(numPartitions, partitionFunc)
        if self.partitioner == partitioner:
            return self._then(PARTITIONS, partial(_combine_in_place, aggregator), True)
        from sparksim.core.nodes import ShuffledRDD

        return ShuffledRDD(self._rdd, partitioner, aggregator, map_side_combine=True)

    def _join(self, other: RDD[Any], numPartitions: int | None, left_outer: bool, right_outer: bool) -> RDD[Any]:
        grouped = _grouped([self._rdd, other], numPartitions)
        return grouped.flatMapValues(partial(_pairs, left_outer, right_outer))


def _grouped(rdds: list[RDD[Any]], numPartitions: int | None) -> RDD[Any]:
    """For each key its values, each tagged with the number of the RDD it comes from. One shuffle for all of them."""
    from sparksim.core.nodes import union

    tagged = [rdd.mapValues(partial(_tag, number)) for number, rdd in enumerate(rdds)]
    together = tagged[0]
    for each in tagged[1:]:
        together = union(together.ctx, [together, each])
    return together._combine(Aggregator(_new_list, _append, _extend), numPartitions, portable_hash)


def _cogroup(rdds: list[RDD[Any]], numPartitions: int | None) -> RDD[Any]:
    return _grouped(rdds, numPartitions).mapValues(partial(_separate, len(rdds)))


def _combine_in_place(aggregator: Aggregator, pairs: Iterator[Any]) -> Iterable[Any]:
    return combine_values(aggregator, pairs).items()


def _start_from(zero: Any, func: Callable[[Any, Any], Any], value: Any) -> Any:
    return func(copy.deepcopy(zero), value)


def _new_list(value: Any) -> list[Any]:
    return [value]


def _append(values: list[Any], value: Any) -> list[Any]:
    values.append(value)
    return values


def _extend(values: list[Any], others: list[Any]) -> list[Any]:
    values.extend(others)
    return values


def _tag(number: int, value: Any) -> tuple[int, Any]:
    return number, value


def _separate(count: int, tagged: list[tuple[int, Any]]) -> tuple[ResultIterable[Any], ...]:
    values: list[list[Any]] = [[] for _ in range(count)]
    for number, value in tagged:
        values[number].append(value)
    return tuple(map(ResultIterable, values))


def _pairs(left_outer: bool, right_outer: bool, tagged: list[tuple[int, Any]]) -> Iterator[tuple[Any, Any]]:
    lefts = [value for number, value in tagged if number == 0]
    rights = [value for number, value in tagged if number == 1]
    if left_outer and not rights:
        rights = [None]
    if right_outer and not lefts:
        lefts = [None]
    return ((left, right) for left in lefts for right in rights)


def _without_value(record: Any) -> tuple[Any, None]:
    return record, None


def _with_true(record: Any) -> tuple[Any, bool]:
    return record, True


def _first(value: Any, _: Any) -> Any:
    return value


def _in_both(pair: tuple[Any, tuple[Any, Any]]) -> bool:
    return all(map(len, pair[1]))


def _values_here(pairs: Iterator[Any]) -> Iterator[Any]:
    return ((key, value) for key, (here, _) in pairs for value in here)


def _only_here(pair: tuple[Any, tuple[Any, Any]]) -> bool:
    here, there = pair[1]
    return len(here) > 0 and len(there) == 0

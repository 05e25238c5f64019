"""Narrow transformations: each record, or each partition, on its own (PySpark: RDD.map and its kin). No jobs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

from sparksim.core.batching import distribute, same_number
from sparksim.core.lineage import Lineage
from sparksim.core.pipe import through
from sparksim.core.sampling import RangeSampler, Sampler
from sparksim.core.steps import FILTER, FLAT_MAP, INDEXED, MAP, PARTITIONS, Step

if TYPE_CHECKING:
    from sparksim.core.rdd import RDD

T = TypeVar("T")
U = TypeVar("U")
K = TypeVar("K")


class Transformations(Lineage[T]):
    """Transformations that look at one partition at a time, and unions."""

    def _then(self, kind: str, func: Callable[..., Any], preservesPartitioning: bool = False) -> RDD[Any]:
        """A new RDD: this one with one more step."""
        from sparksim.core.nodes import MapPartitionsRDD

        return MapPartitionsRDD(self._rdd, Step(kind, func), preservesPartitioning)

    def map(self, f: Callable[[T], U], preservesPartitioning: bool = False) -> RDD[U]:
        """Apply `f` to each record."""
        return self._then(MAP, f, preservesPartitioning)

    def flatMap(self, f: Callable[[T], Iterable[U]], preservesPartitioning: bool = False) -> RDD[U]:
        """Apply `f` to each record and string its results together."""
        return self._then(FLAT_MAP, f, preservesPartitioning)

    def filter(self, f: Callable[[T], bool]) -> RDD[T]:
        """Keep the records for which `f` is true."""
        return self._then(FILTER, f, True)

    def mapPartitions(self, f: Callable[[Iterator[T]], Iterable[U]], preservesPartitioning: bool = False) -> RDD[U]:
        """Apply `f` to each partition as a whole, an iterator."""
        return self._then(PARTITIONS, f, preservesPartitioning)

    def mapPartitionsWithIndex(
        self, f: Callable[[int, Iterator[T]], Iterable[U]], preservesPartitioning: bool = False
    ) -> RDD[U]:
        """Apply `f` to the index of each partition and the partition, an iterator."""
        return self._then(INDEXED, f, preservesPartitioning)

    def mapPartitionsWithSplit(
        self, f: Callable[[int, Iterator[T]], Iterable[U]], preservesPartitioning: bool = False
    ) -> RDD[U]:
        """The old name of `mapPartitionsWithIndex`."""
        warnings.warn("mapPartitionsWithSplit is deprecated; use mapPartitionsWithIndex", FutureWarning, stacklevel=2)
        return self.mapPartitionsWithIndex(f, preservesPartitioning)

    def pipe(self, command: str, env: Mapping[str, str] | None = None, checkCode: bool = False) -> RDD[str]:
        """The lines that `command` prints when it is given the records of a partition, one a line.

        `env` is the program's whole environment (default: ours). With `checkCode`, an exit code other than 0 fails the
        task.
        """
        return self._then(PARTITIONS, through(command, env, checkCode))

    def glom(self) -> RDD[list[T]]:
        """Each partition as one list."""
        return self._then(PARTITIONS, _as_one_list)

    def keyBy(self, f: Callable[[T], K]) -> RDD[tuple[K, T]]:
        """Pairs of `f(record)` and the record."""
        return self._then(PARTITIONS, partial(_key_by, f))

    def keys(self) -> RDD[Any]:
        """The first of each pair."""
        return self._then(MAP, itemgetter(0))

    def values(self) -> RDD[Any]:
        """The second of each pair."""
        return self._then(MAP, itemgetter(1))

    def mapValues(self, f: Callable[[Any], U]) -> RDD[tuple[Any, U]]:
        """Apply `f` to the value of each pair; keys stay where they are."""
        return self._then(PARTITIONS, partial(_map_values, f), True)

    def flatMapValues(self, f: Callable[[Any], Iterable[U]]) -> RDD[tuple[Any, U]]:
        """Apply `f` to the value of each pair and pair each of its results with the key."""
        return self._then(PARTITIONS, partial(_flat_map_values, f), True)

    def sample(self, withReplacement: bool, fraction: float, seed: int | None = None) -> RDD[T]:
        """A random sample; the same seed gives the same sample, PySpark's."""
        if not fraction >= 0:
            raise ValueError(f"fraction must not be negative, got {fraction!r}")
        return self._then(INDEXED, Sampler(withReplacement, fraction, self._seed(seed)), True)

    def randomSplit(self, weights: Sequence[float], seed: int | None = None) -> list[RDD[T]]:
        """Split the records at random, in shares proportional to `weights`."""
        if not all(weight >= 0 for weight in weights):
            raise ValueError(f"weights must not be negative, got {weights!r}")
        total = float(sum(weights))
        if not total > 0:
            raise ValueError(f"the sum of weights must be positive, got {weights!r}")
        bounds = [0.0]
        for weight in weights:
            bounds.append(bounds[-1] + weight / total)
        seed = self.ctx._new_seed(2**32 - 1) if seed is None else seed
        return [self._then(INDEXED, RangeSampler(lower, upper, seed), True) for lower, upper in pairwise(bounds)]

    def _seed(self, seed: int | None) -> int:
        return self.ctx._new_seed() if seed is None else seed

    def union(self, other: RDD[U]) -> RDD[T | U]:
        """The records of both, duplicates included; nothing is moved."""
        from sparksim.core.nodes import union

        return union(self.ctx, [self._rdd, other])

    def __add__(self, other: RDD[U]) -> RDD[T | U]:
        if not isinstance(other, Lineage):
            raise TypeError(f"only an RDD can be added to an RDD, got {other!r}")
        return self.union(other)

    def coalesce(self, numPartitions: int, shuffle: bool = False) -> RDD[T]:
        """Fewer partitions, by merging neighbours; with `shuffle`, any number, by dealing the records out anew."""
        if not numPartitions > 0:
            raise ValueError(f"numPartitions must be positive, got {numPartitions!r}")
        from sparksim.core.nodes import CoalescedRDD, ShuffledRDD
        from sparksim.core.partitioner import Partitioner

        if not shuffle:
            return CoalescedRDD(self._rdd, numPartitions)
        dealt = self._then(INDEXED, partial(distribute, numPartitions))
        return ShuffledRDD[Any](dealt, Partitioner(numPartitions, same_number)).values()

    def repartition(self, numPartitions: int) -> RDD[T]:
        """Exactly `numPartitions` partitions of about the same size, through a shuffle."""
        return self.coalesce(numPartitions, shuffle=True)

    def cartesian(self, other: RDD[U]) -> RDD[tuple[T, U]]:
        """All pairs of a record of this RDD and one of `other`."""
        from sparksim.core.nodes import CartesianRDD

        return CartesianRDD(self._rdd, other)

    def zip(self, other: RDD[U]) -> RDD[tuple[T, U]]:
        """Pair the records at the same places. Both need the same number of partitions and of records in each."""
        from sparksim.core.nodes import ZippedRDD

        if self.getNumPartitions() != other.getNumPartitions():
            raise ValueError(
                f"cannot zip RDDs with different numbers of partitions: {self.getNumPartitions()} and "
                f"{other.getNumPartitions()}"
            )
        return ZippedRDD(self._rdd, other)

    def zipWithUniqueId(self) -> RDD[tuple[T, int]]:
        """Pair each record with a number no other has: k, n + k, 2n + k... in partition k of n."""
        return self._then(INDEXED, partial(_with_unique_id, self.getNumPartitions()))


def _as_one_list(records: Iterator[T]) -> Iterator[list[T]]:
    yield list(records)


def _key_by(f: Callable[[Any], Any], records: Iterator[Any]) -> Iterator[Any]:
    return ((f(record), record) for record in records)


def _map_values(f: Callable[[Any], Any], pairs: Iterator[Any]) -> Iterator[Any]:
    return ((pair[0], f(pair[1])) for pair in pairs)


def _flat_map_values(f: Callable[[Any], Iterable[Any]], pairs: Iterator[Any]) -> Iterator[Any]:
    return ((pair[0], value) for pair in pairs for value in f(pair[1]))


def _with_unique_id(partitions: int, index: int, records: Iterator[Any]) -> Iterator[Any]:
    return ((record, place * partitions + index) for place, record in enumerate(records))

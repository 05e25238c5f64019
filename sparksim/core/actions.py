"""Actions: the calls that run a job and bring something back to the driver (PySpark: RDD.collect and its kin)."""

from __future__ import annotations

import functools
import heapq
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from math import ceil, sqrt
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from sparksim.core.sampling import sample_fraction
from sparksim.core.sorting import Sorting
from sparksim.core.steps import INDEXED, MAP, PARTITIONS

if TYPE_CHECKING:
    from sparksim.core.rdd import RDD

T = TypeVar("T")
U = TypeVar("U")
K = TypeVar("K")
V = TypeVar("V")


class Actions(Sorting[T]):
    """Actions on records of any kind. Each raises `SparkJobError` when a task fails too often."""

    def collect(self) -> list[T]:
        """All records, in order of the partitions."""
        return self.ctx._collect(self._rdd, range(self.getNumPartitions()))

    def collectWithJobGroup(self, groupId: str, description: str, interruptOnCancel: bool = False) -> list[T]:
        """`collect` as part of a job group."""
        warnings.warn("collectWithJobGroup is deprecated; use setJobGroup and collect", FutureWarning, stacklevel=2)
        with self.ctx._job_group(groupId, description, interruptOnCancel):
            return self.collect()

    def toLocalIterator(self, prefetchPartitions: bool = False) -> Iterator[T]:
        """All records; runs one job per partition, when its first record is asked for."""
        self.freeze()
        return self._partition_by_partition()

    def _partition_by_partition(self) -> Iterator[T]:
        for index in range(self.getNumPartitions()):
            yield from self.ctx._collect(self._rdd, [index])

    def collectAsMap(self: Actions[tuple[K, V]]) -> dict[K, V]:
        """The pairs as a dict; of equal keys the last wins."""
        return dict(self.collect())

    def count(self) -> int:
        """How many records there are."""
        return sum(self._then(PARTITIONS, _count).collect())

    def isEmpty(self) -> bool:
        """Whether there is no record."""
        return self.getNumPartitions() == 0 or not self.take(1)

    def first(self) -> T:
        """The first record. Raises `ValueError` when there is none."""
        found = self.take(1)
        if not found:
            raise ValueError("the RDD is empty: it has no first record")
        return found[0]

    def take(self, num: int) -> list[T]:
        """The first `num` records. Scans one partition first, then more at a time: up to four times those scanned."""
        records: list[T] = []
        partitions = self.getNumPartitions()
        scanned = 0
        while len(records) < num and scanned < partitions:
            more = 1
            if scanned and not records:
                more = scanned * 4
            elif scanned:
                more = min(max(int(1.5 * num * scanned / len(records)) - scanned, 1), scanned * 4)
            wanted = range(scanned, min(scanned + more, partitions))
            records += self.ctx.runJob(self._rdd, partial(_take, num - len(records)), wanted)
            scanned += more
        return records[:num]

    def takeOrdered(self, num: int, key: Callable[[T], Any] | None = None) -> list[T]:
        """The `num` smallest records, in order."""
        if num < 0:
            raise ValueError(f"num must not be negative, got {num!r}")
        if num == 0 or self.getNumPartitions() == 0:
            return []
        return self._heads(heapq.nsmallest, num, key)

    def top(self, num: int, key: Callable[[T], Any] | None = None) -> list[T]:
        """The `num` largest records, the largest first."""
        return self._heads(heapq.nlargest, num, key)

    def _heads(self, select: Callable[..., list[T]], num: int, key: Callable[[T], Any] | None) -> list[T]:
        heads = self._then(PARTITIONS, partial(_head, select, num, key))
        found: list[T] = heads.reduce(lambda one, other: select(num, one + other, key))
        return found

    def takeSample(self, withReplacement: bool, num: int, seed: int | None = None) -> list[T]:
        """A random sample of `num` records, or of all there are; the same seed gives the same sample, PySpark's."""
        most = sys.maxsize - int(10.0 * sqrt(sys.maxsize))
        if num < 0:
            raise ValueError(f"num must not be negative, got {num!r}")
        if num > most:
            raise ValueError(f"num must not be greater than {most}, got {num!r}")
        if num == 0 or self.getNumPartitions() == 0:
            return []
        size = self.count()
        if size == 0:
            return []
        seed = self._seed(seed)
        random = Random(seed)
        if not withReplacement and num >= size:
            samples = self.collect()
        else:
            fraction = sample_fraction(num, size, withReplacement)
            samples = self.sample(withReplacement, fraction, seed).collect()
            while len(samples) < num:
                samples = self.sample(withReplacement, fraction, random.randint(0, sys.maxsize)).collect()
        random.shuffle(samples)
        return samples[:num]

    def zipWithIndex(self) -> RDD[tuple[T, int]]:
        """Pair each record with its place in the RDD. Runs a job to count records, unless there is one partition."""
        starts = [0]
        if self.getNumPartitions() > 1:
            for count in self._then(PARTITIONS, _count).collect()[:-1]:
                starts.append(starts[-1] + count)
        return self._then(INDEXED, partial(_with_index, starts))

    # --- for their effect -------------------------------------------------------------------------------------------

    def foreach(self, f: Callable[[T], Any]) -> None:
        """Call `f` with each record, in the tasks."""
        self._then(PARTITIONS, partial(_call_for_each, f)).count()

    def foreachPartition(self, f: Callable[[Iterator[T]], Any]) -> None:
        """Call `f` with each partition, an iterator, in the tasks."""
        self._then(PARTITIONS, partial(_call_with_all, f)).count()

    # --- folding ----------------------------------------------------------------------------------------------------

    def reduce(self, f: Callable[[T, T], T]) -> T:
        """Merge all records with `f`: first within partitions, then on the driver. Raises `ValueError` when empty."""
        values: list[T] = self._then(PARTITIONS, partial(_reduce, f)).collect()
        if not values:
            raise ValueError("cannot reduce an empty RDD: there is no record to start from")
        return functools.reduce(f, values)

    def fold(self, zeroValue: T, op: Callable[[T, T], T]) -> T:
        """Merge all records with `op`, starting from `zeroValue` in each partition and once more on the driver."""
        return self.aggregate(zeroValue, op, op)

    def aggregate(self, zeroValue: U, seqOp: Callable[[U, T], U], combOp: Callable[[U, U], U]) -> U:
        """Fold each partition with `seqOp` and the results with `combOp`, starting from `zeroValue` each time."""
        values = self._then(PARTITIONS, partial(_fold, zeroValue, seqOp)).collect()
        return functools.reduce(combOp, values, zeroValue)

    def treeReduce(self, f: Callable[[T, T], T], depth: int = 2) -> T:
        """`reduce` that merges in several levels of tasks. Raises `ValueError` when empty."""
        _check_depth(depth)
        merge = partial(_merge_known, f)
        result = self._then(MAP, _known).treeAggregate(None, merge, merge, depth)
        if result is None:
            raise ValueError("cannot reduce an empty RDD: there is no record to start from")
        reduced: T = result[0]
        return reduced

    def treeAggregate(self, zeroValue: U, seqOp: Callable[[U, T], U], combOp: Callable[[U, U], U], depth: int = 2) -> U:
        """`aggregate` that merges in `depth` levels of tasks."""
        _check_depth(depth)
        partitions: float = self.getNumPartitions()
        if partitions == 0:
            return zeroValue
        partial_results: Any = self._then(PARTITIONS, partial(_fold, zeroValue, seqOp))
        scale = max(ceil(partitions ** (1.0 / depth)), 2)
        while partitions > scale + partitions / scale:
            partitions /= scale
            keyed = partial_results._then(INDEXED, partial(_key_by_index, int(partitions)))
            partial_results = keyed.reduceByKey(combOp, int(partitions)).values()
        result: U = partial_results.reduce(combOp)
        return result

    def reduceByKeyLocally(self: Actions[tuple[K, V]], func: Callable[[V, V], V]) -> dict[K, V]:
        """`reduceByKey`, as a dict on the driver."""
        merge = partial(_merge_dicts, func)
        return self._then(PARTITIONS, partial(_reduce_by_key, func)).reduce(merge)  # type: ignore[no-any-return]

    def countByValue(self: Actions[K]) -> dict[K, int]:
        """How often each record occurs, as a dict on the driver."""
        return self._then(PARTITIONS, _count_values).reduce(_add_counts)  # type: ignore[no-any-return]

    def countByKey(self: Actions[tuple[K, V]]) -> dict[K, int]:
        """How many pairs each key has, as a dict on the driver."""
        return self.keys().countByValue()

    def lookup(self: Actions[tuple[K, V]], key: K) -> list[V]:
        """The values of one key. Scans one partition if the partitioner says which."""
        values = self.filter(lambda pair: bool(pair[0] == key)).values()
        if self.partitioner is not None:
            return self.ctx.runJob(values, _same, [self.partitioner(key)])
        return values.collect()


def _count(records: Iterator[Any]) -> list[int]:
    return [sum(1 for _ in records)]


def _same(records: Iterable[Any]) -> Iterable[Any]:
    return records


def _take(count: int, records: Iterator[Any]) -> Iterator[Any]:
    return islice(records, count)


def _head(
    select: Callable[..., list[Any]], num: int, key: Callable[[Any], Any] | None, records: Iterator[Any]
) -> list[list[Any]]:
    return [select(num, records, key)]


def _with_index(starts: list[int], index: int, records: Iterator[Any]) -> Iterator[Any]:
    return ((record, place) for place, record in enumerate(records, starts[index]))


def _call_for_each(f: Callable[[Any], Any], records: Iterator[Any]) -> tuple[()]:
    for record in records:
        f(record)
    return ()


def _call_with_all(f: Callable[[Iterator[Any]], Any], records: Iterator[Any]) -> Iterable[Any]:
    """PySpark runs what the function returns to its end, if it can be iterated."""
    result = f(records)
    return iter(result) if isinstance(result, Iterable) else ()


def _reduce(f: Callable[[Any, Any], Any], records: Iterator[Any]) -> list[Any]:
    for first in records:
        return [functools.reduce(f, records, first)]
    return []


def _fold(zero: Any, op: Callable[[Any, Any], Any], records: Iterator[Any]) -> list[Any]:
    return [functools.reduce(op, records, zero)]


def _known(record: Any) -> tuple[Any]:
    return (record,)


def _merge_known(f: Callable[[Any, Any], Any], one: tuple[Any] | None, other: tuple[Any] | None) -> tuple[Any] | None:
    if one is None:
        return other
    return one if other is None else (f(one[0], other[0]),)


def _key_by_index(partitions: int, index: int, records: Iterator[Any]) -> Iterator[tuple[int, Any]]:
    return ((index % partitions, record) for record in records)


def _check_depth(depth: int) -> None:
    if depth < 1:
        raise ValueError(f"depth must be at least 1, got {depth!r}")


def _reduce_by_key(func: Callable[[Any, Any], Any], pairs: Iterator[Any]) -> list[dict[Any, Any]]:
    return [_merge_dicts(func, {}, pairs)]


def _merge_dicts(func: Callable[[Any, Any], Any], into: dict[Any, Any], more: Any) -> dict[Any, Any]:
    for key, value in more.items() if isinstance(more, dict) else more:
        into[key] = func(into[key], value) if key in into else value
    return into


def _count_values(records: Iterator[Any]) -> list[dict[Any, int]]:
    counts: dict[Any, int] = defaultdict(int)
    for record in records:
        counts[record] += 1
    return [counts]


def _add_counts(into: dict[Any, int], more: dict[Any, int]) -> dict[Any, int]:
    for key, count in more.items():
        into[key] += count
    return into

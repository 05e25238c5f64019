"""The RDDs that transformations make: fused chains of steps, shuffles, unions, coalesced and paired partitions."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import chain, product
from typing import TYPE_CHECKING, Any, TypeVar

from sparksim.core.batching import batches
from sparksim.core.closure import Closure
from sparksim.core.combine import combine_values, merge_combiners
from sparksim.core.dependency import (
    Aggregator,
    NarrowDependency,
    OneToOneDependency,
    ShuffleDependency,
)
from sparksim.core.errors import SparkException
from sparksim.core.partitioner import Partitioner
from sparksim.core.rdd import RDD
from sparksim.core.serializer import load_records
from sparksim.core.steps import Step, apply, metered

if TYPE_CHECKING:
    from sparksim.core.context import SparkContext
    from sparksim.core.task_context import TaskContext

T = TypeVar("T")

_END = object()
_Chain = tuple[Step, Any] | None


class MapPartitionsRDD(RDD[T]):
    """One step on top of another RDD, fused with the steps below it (PySpark: PipelinedRDD).

    As in PySpark, a chain is fused when it is built: an RDD that is cached or marked for checkpointing by then starts a
    new chain. `prev` is the RDD below; computing starts at `base`, the one below the whole chain.
    """

    runs_functions = True

    def __init__(self, prev: RDD[Any], step: Step | None, preservesPartitioning: bool = False) -> None:
        below: _Chain = None
        base = prev
        if isinstance(prev, MapPartitionsRDD) and prev._base and not (prev.is_cached or prev.is_checkpointed):
            below, base = prev._chain, prev._base
        else:
            prev.freeze()
        super().__init__(prev.ctx, (OneToOneDependency(base),), prev.partitioner if preservesPartitioning else None)
        self.prev: RDD[Any] | None = prev
        self._base: RDD[Any] | None = base
        # A linked list, so that a chain of n steps holds n of them and not n * n / 2.
        self._chain: _Chain = below if step is None else (step, below)
        self._closure: Closure | None = None

    @property
    def base(self) -> RDD[Any]:
        return self if self._base is None else self._base

    @property
    def steps(self) -> tuple[Step, ...]:  # type: ignore[override]  # a constant for all other RDDs
        steps = []
        link = self._chain
        while link is not None:
            step, link = link
            steps.append(step)
        return tuple(reversed(steps))

    def freeze(self) -> Closure:
        if self._closure is None:
            self._closure = Closure(self.steps)
        return self._closure

    def getNumPartitions(self) -> int:
        rdd: RDD[Any] = self
        while isinstance(rdd, MapPartitionsRDD) and rdd._base is not None:
            rdd = rdd._base
        return rdd._partitions if isinstance(rdd, MapPartitionsRDD) else rdd.getNumPartitions()

    def compute(self, index: int, task: TaskContext) -> Iterator[T]:
        steps = self.freeze().load()
        return apply(steps, index, self.base.iterator(index, task))

    def _forget_parents(self) -> None:
        self._partitions = self.getNumPartitions()
        super()._forget_parents()
        self.prev = self._base = self._chain = self._closure = None


class PairwiseRDD(MapPartitionsRDD[T]):
    """The map side of a shuffle."""

    def __init__(self, prev: RDD[Any]) -> None:
        super().__init__(prev, None, preservesPartitioning=True)


class ShuffledRDD(RDD[T]):
    """The reduce side of a shuffle: (key, value) pairs in order of the map partitions, or combined by key."""

    runs_functions = True

    def __init__(
        self,
        parent: RDD[Any],
        partitioner: Partitioner,
        aggregator: Aggregator | None = None,
        map_side_combine: bool = False,
    ) -> None:
        ctx = parent.ctx
        self.shuffle = ShuffleDependency(
            PairwiseRDD(parent), ctx._new_shuffle_id(), partitioner, aggregator, map_side_combine
        )
        self._partitions = partitioner.numPartitions
        super().__init__(ctx, (self.shuffle,), partitioner)

    def getNumPartitions(self) -> int:
        return self._partitions

    def compute(self, index: int, task: TaskContext) -> Iterator[T]:
        (shuffle,) = self._dependencies
        assert isinstance(shuffle, ShuffleDependency)
        buckets = task.services.read_shuffle(shuffle.shuffle_id, index)
        pairs = metered(map(load_records, buckets), task.services.meter, "shuffle")
        aggregator: Aggregator | None = shuffle.closure.load()[2]
        if aggregator is None:
            return pairs
        combine = merge_combiners if shuffle.map_side_combine else combine_values
        return iter(combine(aggregator, pairs).items())  # type: ignore[arg-type]  # T is a pair here

    def _forget_parents(self) -> None:
        super()._forget_parents()
        del self.shuffle


def _handed_over(rdd: RDD[Any], index: int, task: TaskContext) -> Iterator[Any]:
    """A parent's records. Its functions are not fused with the reader's, so in PySpark another process runs them."""
    if rdd.runs_functions and not rdd.is_cached:
        task.services.start_worker()
    return rdd.iterator(index, task)


class UnionRDD(RDD[T]):
    """The partitions of several RDDs, one after the other."""

    def __init__(self, ctx: SparkContext, rdds: list[RDD[Any]]) -> None:
        dependencies = []
        start = 0
        self._starts: list[int] = []
        for rdd in rdds:
            rdd.freeze()
            self._starts.append(start)
            dependencies.append(NarrowDependency(rdd, _Shifted(start, rdd.getNumPartitions())))
            start += rdd.getNumPartitions()
        self._partitions = start
        super().__init__(ctx, tuple(dependencies))

    def getNumPartitions(self) -> int:
        return self._partitions

    def compute(self, index: int, task: TaskContext) -> Iterator[T]:
        if index >= self._partitions:
            raise SparkException(f"{self!r} has no partition {index}, only {self._partitions}")
        ((parent, parent_index),) = self.partitions_read(index)
        return _handed_over(parent, parent_index, task)

    def partitions_read(self, index: int) -> list[tuple[RDD[Any], int]]:
        """There may be very many members, and each is asked for its own partitions only."""
        if not self._dependencies:
            return []
        member = bisect_right(self._starts, index) - 1
        return [(self._dependencies[member].rdd, index - self._starts[member])]


class PartitionerAwareUnionRDD(RDD[T]):
    """A union of RDDs with the same partitioner: partition i holds partition i of each."""

    def __init__(self, ctx: SparkContext, rdds: list[RDD[Any]]) -> None:
        for rdd in rdds:
            rdd.freeze()
        self._partitions = rdds[0].getNumPartitions()
        super().__init__(ctx, tuple(OneToOneDependency(rdd) for rdd in rdds), rdds[0].partitioner)

    def getNumPartitions(self) -> int:
        return self._partitions

    def compute(self, index: int, task: TaskContext) -> Iterator[T]:
        return chain.from_iterable(_handed_over(dependency.rdd, index, task) for dependency in self._dependencies)

    def preferred_locations(self, index: int) -> tuple[str, ...]:
        """The place where most parents want to be."""
        wanted = Counter(
            place for dependency in self._dependencies for place in dependency.rdd.preferred_locations(index)[:1]
        )
        return tuple(place for place, _ in wanted.most_common(1))


class CoalescedRDD(RDD[T]):
    """Fewer partitions without a shuffle: each takes a run of neighbours, as even as can be."""

    def __init__(self, parent: RDD[Any], numPartitions: int) -> None:
        parent.freeze()
        parents = parent.getNumPartitions()
        self._partitions = min(numPartitions, parents)
        super().__init__(parent.ctx, (NarrowDependency(parent, _Runs(self._partitions, parents)),))

    def getNumPartitions(self) -> int:
        return self._partitions

    def compute(self, index: int, task: TaskContext) -> Iterator[T]:
        (dependency,) = self._dependencies
        assert isinstance(dependency, NarrowDependency)
        parents = dependency.parents_of(index)
        return chain.from_iterable(dependency.rdd.iterator(parent, task) for parent in parents)


class ZippedRDD(RDD[Any]):
    """Pairs of the records at the same place in two RDDs."""

    def __init__(self, first: RDD[Any], second: RDD[Any]) -> None:
        first.freeze()
        second.freeze()
        self._partitions = first.getNumPartitions()
        super().__init__(first.ctx, (OneToOneDependency(first), OneToOneDependency(second)))

    def getNumPartitions(self) -> int:
        return self._partitions

    def compute(self, index: int, task: TaskContext) -> Iterator[Any]:
        first, second = (dependency.rdd.iterator(index, task) for dependency in self._dependencies)
        for left in first:
            right = next(second, _END)
            if right is _END:
                raise _unequal(index)
            yield left, right
        if next(second, _END) is not _END:
            raise _unequal(index)


class CartesianRDD(RDD[Any]):
    """All pairs of two RDDs; partition `i * n + j` pairs partition i of the first with j of the second.

    As in Spark, the partition of the second is computed once for every batch of the first.
    """

    def __init__(self, first: RDD[Any], second: RDD[Any]) -> None:
        first.freeze()
        second.freeze()
        self._columns = second.getNumPartitions()
        self._partitions = first.getNumPartitions() * self._columns
        super().__init__(
            first.ctx,
            (NarrowDependency(first, _Rows(self._columns)), NarrowDependency(second, _Columns(self._columns))),
        )

    def getNumPartitions(self) -> int:
        return self._partitions

    def compute(self, index: int, task: TaskContext) -> Iterator[Any]:
        first, second = (dependency.rdd for dependency in self._dependencies)
        row, column = divmod(index, self._columns)
        for lefts in batches(first.iterator(row, task), first.batch_records):
            for rights in batches(second.iterator(column, task), second.batch_records):
                yield from product(lefts, rights)


class _Shifted:
    """Parent partitions of one member of a union: `index - start`, when it is one of its own."""

    def __init__(self, start: int, count: int) -> None:
        self.start = start
        self.count = count

    def __call__(self, index: int) -> tuple[int, ...]:
        return (index - self.start,) if 0 <= index - self.start < self.count else ()


class _Rows:
    """The partition of the first RDD that a partition of a cartesian product reads."""

    def __init__(self, columns: int) -> None:
        self.columns = columns

    def __call__(self, index: int) -> tuple[int, ...]:
        return (index // self.columns,)


class _Columns:
    """The partition of the second RDD that a partition of a cartesian product reads."""

    def __init__(self, columns: int) -> None:
        self.columns = columns

    def __call__(self, index: int) -> tuple[int, ...]:
        return (index % self.columns,)


class _Runs:
    """Neighbouring parent partitions, split evenly (Spark: DefaultPartitionCoalescer without locality)."""

    def __init__(self, groups: int, parents: int) -> None:
        self.groups = groups
        self.parents = parents

    def __call__(self, index: int) -> range:
        return range(index * self.parents // self.groups, (index + 1) * self.parents // self.groups)


def union(ctx: SparkContext, rdds: list[RDD[Any]]) -> RDD[Any]:
    """The union of `rdds`; those without partitions are left out. Spark: SparkContext.union."""
    rdds = [rdd for rdd in rdds if rdd.getNumPartitions() > 0]
    partitioners = {rdd.partitioner for rdd in rdds}
    if len(partitioners) == 1 and None not in partitioners:
        return PartitionerAwareUnionRDD(ctx, rdds)
    return UnionRDD(ctx, rdds)


def _unequal(index: int) -> SparkException:
    return SparkException(
        f"cannot zip RDDs with different numbers of records: partition {index} of one has more than of the other"
    )

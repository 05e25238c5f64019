"""How an RDD hangs on its parents: partition by partition, or through a shuffle (Spark: Dependency)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sparksim.core.closure import Closure
from sparksim.core.partitioner import Partitioner

if TYPE_CHECKING:
    from sparksim.core.rdd import RDD


class Aggregator(NamedTuple):
    """How values of one key become one combiner. `create` None means that the first value is the combiner."""

    create: Callable[[Any], Any] | None
    merge_value: Callable[[Any, Any], Any]
    merge_combiners: Callable[[Any, Any], Any]


class NarrowDependency:
    """A child partition reads the parent partitions `parents_of(index)` and no others."""

    def __init__(self, rdd: RDD[Any], parents_of: Callable[[int], Sequence[int]]) -> None:
        self.rdd = rdd
        self.parents_of = parents_of


class OneToOneDependency(NarrowDependency):
    """Child partition i reads parent partition i."""

    def __init__(self, rdd: RDD[Any]) -> None:
        super().__init__(rdd, _same)


class ShuffleDependency:
    """The child reads, from every partition of `rdd`, the records that `partitioner` gives to it.

    `closure` holds the functions that the map side runs, as they were when the shuffle was asked for:
    `(steps of the fused chain, partition function, aggregator or None)`.
    """

    def __init__(
        self,
        rdd: RDD[Any],
        shuffle_id: int,
        partitioner: Partitioner,
        aggregator: Aggregator | None = None,
        map_side_combine: bool = False,
    ) -> None:
        self.rdd = rdd
        self.shuffle_id = shuffle_id
        self.partitioner = partitioner
        self.aggregator = aggregator
        self.map_side_combine = map_side_combine
        self.closure = Closure((rdd.steps, partitioner.partitionFunc, aggregator))


Dependency = NarrowDependency | ShuffleDependency


def _same(index: int) -> tuple[int, ...]:
    return (index,)

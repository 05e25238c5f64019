"""RDDs that stand at the bottom of a lineage: collections of the driver, ranges, nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from sparksim.core.rdd import RDD
from sparksim.core.serializer import dump_records, load_records

if TYPE_CHECKING:
    from sparksim.core.context import SparkContext
    from sparksim.core.task_context import TaskContext

T = TypeVar("T")

MAX_BATCH_RECORDS = 1024


class ParallelCollectionRDD(RDD[T]):
    """A collection of the driver, serialised slice by slice when the RDD is made: later changes do not reach it.

    As in PySpark, records travel in batches and slices are cut between batches.
    """

    def __init__(self, ctx: SparkContext, records: Iterable[T], slices: int) -> None:
        super().__init__(ctx)
        collected = list(records)
        self.batch_records = max(1, min(len(collected) // slices, MAX_BATCH_RECORDS))
        self._slices = [dump_records(part) for part in _slices(collected, slices, self.batch_records)]

    def getNumPartitions(self) -> int:
        return len(self._slices)

    def compute(self, index: int, task: TaskContext) -> Iterator[T]:
        return task.services.meter(load_records(self._slices[index]), "input")


class RangeRDD(RDD[int]):
    """The numbers of a `range`, made where they are needed."""

    def __init__(self, ctx: SparkContext, numbers: range, slices: int) -> None:
        super().__init__(ctx)
        self._numbers = numbers
        self._count = slices

    def getNumPartitions(self) -> int:
        return self._count

    def compute(self, index: int, task: TaskContext) -> Iterator[int]:
        size = len(self._numbers)
        first, end = (int(cut * size / self._count) for cut in (index, index + 1))
        return task.services.meter(list(self._numbers[first:end]), "input")


class EmptyRDD(RDD[Any]):
    """No partition at all."""

    def getNumPartitions(self) -> int:
        return 0


def _slices(records: list[T], count: int, batch: int) -> list[list[T]]:
    batches = -(-len(records) // batch)
    cuts = [cut * batches // count * batch for cut in range(count + 1)]
    return [records[first:end] for first, end in pairwise(cuts)]

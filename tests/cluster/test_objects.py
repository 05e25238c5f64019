"""Cached partitions as objects: only of RDDs that say so, shared inside an executor, never with the driver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sparksim import SparkContext, StorageLevel
from sparksim.core.rdd import RDD
from sparksim.core.task_context import TaskContext
from sparksim.trace.events import TaskEnd

AS_OBJECTS = StorageLevel(False, True, False, True, 1)


class Counted:
    """A record that counts how often it was pickled."""

    pickled = 0

    def __reduce__(self) -> tuple[Any, ...]:
        Counted.pickled += 1
        return Counted, ()


class ObjectsRDD(RDD[Any]):
    """One partition with the records that were given."""

    keeps_objects = True

    def __init__(self, sc: SparkContext, records: list[Any]) -> None:
        super().__init__(sc)
        self.records = records

    def getNumPartitions(self) -> int:
        return 1

    def compute(self, index: int, task: TaskContext) -> Iterator[Any]:
        return iter(self.records)


@pytest.fixture
def sc() -> Iterator[SparkContext]:
    with SparkContext("sim[1,1]", "objects") as sc:
        yield sc


def appended(record: list[str]) -> int:
    record.append("more")
    return len(record)


def test_objects_are_kept_and_read_without_pickling(sc: SparkContext) -> None:
    rdd = ObjectsRDD(sc, [Counted(), Counted()]).persist(AS_OBJECTS)
    Counted.pickled = 0
    assert [rdd.count(), rdd.count()] == [2, 2]
    assert Counted.pickled == 0


def test_the_same_records_are_pickled_once_at_a_serialised_level(sc: SparkContext) -> None:
    rdd = ObjectsRDD(sc, [Counted(), Counted()]).persist(StorageLevel.MEMORY_ONLY)
    Counted.pickled = 0
    assert [rdd.count(), rdd.count()] == [2, 2]
    assert Counted.pickled == 2


def test_reading_objects_counts_and_costs_like_reading_any_cache(sc: SparkContext) -> None:
    for level in (AS_OBJECTS, StorageLevel.MEMORY_ONLY):
        rdd = ObjectsRDD(sc, [1, 2, 3]).persist(level)
        rdd.count()
        rdd.count()
    ends = sc._backend.trace.of(TaskEnd)
    assert [end.records_read for end in ends] == [0, 3, 0, 3]


def test_the_driver_gets_copies(sc: SparkContext) -> None:
    rdd = ObjectsRDD(sc, [["a"]]).persist(AS_OBJECTS)
    for _ in range(2):
        collected = rdd.collect()
        collected[0].append("changed by the driver")
    assert rdd.collect() == [["a"]]


def test_tasks_of_one_executor_share_the_objects_as_in_spark(sc: SparkContext) -> None:
    rdd = ObjectsRDD(sc, [["a"]]).persist(AS_OBJECTS)
    assert [rdd.map(appended).collect() for _ in range(2)] == [[2], [3]]


@pytest.mark.parametrize("level", [StorageLevel.MEMORY_ONLY, StorageLevel.MEMORY_AND_DISK_DESER])
def test_records_of_python_are_pickled_at_every_level_so_that_no_task_spoils_them(
    sc: SparkContext, level: StorageLevel
) -> None:
    rdd = sc.parallelize([["a"]], 1).persist(level)
    assert [rdd.map(appended).collect() for _ in range(3)] == [[2], [2], [2]]

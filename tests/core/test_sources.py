"""Collections and ranges of the driver become partitions that are cut as PySpark cuts them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

import pytest

from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError
from tests.core.inline_backend import InlineBackend


@pytest.mark.parametrize(
    ("size", "slices", "lengths"),
    [
        (0, 3, [0, 0, 0]),
        (1, 4, [0, 0, 0, 1]),
        (5, 3, [1, 2, 2]),
        (5, 7, [0, 1, 1, 0, 1, 1, 1]),
        (10, 3, [3, 3, 4]),
        (10, 4, [2, 2, 2, 4]),
        (17, 3, [5, 5, 7]),
        (17, 4, [4, 4, 4, 5]),
        (43, 7, [6, 6, 6, 6, 6, 6, 7]),
        (2050, 1, [2050]),
    ],
)
def test_slices_are_cut_between_batches(sc: SparkContext, size: int, slices: int, lengths: list[int]) -> None:
    parts = sc.parallelize(list(range(size)), slices).glom().collect()
    assert [len(part) for part in parts] == lengths
    assert list(chain.from_iterable(parts)) == list(range(size))


@pytest.mark.parametrize(
    ("arguments", "slices", "parts"),
    [
        ((10,), 4, [[0, 1], [2, 3, 4], [5, 6], [7, 8, 9]]),
        ((3, 20, 4), 3, [[3], [7, 11], [15, 19]]),
        ((10, 0, -3), 4, [[10], [7], [4], [1]]),
        ((5, 5), 3, [[], [], []]),
        ((1,), 3, [[], [], [0]]),
    ],
)
def test_ranges(sc: SparkContext, arguments: tuple[int, ...], slices: int, parts: list[list[int]]) -> None:
    assert sc.range(*arguments, numSlices=slices).glom().collect() == parts


@pytest.mark.parametrize(
    ("collection", "parts"),
    [
        ("hello", [["h", "e"], ["l", "l", "o"]]),
        ({"a": 1, "b": 2}, [["a"], ["b"]]),
        ((x for x in [3, 1, 2]), [[3], [1, 2]]),
    ],
)
def test_any_iterable(sc: SparkContext, collection: Iterable[Any], parts: list[list[Any]]) -> None:
    assert sc.parallelize(collection, 2).glom().collect() == parts


def test_default_partitions(sc: SparkContext) -> None:
    assert sc.parallelize([1]).getNumPartitions() == 2
    assert sc.emptyRDD().getNumPartitions() == 0
    assert sc.emptyRDD().collect() == []


def test_later_changes_of_the_collection_do_not_reach_the_rdd(sc: SparkContext) -> None:
    inner = [1]
    rdd = sc.parallelize([inner], 1)
    inner.append(2)
    assert rdd.collect() == [[1]]


def test_changes_in_a_task_do_not_reach_the_next(sc: SparkContext) -> None:
    rdd = sc.parallelize([[1]], 1)
    rdd.foreach(lambda record: record.append(2))
    assert rdd.collect() == [[1]]


def test_records_are_metered_as_input(sc: SparkContext, cluster: InlineBackend) -> None:
    sc.parallelize([1, 2, 3]).count()
    sc.range(4).count()
    assert cluster.read == 7


@pytest.mark.parametrize("slices", [0, -1])
def test_there_must_be_a_partition(sc: SparkContext, slices: int) -> None:
    with pytest.raises(IllegalArgumentError, match=f"numSlices must be at least 1, got {slices}"):
        sc.parallelize([1], slices)


def test_what_is_no_collection_is_refused(sc: SparkContext) -> None:
    with pytest.raises(TypeError, match="'int' object is not iterable"):
        sc.parallelize(5)

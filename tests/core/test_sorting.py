"""Sorting samples the keys, cuts ranges and sorts each: PySpark's order and PySpark's partitions."""

from __future__ import annotations

from itertools import chain

import pytest

from sparksim.core.context import SparkContext
from sparksim.core.errors import SparkJobError
from tests.core.inline_backend import InlineBackend

WORDS = [
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "the",
    "lazy",
    "dog",
    "the",
    "end",
    "über",
    "日本",
    "🎉",
    "a",
    "b",
    "c",
]


def test_sort_by_key(sc: SparkContext) -> None:
    pairs = sc.parallelize([(word, i) for i, word in enumerate(WORDS)], 3)
    ascending = [
        [("a", 14), ("b", 15), ("brown", 2), ("c", 16), ("dog", 8), ("end", 10)],
        [("fox", 3), ("jumps", 4), ("lazy", 7), ("over", 5), ("quick", 1), ("the", 0), ("the", 6), ("the", 9)],
        [("über", 11), ("日本", 12), ("🎉", 13)],
    ]
    assert pairs.sortByKey().glom().collect() == ascending
    descending = pairs.sortByKey(ascending=False).glom().collect()
    assert [len(part) for part in descending] == [3, 8, 6]
    assert descending[1][:4] == [("the", 0), ("the", 6), ("the", 9), ("quick", 1)]
    assert pairs.sortByKey(numPartitions=1).glom().collect() == [list(chain.from_iterable(ascending))]


def test_sort_by(sc: SparkContext) -> None:
    numbers = sc.parallelize([(i * 7919) % 1000 for i in range(300)], 4)
    by_value = numbers.sortBy(lambda x: x).glom().collect()
    assert [(len(part), part[0], part[-1]) for part in by_value] == [
        (82, 0, 271),
        (62, 274, 479),
        (54, 482, 663),
        (102, 666, 996),
    ]
    by_minus = numbers.sortBy(lambda x: -x, numPartitions=3).glom().collect()
    assert [(part[0], part[-1]) for part in by_minus][:2] == [(996, 582), (579, 280)]
    assert numbers.sortBy(lambda x: x % 10, ascending=False).map(lambda x: x % 10).take(40) == [9] * 30 + [8] * 10


def test_equal_keys_keep_their_order(sc: SparkContext) -> None:
    pairs = sc.parallelize([("b", 1), ("a", 1), ("b", 2), ("a", 2)], 2)
    assert pairs.sortByKey().collect() == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert pairs.sortByKey(False).collect() == [("b", 1), ("b", 2), ("a", 1), ("a", 2)]


def test_a_key_function(sc: SparkContext) -> None:
    pairs = sc.parallelize([("B", 1), ("a", 2), ("C", 3)], 2)
    assert pairs.sortByKey(keyfunc=str.lower).keys().collect() == ["a", "B", "C"]


def test_a_key_function_that_changes_the_type_fails_as_in_pyspark(sc: SparkContext) -> None:
    # PySpark compares keyfunc(key) with bounds that are keys.
    with pytest.raises(SparkJobError, match="'<' not supported between instances of 'str' and 'int'"):
        sc.parallelize([("B", 1), ("a", 2)], 2).sortByKey(keyfunc=len).collect()


def test_repartition_and_sort_within_partitions(sc: SparkContext) -> None:
    pairs = sc.parallelize([(i % 7, i) for i in range(10)], 4)
    assert pairs.repartitionAndSortWithinPartitions(3, lambda x: x % 3, False).glom().collect() == [
        [(6, 6), (3, 3), (0, 0), (0, 7)],
        [(4, 4), (1, 1), (1, 8)],
        [(5, 5), (2, 2), (2, 9)],
    ]
    assert pairs.repartitionAndSortWithinPartitions(1, keyfunc=lambda x: -x).keys().collect() == [
        6,
        5,
        4,
        3,
        2,
        2,
        1,
        1,
        0,
        0,
    ]


def test_what_runs_jobs(sc: SparkContext, cluster: InlineBackend) -> None:
    pairs = sc.parallelize([(i, i) for i in range(9)], 3)
    pairs.sortByKey(numPartitions=1)
    assert len(cluster.jobs) == 0
    pairs.sortByKey()
    assert len(cluster.jobs) == 2
    assert sc.parallelize([], 3).sortBy(lambda x: x).getNumPartitions() == 3
    assert len(cluster.jobs) == 3

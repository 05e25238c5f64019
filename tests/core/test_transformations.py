"""Narrow transformations give PySpark's records in PySpark's partitions, and run no job."""

from __future__ import annotations

from itertools import chain

import pytest

from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError, SparkException, SparkJobError
from tests.core.inline_backend import InlineBackend


def test_map_filter_flat_map(sc: SparkContext) -> None:
    rdd = sc.parallelize(range(6), 2)
    assert rdd.map(lambda x: x * x).glom().collect() == [[0, 1, 4], [9, 16, 25]]
    assert rdd.filter(lambda x: x % 2).glom().collect() == [[1], [3, 5]]
    assert rdd.flatMap(range).glom().collect() == [[0, 0, 1], [0, 1, 2, 0, 1, 2, 3, 0, 1, 2, 3, 4]]


def test_whole_partitions(sc: SparkContext) -> None:
    rdd = sc.range(5, numSlices=2)
    assert rdd.mapPartitions(lambda records: [sum(records)]).collect() == [1, 9]
    assert rdd.mapPartitionsWithIndex(lambda i, records: [(i, list(records))]).collect() == [
        (0, [0, 1]),
        (1, [2, 3, 4]),
    ]
    with pytest.warns(FutureWarning, match="use mapPartitionsWithIndex"):
        assert rdd.mapPartitionsWithSplit(lambda i, records: [i]).collect() == [0, 1]


def test_keys_and_values(sc: SparkContext) -> None:
    pairs = sc.parallelize([("a", [1, 2]), ("b", [])], 2)
    assert pairs.keys().collect() == ["a", "b"]
    assert pairs.values().collect() == [[1, 2], []]
    assert pairs.mapValues(len).collect() == [("a", 2), ("b", 0)]
    assert pairs.flatMapValues(lambda x: x).glom().collect() == [[("a", 1), ("a", 2)], []]
    assert pairs.keyBy(lambda pair: pair[0]).collect() == [("a", ("a", [1, 2])), ("b", ("b", []))]


def test_a_pair_is_whatever_has_two_first_elements(sc: SparkContext) -> None:
    assert sc.parallelize([("a", 1, 2), ["x", 5]]).mapValues(lambda v: v + 1).collect() == [("a", 2), ("x", 6)]


def test_unions(sc: SparkContext) -> None:
    a, b = sc.parallelize([1, 10, 2, 3], 2), sc.parallelize([1, 6], 2)
    assert a.union(b).glom().collect() == [[1, 10], [2, 3], [1], [6]]
    assert (a + b).glom().collect() == [[1, 10], [2, 3], [1], [6]]
    assert sc.union([a, b, a]).getNumPartitions() == 6
    assert a.union(sc.emptyRDD()).getNumPartitions() == 2
    with pytest.raises(TypeError, match="only an RDD can be added to an RDD, got 1"):
        a + 1
    with pytest.raises(IndexError, match="union needs at least one RDD"):
        sc.union([])


@pytest.mark.parametrize(
    ("before", "after", "sizes"),
    [
        (1, 3, [20]),
        (3, 2, [6, 14]),
        (5, 2, [8, 12]),
        (5, 3, [4, 8, 8]),
        (8, 3, [4, 8, 8]),
        (8, 6, [2, 2, 6, 2, 2, 6]),
        (8, 10, [2, 2, 2, 4, 2, 2, 2, 4]),
    ],
)
def test_coalesce_merges_neighbours(sc: SparkContext, before: int, after: int, sizes: list[int]) -> None:
    parts = sc.parallelize(list(range(20)), before).coalesce(after).glom().collect()
    assert [len(part) for part in parts] == sizes
    assert list(chain.from_iterable(parts)) == list(range(20))


def test_repartition_deals_out_batches_of_ten(sc: SparkContext) -> None:
    doubled = sc.range(50, numSlices=3).map(lambda x: x * 2)
    assert doubled.repartition(4).glom().collect() == [
        list(range(66, 86, 2)),
        [*range(0, 20, 2), *range(32, 52, 2), *range(86, 100, 2)],
        [*range(20, 32, 2), *range(52, 66, 2)],
        [],
    ]
    assert sc.range(50, numSlices=3).coalesce(7, shuffle=True).glom().collect() == [
        list(range(26, 33)),
        [],
        list(range(33, 43)),
        [*range(10), *range(43, 50)],
        list(range(10, 16)),
        [],
        list(range(16, 26)),
    ]
    assert sc.range(30, numSlices=3).repartition(4).repartition(2).glom().collect() == [
        list(range(10, 20)),
        [*range(20, 30), *range(10)],
    ]
    assert sc.emptyRDD().repartition(2).glom().collect() == [[], []]


def test_partition_counts_must_be_positive(sc: SparkContext) -> None:
    with pytest.raises(ValueError, match="numPartitions must be positive, got 0"):
        sc.range(3).coalesce(0)
    with pytest.raises(ValueError, match="numPartitions must be positive, got -2"):
        sc.range(3).repartition(-2)


def test_cartesian_pairs_batch_with_batch(sc: SparkContext) -> None:
    product = sc.parallelize(list(range(7)), 2).cartesian(sc.parallelize(list(range(5)), 2))
    assert product.glom().collect() == [
        [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)],
        [(0, 2), (0, 3), (1, 2), (1, 3), (2, 2), (2, 3), (0, 4), (1, 4), (2, 4)],
        [(3, 0), (3, 1), (4, 0), (4, 1), (5, 0), (5, 1), (6, 0), (6, 1)],
        [(3, 2), (3, 3), (4, 2), (4, 3), (5, 2), (5, 3), (3, 4), (4, 4), (5, 4), (6, 2), (6, 3), (6, 4)],
    ]


def test_batches_of_computed_records_grow(sc: SparkContext) -> None:
    product = sc.range(3, numSlices=1).map(lambda x: x).cartesian(sc.range(6, numSlices=1).map(str))
    assert "".join(f"{a}{b} " for a, b in product.collect()) == (
        "00 01 02 03 04 05 10 20 11 12 21 22 13 14 15 23 24 25 "
    )


def test_zips(sc: SparkContext) -> None:
    rdd = sc.range(10, numSlices=3)
    assert rdd.zip(rdd.map(str)).glom().collect()[0] == [(0, "0"), (1, "1"), (2, "2")]
    assert rdd.zipWithUniqueId().glom().collect() == [
        [(0, 0), (1, 3), (2, 6)],
        [(3, 1), (4, 4), (5, 7)],
        [(6, 2), (7, 5), (8, 8), (9, 11)],
    ]
    assert sc.parallelize(list("abcde"), 3).zipWithIndex().glom().collect() == [
        [("a", 0)],
        [("b", 1), ("c", 2)],
        [("d", 3), ("e", 4)],
    ]


def test_zip_needs_the_same_shape(sc: SparkContext) -> None:
    rdd = sc.parallelize(range(4), 2)
    with pytest.raises(ValueError, match="cannot zip RDDs with different numbers of partitions: 2 and 3"):
        rdd.zip(sc.range(4, numSlices=3))
    with pytest.raises(SparkJobError, match="different numbers of records: partition 0"):
        rdd.filter(lambda x: x != 1).zip(rdd).count()
    with pytest.raises(SparkJobError, match="different numbers of records: partition 0"):
        rdd.zip(rdd.filter(lambda x: x != 1)).count()


def test_transformations_are_lazy(sc: SparkContext, cluster: InlineBackend) -> None:
    rdd = sc.range(10, numSlices=3)
    pairs = rdd.keyBy(lambda x: x % 2)
    pairs.reduceByKey(max).join(pairs).cogroup(pairs).sortByKey(numPartitions=1)
    rdd.distinct().repartition(2).cartesian(rdd).union(rdd).glom().zipWithUniqueId()
    rdd.coalesce(1).zipWithIndex()
    sc.textFile("/nowhere").map(str)
    assert cluster.jobs == []
    rdd.zipWithIndex()
    pairs.sortByKey()
    assert len(cluster.jobs) == 3


def test_long_chains_of_maps(sc: SparkContext) -> None:
    rdd = sc.parallelize([1, 2], 1)
    for _ in range(5000):
        rdd = rdd.map(lambda x: x + 1)
    assert rdd.collect() == [5001, 5002]
    assert rdd.reduceByKey is not None
    assert len(rdd.toDebugString().splitlines()) == 5001


def test_many_cached_layers_know_their_partitions(sc: SparkContext) -> None:
    rdd = sc.range(2)
    for _ in range(2000):
        rdd = rdd.map(lambda x: x).cache()
    assert rdd.getNumPartitions() == 2


def test_a_partition_that_is_not_there(sc: SparkContext) -> None:
    with pytest.raises(IllegalArgumentError, match="has no partition 7: it has 2, counted from 0"):
        sc.runJob(sc.range(2), list, [7])
    assert issubclass(IllegalArgumentError, SparkException)

"""Transformations by key: PySpark's results, partitions, order, and shuffles only where PySpark has them."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest

from sparksim.core.conf import SparkConf
from sparksim.core.context import SparkContext
from sparksim.core.dependency import Aggregator
from sparksim.core.errors import SparkJobError
from sparksim.core.nodes import ShuffledRDD
from sparksim.core.partitioner import Partitioner, portable_hash
from sparksim.core.rdd import RDD
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


def plain(pairs: list[Any]) -> list[Any]:
    """Grouped values as lists."""
    return [
        (key, [list(each) for each in values] if isinstance(values, tuple) else list(values)) for key, values in pairs
    ]


def test_word_count(sc: SparkContext) -> None:
    counts = sc.parallelize(WORDS, 4).map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b)
    assert counts.glom().collect() == [
        [("quick", 1), ("end", 1)],
        [("the", 3), ("fox", 1), ("jumps", 1), ("日本", 1), ("🎉", 1)],
        [("lazy", 1), ("dog", 1), ("b", 1), ("c", 1)],
        [("brown", 1), ("over", 1), ("über", 1), ("a", 1)],
    ]


def test_group_by_key(sc: SparkContext) -> None:
    grouped = sc.parallelize([(word, i) for i, word in enumerate(WORDS)], 2).groupByKey(3)
    assert [plain(part) for part in grouped.glom().collect()] == [
        [("the", [0, 6, 9]), ("fox", [3]), ("jumps", [4]), ("lazy", [7]), ("über", [11]), ("🎉", [13]), ("b", [15])],
        [("quick", [1]), ("brown", [2]), ("over", [5]), ("end", [10]), ("日本", [12]), ("a", [14]), ("c", [16])],
        [("dog", [8])],
    ]
    values = grouped.lookup("the")[0]
    assert (len(values), list(values), list(values), repr(values)) == (
        3,
        [0, 6, 9],
        [0, 6, 9],
        "ResultIterable([0, 6, 9])",
    )


def test_group_by(sc: SparkContext) -> None:
    grouped = sc.range(7, numSlices=3).groupBy(lambda x: x % 3)
    assert [plain(part) for part in grouped.glom().collect()] == [[(0, [0, 3, 6])], [(1, [1, 4])], [(2, [2, 5])]]


def test_combine_aggregate_fold(sc: SparkContext) -> None:
    numbers = sc.parallelize([(i % 3, i) for i in range(10)], 3)
    joined = numbers.combineByKey(str, lambda a, b: a + str(b), lambda a, b: a + "|" + b, 2)
    assert joined.glom().collect() == [[(0, "0|3|69"), (2, "2|5|8")], [(1, "1|4|7")]]
    letters = sc.parallelize([(word[0], len(word)) for word in WORDS], 3)
    assert letters.foldByKey(10, lambda a, b: a + b).glom().collect() == [
        [("b", 26), ("f", 13), ("j", 15), ("l", 14), ("🎉", 11)],
        [("q", 15), ("ü", 14), ("a", 11), ("c", 11)],
        [("t", 29), ("o", 14), ("d", 13), ("e", 13), ("日", 12)],
    ]


def test_the_zero_value_is_copied_for_each_key(sc: SparkContext) -> None:
    pairs = sc.parallelize([("a", 1), ("b", 2), ("a", 3)], 1)
    lists = pairs.aggregateByKey([], lambda seen, x: seen.append(x) or seen, lambda a, b: a + b)
    assert sorted(lists.collect()) == [("a", [1, 3]), ("b", [2])]


def test_distinct(sc: SparkContext) -> None:
    rdd = sc.parallelize([1, 2, 1, "a", "a", None, 2.5, (1, 2), (1, 2)], 3)
    assert rdd.distinct().glom().collect() == [[None, 2.5, (1, 2)], [1, "a"], [2]]
    assert sc.parallelize([1, 1, 2], 2).distinct(5).glom().collect() == [[], [1], [2], [], []]


@pytest.fixture
def left(sc: SparkContext) -> Any:
    return sc.parallelize([("a", 1), ("b", 2), ("a", 3), ("c", 4)], 2)


@pytest.fixture
def right(sc: SparkContext) -> Any:
    return sc.parallelize([("a", "x"), ("a", "y"), ("d", "z"), ("c", "q")], 3)


A = [("a", (1, "x")), ("a", (1, "y")), ("a", (3, "x")), ("a", (3, "y"))]


@pytest.mark.parametrize(
    ("join", "parts"),
    [
        ("join", [[], [], [("c", (4, "q"))], [], A]),
        ("leftOuterJoin", [[], [], [("b", (2, None)), ("c", (4, "q"))], [], A]),
        ("rightOuterJoin", [[], [("d", (None, "z"))], [("c", (4, "q"))], [], A]),
        ("fullOuterJoin", [[], [("d", (None, "z"))], [("b", (2, None)), ("c", (4, "q"))], [], A]),
        ("subtractByKey", [[], [], [("b", 2)], [], []]),
    ],
)
def test_joins(left: Any, right: Any, join: str, parts: list[Any]) -> None:
    assert getattr(left, join)(right).glom().collect() == parts
    together = getattr(left, join)(right, 1)
    assert together.getNumPartitions() == 1
    assert sorted(together.collect(), key=str) == sorted(chain.from_iterable(parts), key=str)


def test_cogroup_and_group_with(left: Any, right: Any) -> None:
    assert [plain(part) for part in left.cogroup(right).glom().collect()] == [
        [],
        [("d", [[], ["z"]])],
        [("b", [[2], []]), ("c", [[4], ["q"]])],
        [],
        [("a", [[1, 3], ["x", "y"]])],
    ]
    assert sorted(plain(left.groupWith(right, left).collect())) == [
        ("a", [[1, 3], ["x", "y"], [1, 3]]),
        ("b", [[2], [], [2]]),
        ("c", [[4], ["q"], [4]]),
        ("d", [[], ["z"], []]),
    ]


def test_sets(sc: SparkContext) -> None:
    a, b = sc.parallelize([1, 10, 2, 3, 4, 5, 3], 3), sc.parallelize([1, 6, 2, 3, 7, 8], 2)
    assert a.intersection(b).glom().collect() == [[], [1], [2], [3], []]
    assert a.subtract(b).glom().collect() == [[10, 5], [], [], [], [4]]
    assert a.subtract(b, 2).glom().collect() == [[10, 4], [5]]


def test_values_that_are_false_still_count(sc: SparkContext) -> None:
    zeros = sc.parallelize([("a", 0), ("b", None)], 1)
    assert zeros.subtractByKey(sc.parallelize([("a", 0)], 1)).collect() == [("b", None)]
    assert sorted(zeros.join(zeros).collect()) == [("a", (0, 0)), ("b", (None, None))]


def test_partition_by(sc: SparkContext) -> None:
    squares = sc.parallelize([(i, i * i) for i in range(9)], 4)
    assert squares.partitionBy(3, lambda key: key // 4).glom().collect() == [
        [(0, 0), (1, 1), (2, 4), (3, 9)],
        [(4, 16), (5, 25), (6, 36), (7, 49)],
        [(8, 64)],
    ]
    assert sc.parallelize([["x", 5]]).partitionBy(1).collect() == [("x", 5)]


def test_what_keeps_the_partitioner(sc: SparkContext) -> None:
    parted = sc.parallelize([(i, i) for i in range(9)], 4).partitionBy(3)
    kept = [parted.mapValues(str), parted.flatMapValues(range), parted.filter(bool), parted.sample(False, 0.5, 1)]
    kept += [parted.union(parted), parted.reduceByKey(max), parted.mapPartitions(list, True), parted.map(tuple, True)]
    lost = [parted.map(tuple), parted.glom(), parted.keys(), parted.coalesce(2), parted.repartition(3)]
    lost += [sc.union([parted, parted]), parted.union(sc.range(3)), parted.zip(parted), parted.cartesian(parted)]
    assert [rdd.partitioner == parted.partitioner for rdd in kept] == [True] * 8
    assert [rdd.partitioner for rdd in lost] == [None] * 9


def test_no_shuffle_for_what_is_in_place(sc: SparkContext, cluster: InlineBackend) -> None:
    parted = sc.parallelize([(i % 5, i) for i in range(20)], 4).partitionBy(3)
    assert parted.partitionBy(3) is parted
    parted.count()
    shuffles = len(cluster.outputs)
    assert sorted(parted.reduceByKey(lambda a, b: a + b).collect()) == [(0, 30), (1, 34), (2, 38), (3, 42), (4, 46)]
    assert sorted(parted.groupByKey(3).mapValues(list).collect())[0] == (0, [0, 5, 10, 15])
    assert parted.join(parted).getNumPartitions() == 3
    assert parted.join(parted).count() == 80
    assert len(cluster.outputs) == shuffles
    parted.join(parted, 4).count()
    assert len(cluster.outputs) == shuffles + 1


def test_partition_counts(sc: SparkContext) -> None:
    a, b = sc.parallelize([(1, 2)], 3), sc.parallelize([(1, 2)], 4)
    rdds = [a.join(b), a.cogroup(b), a.reduceByKey(max), a.distinct(), a.union(b), a.cartesian(b), a.sortByKey()]
    rdds += [a.groupByKey(7), a.intersection(b), a.subtract(b), a.subtractByKey(b), a.coalesce(10), a.repartition(10)]
    assert [rdd.getNumPartitions() for rdd in rdds] == [7, 7, 3, 3, 7, 12, 3, 7, 7, 7, 7, 3, 10]


def test_default_parallelism_decides_when_it_is_set() -> None:
    conf = SparkConf().setMaster("inline[2]").setAppName("x").set("spark.default.parallelism", 5)
    with SparkContext(conf=conf) as sc:
        pairs = sc.parallelize([(1, 2)], 3)
        assert [pairs.reduceByKey(max).getNumPartitions(), pairs.join(pairs).getNumPartitions()] == [5, 5]
        assert sc.range(1).getNumPartitions() == 5


def test_reduce_by_key_locally_and_counts(sc: SparkContext) -> None:
    pairs = sc.parallelize([("a", 1), ("b", 1), ("a", 2)], 2)
    assert pairs.reduceByKeyLocally(lambda x, y: x + y) == {"a": 3, "b": 1}
    assert pairs.countByKey() == {"a": 2, "b": 1}
    assert pairs.collectAsMap() == {"a": 2, "b": 1}


def test_lookup_asks_one_partition_when_it_can(sc: SparkContext, cluster: InlineBackend) -> None:
    pairs = sc.parallelize([("a", 1), ("b", 1), ("a", 2)], 2)
    assert pairs.lookup("a") == [1, 2]
    assert cluster.jobs[-1] == [0, 1]
    parted = pairs.partitionBy(3)
    assert (parted.lookup("b"), parted.lookup("zz")) == ([1], [])
    assert [len(job) for job in cluster.jobs[-2:]] == [1, 1]


def test_bad_keys_and_pairs_fail_in_the_task(sc: SparkContext) -> None:
    with pytest.raises(SparkJobError, match="unhashable type: 'list'"):
        sc.parallelize([[1], [2]]).distinct().collect()
    with pytest.raises(SparkJobError, match="cannot unpack non-iterable int"):
        sc.parallelize([1, 2]).reduceByKey(max).collect()


def test_nothing_to_shuffle(sc: SparkContext) -> None:
    assert sc.emptyRDD().reduceByKey(max, 2).glom().collect() == [[], []]
    assert sc.emptyRDD().distinct().getNumPartitions() == 0
    assert sc.parallelize([(1, 2)]).foldByKey(0, max, 0).collect() == []


def test_a_shuffle_can_leave_combining_to_the_reduce_side(sc: SparkContext, cluster: InlineBackend) -> None:
    pairs = sc.parallelize([(1, 1), (1, 2), (2, 3)], 1)
    lists = Aggregator(lambda v: [v], lambda c, v: [*c, v], lambda a, b: a + b)
    combined: RDD[Any] = ShuffledRDD(pairs, Partitioner(1, portable_hash), lists, map_side_combine=False)
    assert combined.collect() == [(1, [1, 2]), (2, [3])]
    assert cluster.shuffled == 3

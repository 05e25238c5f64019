"""Lineage is cut into stages at shuffles; the debug string shows the same picture."""

from __future__ import annotations

import re

from sparksim.core.context import SparkContext
from sparksim.core.dependency import NarrowDependency, ShuffleDependency
from sparksim.core.nodes import PartitionerAwareUnionRDD
from sparksim.core.stages import StageSpec, split_stages
from tests.core.inline_backend import InlineBackend


def shape(stage: StageSpec) -> str:
    """Such as `map(reduceByKey(), sortByKey())`: the calls that made the last RDDs of the stages."""
    return f"{stage.name.partition(' ')[0]}({', '.join(map(shape, stage.parents))})"


def test_no_shuffle_is_one_stage(sc: SparkContext) -> None:
    rdd = sc.range(3).map(str).filter(bool)
    stage = split_stages(rdd)
    assert (stage.rdd, stage.shuffle, stage.parents) == (rdd, None, ())


def test_a_stage_per_shuffle(sc: SparkContext) -> None:
    counts = sc.parallelize([("a", 1)]).reduceByKey(max)
    regrouped = counts.map(lambda pair: pair).groupByKey(3).mapValues(list)
    stage = split_stages(regrouped)
    assert shape(stage) == "mapValues(groupByKey(reduceByKey()))"
    assert re.fullmatch(r"groupByKey at test_stages.py:\d+", stage.parents[0].name)
    shuffle = stage.parents[0].shuffle
    assert isinstance(shuffle, ShuffleDependency)
    assert (shuffle.partitioner.numPartitions, shuffle.map_side_combine) == (3, True)
    assert stage.parents[0].rdd is shuffle.rdd


def test_a_shuffle_reached_twice_is_one_stage(sc: SparkContext) -> None:
    counts = sc.parallelize([("a", 1)]).reduceByKey(max)
    stage = split_stages(counts.union(counts.mapValues(str)).union(counts))
    assert shape(stage) == "union(reduceByKey())"
    left, right = counts.map(lambda p: p).groupByKey(), counts.map(lambda p: p).reduceByKey(min)
    first, second = split_stages(left.join(right, 5)).parents[0].parents
    assert first.parents[0] is second.parents[0]


def test_parents_come_in_order_of_the_dependencies(sc: SparkContext) -> None:
    a, b = sc.parallelize([(1, 1)]).reduceByKey(max), sc.parallelize([(1, 1)]).groupByKey()
    assert shape(split_stages(a.union(b))) == "union(reduceByKey(), groupByKey())"
    assert shape(split_stages(b.cartesian(a))) == "cartesian(groupByKey(), reduceByKey())"


def test_long_lineages_do_not_overflow(sc: SparkContext) -> None:
    rdd = sc.parallelize([(1, 1)], 1)
    for _ in range(1500):
        rdd = rdd.map(lambda pair: pair).partitionBy(1)
    depth = 0
    stage = split_stages(rdd)
    while stage.parents:
        (stage,) = stage.parents
        depth += 1
    assert depth == 1500


def test_each_shuffle_runs_once(sc: SparkContext, cluster: InlineBackend) -> None:
    counts = sc.parallelize([("a", 1), ("b", 1)], 2).reduceByKey(max)
    assert counts.join(counts).count() == 2
    counts.collect()
    assert [name.split()[0] for name in cluster.stages] == ["reduceByKey", "count", "collect"]


def test_narrow_dependencies_say_which_parents_they_read(sc: SparkContext) -> None:
    a, b = sc.range(4, numSlices=4), sc.range(3, numSlices=3)

    def parents(rdd: object, index: int) -> list[tuple[int, ...]]:
        return [tuple(each.parents_of(index)) for each in rdd.dependencies if isinstance(each, NarrowDependency)]

    assert parents(a.map(str), 2) == [(2,)]
    assert parents(a.union(b), 5) == [(), (1,)]
    assert parents(a.coalesce(3), 2) == [(2, 3)]
    assert parents(a.cartesian(b), 5) == [(1,), (2,)]
    assert parents(a.zip(a), 3) == [(3,), (3,)]


def lines(rdd: object) -> list[str]:
    return [re.sub(r"\.py:\d+", "", line) for line in rdd.toDebugString().decode().splitlines()]


def test_debug_string(sc: SparkContext) -> None:
    words = sc.parallelize(["a b"], 12).flatMap(str.split).map(lambda w: (w, 1)).reduceByKey(lambda a, b: a + b, 3)
    assert lines(words) == [
        "(3) ShuffledRDD[4] at reduceByKey at test_stages []",
        " +-(12) PairwiseRDD[3] at reduceByKey at test_stages []",
        "    |   MapPartitionsRDD[2] at map at test_stages []",
        "    |   MapPartitionsRDD[1] at flatMap at test_stages []",
        "    |   ParallelCollectionRDD[0] at parallelize at test_stages []",
    ]


def test_debug_string_of_a_union_with_names_and_levels(sc: SparkContext) -> None:
    a = sc.parallelize([(1, 1)], 2).reduceByKey(max).setName("counts").cache()
    b = sc.parallelize([(1, 1)], 12)
    assert lines(a.union(b)) == [
        "(14) UnionRDD[4] at union at test_stages []",
        " |   counts ShuffledRDD[2] at reduceByKey at test_stages [Memory Serialized 1x Replicated]",
        " +-(2) PairwiseRDD[1] at reduceByKey at test_stages []",
        "    |  ParallelCollectionRDD[0] at parallelize at test_stages []",
        " |   ParallelCollectionRDD[3] at parallelize at test_stages []",
    ]
    assert repr(a).startswith("counts ShuffledRDD[2] at reduceByKey at test_stages.py:")
    assert (a.name(), b.name(), a.id()) == ("counts", None, 2)


def test_a_partitioner_aware_union_prefers_the_place_of_most_parents(sc: SparkContext) -> None:
    places = iter(["executor_a_1", "executor_b_2", "executor_b_2"])
    parents = [sc.parallelize([(1, 1)], 2).partitionBy(2) for _ in range(3)]
    for parent in parents:
        place = next(places)
        parent.preferred_locations = lambda index, place=place: (place,)  # type: ignore[method-assign]
    together = parents[0].union(parents[1])
    assert together.preferred_locations(0) == ("executor_a_1",)
    assert PartitionerAwareUnionRDD(sc, parents).preferred_locations(1) == ("executor_b_2",)
    assert sc.union(parents[:1]).preferred_locations(0) == ("executor_a_1",)

"""Actions give PySpark's answers, run as many jobs as PySpark's, and fail where PySpark's fail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from sparksim.core import local_properties
from sparksim.core.context import SparkContext
from sparksim.core.errors import SparkJobError
from tests.core.inline_backend import InlineBackend


def test_folding(sc: SparkContext) -> None:
    rdd = sc.parallelize([5, 3, 8, 1, 9, 2], 3)
    assert rdd.reduce(lambda x, y: x - y) == (5 - 3) - (8 - 1) - (9 - 2)
    assert rdd.fold(1, lambda x, y: x + y) == 28 + 4
    assert rdd.aggregate((0, 0), lambda s, x: (s[0] + x, s[1] + 1), lambda p, q: (p[0] + q[0], p[1] + q[1])) == (28, 6)
    assert (rdd.sum(), rdd.count(), rdd.max(), rdd.min()) == (28, 6, 9, 1)
    assert (rdd.max(key=str), rdd.min(key=lambda x: -x)) == (9, 9)


def test_a_zero_value_that_changes_is_fresh_in_every_partition(sc: SparkContext) -> None:
    rdd = sc.parallelize(range(3), 2)
    assert rdd.aggregate([], lambda seen, x: seen.append(x) or seen, lambda a, b: a + b) == [0, 1, 2]
    assert rdd.fold(0, max) == 2


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_trees(sc: SparkContext, depth: int) -> None:
    rdd = sc.range(100, numSlices=20)
    assert rdd.treeReduce(lambda x, y: x + y, depth) == 4950
    assert rdd.treeAggregate(0, lambda x, y: x + y, lambda x, y: x + y, depth) == 4950


def test_trees_merge_in_pysparks_order(sc: SparkContext, cluster: InlineBackend) -> None:
    digits = sc.range(100, numSlices=20).map(str).treeReduce(lambda x, y: x + y)
    assert digits.startswith("0123420212223244041424344606162636480818283845678925")
    assert len(cluster.outputs) == 1
    assert sc.emptyRDD().treeAggregate(7, max, max) == 7


def test_smallest_and_largest(sc: SparkContext) -> None:
    rdd = sc.parallelize([5, 3, 8, 1, 9, 2], 3)
    assert (rdd.top(3), rdd.top(2, key=lambda x: -x), rdd.top(0)) == ([9, 8, 5], [1, 2], [])
    assert (rdd.takeOrdered(2), rdd.takeOrdered(3, key=lambda x: -x), rdd.takeOrdered(0)) == ([1, 2], [9, 8, 5], [])
    assert sc.emptyRDD().takeOrdered(3) == []


def test_counts(sc: SparkContext) -> None:
    counts = sc.parallelize(["a", "b", "a"], 2).countByValue()
    assert counts == {"a": 2, "b": 1}
    assert isinstance(counts, defaultdict)
    assert sc.parallelize([], 2).countByValue() == {}


@pytest.mark.parametrize(
    ("size", "partitions", "num", "records", "jobs"),
    [
        (10, 2, 5, [0, 3, 6, 9], [[0], [1]]),
        (50, 20, 5, [0, 3, 6, 9, 12], [[0], [1, 2, 3, 4], [5, 6, 7, 8]]),
        (50, 20, 1, [0], [[0]]),
        (0, 6, 3, [], [[0], [1, 2, 3, 4], [5]]),
        (50, 20, 0, [], []),
        (50, 20, -1, [], []),
    ],
)
def test_take_scans_more_and_more_partitions(
    sc: SparkContext, cluster: InlineBackend, size: int, partitions: int, num: int, records: list[int], jobs: list[Any]
) -> None:
    assert sc.parallelize(list(range(size)), partitions).filter(lambda x: x % 3 == 0).take(num) == records
    assert cluster.jobs == jobs


def test_take_pulls_no_more_than_it_needs(sc: SparkContext, cluster: InlineBackend) -> None:
    assert sc.range(1000, numSlices=2).map(lambda x: x + 1).take(3) == [1, 2, 3]
    assert cluster.read == 3


def test_first_and_is_empty(sc: SparkContext, cluster: InlineBackend) -> None:
    assert sc.parallelize([5, 6], 2).first() == 5
    assert sc.parallelize([], 2).isEmpty()
    assert not sc.parallelize([1]).isEmpty()
    jobs = len(cluster.jobs)
    assert sc.emptyRDD().isEmpty()
    assert len(cluster.jobs) == jobs


def test_collect_gives_copies_in_order_of_the_partitions(sc: SparkContext) -> None:
    record = [1]
    rdd = sc.parallelize([record, [2]], 2)
    collected = rdd.collect()
    assert collected == [[1], [2]]
    assert collected[0] is not record
    with pytest.warns(FutureWarning, match="use setJobGroup and collect"):
        assert rdd.collectWithJobGroup("group", "text") == [[1], [2]]
    assert sc.getLocalProperty("spark.jobGroup.id") is None


def test_results_must_be_picklable(sc: SparkContext) -> None:
    generators = sc.range(2).map(lambda x: (y for y in [x]))
    assert generators.count() == 2
    with pytest.raises(SparkJobError, match="cannot pickle 'generator' object"):
        generators.collect()
    assert [f(1) for f in sc.range(2).map(lambda x: lambda y: x + y).collect()] == [1, 2]


def test_local_iterator_runs_a_job_per_partition(sc: SparkContext, cluster: InlineBackend) -> None:
    records = sc.range(5, numSlices=2).toLocalIterator()
    assert cluster.jobs == []
    assert next(records) == 0
    assert cluster.jobs == [[0]]
    assert list(records) == [1, 2, 3, 4]
    assert cluster.jobs == [[0], [1]]


def test_foreach(sc: SparkContext) -> None:
    total = sc.accumulator(0)
    sc.range(4).foreach(total.add)
    sc.range(4, numSlices=2).foreachPartition(lambda records: total.add(100))
    assert total.value == 206


def test_foreach_partition_runs_what_the_function_returns(sc: SparkContext) -> None:
    total = sc.accumulator(0)

    def lazily(records: Any) -> Any:
        for record in records:
            total.add(record)
            yield record

    sc.range(4).foreachPartition(lazily)
    assert total.value == 6


def test_zip_with_index_counts_all_but_single_partitions(sc: SparkContext, cluster: InlineBackend) -> None:
    sc.parallelize([1], 1).zipWithIndex()
    assert cluster.jobs == []
    assert sc.parallelize(list("abc"), 3).zipWithIndex().collect() == [("a", 0), ("b", 1), ("c", 2)]
    assert len(cluster.jobs) == 2


def test_run_job(sc: SparkContext) -> None:
    rdd = sc.range(10, numSlices=5)
    assert sc.runJob(rdd, lambda records: [sum(records)]) == [1, 5, 9, 13, 17]
    assert sc.runJob(rdd, lambda records: [sum(records)], [0, 3, 3]) == [1, 13, 13]
    assert sc.runJob(rdd, list, []) == []


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda sc: sc.parallelize([], 2).reduce(max), "cannot reduce an empty RDD"),
        (lambda sc: sc.parallelize([], 2).max(), "cannot reduce an empty RDD"),
        (lambda sc: sc.parallelize([], 2).treeReduce(max), "cannot reduce an empty RDD"),
        (lambda sc: sc.emptyRDD().countByValue(), "cannot reduce an empty RDD"),
        (lambda sc: sc.emptyRDD().top(1), "cannot reduce an empty RDD"),
        (lambda sc: sc.parallelize([], 2).first(), "it has no first record"),
        (lambda sc: sc.range(3).takeOrdered(-1), "num must not be negative, got -1"),
        (lambda sc: sc.range(3).treeReduce(max, 0), "depth must be at least 1, got 0"),
        (lambda sc: sc.range(3).treeAggregate(0, max, max, 0), "depth must be at least 1, got 0"),
    ],
)
def test_bad_requests(sc: SparkContext, action: Callable[[SparkContext], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        action(sc)


def test_a_failing_task_shows_the_users_traceback(sc: SparkContext) -> None:
    with pytest.raises(SparkJobError, match=r"(?s)Job aborted.*test_actions.py.*ZeroDivisionError"):
        sc.range(3).map(lambda x: 1 // x).collect()


def test_jobs_are_named_after_the_action(sc: SparkContext, cluster: InlineBackend) -> None:
    sc.range(3).map(lambda x: (x, x)).reduceByKey(max).count()
    names = [name.partition(":")[0] for name in cluster.stages]
    assert names == ["reduceByKey at test_actions.py", "count at test_actions.py"]
    with local_properties.overlay({local_properties.CALL_SITE: "print at stream.py:3"}):
        sc.range(3).collect()
    assert cluster.stages[-1] == "print at stream.py:3"

"""Statistics, histograms and approximate counts."""

from __future__ import annotations

from math import inf, isnan, nan
from typing import Any

import pytest

from sparksim.core.context import SparkContext
from sparksim.core.errors import SparkJobError
from sparksim.core.hyperloglog import HyperLogLog
from sparksim.core.stat_counter import StatCounter


def test_moments(sc: SparkContext) -> None:
    rdd = sc.parallelize([1.0, 2.0, 3.5, 10.0], 2)
    assert str(rdd.stats()) == "(count: 4, mean: 4.125, stdev: 3.5066900347763843, max: 10.0, min: 1.0)"
    assert (rdd.mean(), rdd.variance(), rdd.stdev()) == (4.125, 12.296875, 3.5066900347763843)
    assert (rdd.sampleVariance(), rdd.sampleStdev()) == (16.395833333333332, 4.049176871085447)


def test_as_dict_has_pysparks_swapped_flag() -> None:
    counter = StatCounter([1.0, 2.0, 3.5, 10.0])
    assert counter.asDict()["variance"] == 16.395833333333332
    assert counter.asDict(sample=True) == {
        "count": 4,
        "mean": 4.125,
        "sum": 16.5,
        "min": 1.0,
        "max": 10.0,
        "stdev": 3.5066900347763843,
        "variance": 12.296875,
    }


@pytest.mark.parametrize(("left", "right"), [(1, 1), (1, 50), (50, 1), (0, 3), (3, 0)])
def test_merging_is_as_good_as_counting_together(left: int, right: int) -> None:
    values = [float(i * i % 17) for i in range(left + right)]
    merged = StatCounter(values[:left]).mergeStats(StatCounter(values[left:]))
    together = StatCounter(values)
    assert (merged.count(), merged.min(), merged.max()) == (together.count(), together.min(), together.max())
    assert merged.mean() == pytest.approx(together.mean())
    assert merged.variance() == pytest.approx(together.variance())


def test_odd_counters() -> None:
    empty = StatCounter()
    assert (empty.count(), empty.mean(), empty.min(), empty.max()) == (0, 0.0, inf, -inf)
    assert isnan(empty.variance())
    assert isnan(empty.sampleVariance())
    assert isnan(StatCounter([1.0, nan, 2.0]).max())
    twice = StatCounter([1.0, 3.0])
    assert twice.mergeStats(twice).count() == 4
    with pytest.raises(TypeError, match="can only merge a StatCounter, got 1"):
        twice.mergeStats(1)


def test_empty_rdds(sc: SparkContext) -> None:
    assert sc.parallelize([], 2).mean() == 0.0
    assert sc.emptyRDD().sum() == 0
    with pytest.raises(ValueError, match="cannot reduce an empty RDD"):
        sc.emptyRDD().stats()
    with pytest.raises(SparkJobError, match="unsupported operand"):
        sc.parallelize(["a"]).sum()


def test_approximations_are_exact_because_the_job_always_ends(sc: SparkContext) -> None:
    rdd = sc.parallelize([1.0, 2.0, 3.5, 10.0], 2)
    total = rdd.sumApprox(1000)
    assert (total, total.confidence, total.low, total.high) == (16.5, 1.0, 16.5, 16.5)
    assert (rdd.meanApprox(1000), rdd.countApprox(1000)) == (4.125, 4)


@pytest.mark.parametrize(
    ("buckets", "expected"),
    [
        (1, ([0, 50], [51])),
        (2, ([0, 25, 50], [25, 26])),
        (3, ([0.0, 16.666666666666668, 33.333333333333336, 50], [17, 17, 17])),
        ([0, 5, 25, 50], ([0, 5, 25, 50], [5, 20, 26])),
        ([0, 15, 30, 45, 60], ([0, 15, 30, 45, 60], [15, 15, 15, 6])),
        ((10, 20), ((10, 20), [11])),
    ],
)
def test_histograms(sc: SparkContext, buckets: Any, expected: Any) -> None:
    assert sc.range(51, numSlices=3).histogram(buckets) == expected


def test_histograms_of_other_things(sc: SparkContext) -> None:
    assert sc.parallelize([1, 1, 1]).histogram(4) == ([1, 1], [3])
    assert sc.parallelize(["ab", "ac", "b", "bd", "ef"]).histogram(("a", "b", "c")) == (("a", "b", "c"), [2, 2])
    assert sc.parallelize([1, None, nan, 3]).histogram(2) == ([1, 2, 3], [1, 1])
    assert sc.parallelize([1, None, nan, 3]).histogram([0, 2, 4]) == ([0, 2, 4], [1, 1])


@pytest.mark.parametrize(
    ("records", "buckets", "error", "message"),
    [
        ([1, 2], 0, ValueError, "number of buckets must be at least 1, got 0"),
        ([1, 2], [1], ValueError, "at least two bounds"),
        ([1, 2], [2, 1], ValueError, "must be sorted"),
        ([1, 2], [1, 1], ValueError, "must not have a bound twice"),
        ([1, 2], [1, None], ValueError, "must not have None or NaN"),
        ([1, 2], "x", TypeError, "must be an int, a list or a tuple, got 'x'"),
        ([], 2, ValueError, "cannot reduce an empty RDD"),
        (["a", "b"], 2, TypeError, "need numbers"),
        ([1.0, inf], 2, ValueError, "need finite values"),
    ],
)
def test_bad_buckets(sc: SparkContext, records: list[Any], buckets: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sc.parallelize(records).histogram(buckets)


@pytest.mark.parametrize(("size", "relative_sd"), [(0, 0.05), (1, 0.05), (10, 0.1), (100, 0.05), (300, 0.01)])
def test_small_distinct_counts_recorded_from_spark(sc: SparkContext, size: int, relative_sd: float) -> None:
    recorded = {(0, 0.05): 0, (1, 0.05): 1, (10, 0.1): 10, (100, 0.05): 103, (300, 0.01): 299}
    rdd = sc.range(size, numSlices=3).map(lambda x: x * 17)
    assert rdd.countApproxDistinct(relative_sd) == recorded[size, relative_sd]


def test_large_distinct_counts_are_about_right() -> None:
    for size in (3_000, 20_000):
        sketch = HyperLogLog(0.02)
        for value in range(size):
            sketch.add(value)
        assert sketch.cardinality() == pytest.approx(size, rel=0.06)


def test_distinct_counts_need_a_possible_precision(sc: SparkContext) -> None:
    with pytest.raises(ValueError, match=r"relativeSD must be at least 0\.000017, got 1e-08"):
        sc.range(3).countApproxDistinct(1e-8)

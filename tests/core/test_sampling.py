"""The same seed gives PySpark's sample."""

from __future__ import annotations

from itertools import chain

import pytest

from sparksim.core.context import SparkContext
from sparksim.core.rdd import RDD
from sparksim.core.sampling import sample_fraction


@pytest.fixture
def hundred(sc: SparkContext) -> RDD[int]:
    return sc.range(100, numSlices=4)


def test_sample_without_replacement(hundred: RDD[int]) -> None:
    assert hundred.sample(False, 0.3, 42).glom().collect() == [
        [0, 1, 3, 4, 7, 10, 14, 17, 18],
        [31, 32, 33, 34, 35, 37, 40, 41, 42, 44, 45, 46, 47, 48],
        [52, 53, 56, 59, 66, 74],
        [78, 79, 81, 84, 86, 89, 92, 94, 98],
    ]


def test_sample_with_replacement(hundred: RDD[int]) -> None:
    assert hundred.sample(True, 0.5, 42).glom().collect()[1] == [26, 27, 27, 33, 35, 44, 44, 45, 47, 48]
    assert hundred.sample(True, 25.0, 7).filter(lambda x: x < 4).countByValue() == {0: 34, 1: 30, 2: 26, 3: 24}


def test_take_sample(hundred: RDD[int]) -> None:
    assert [hundred.takeSample(False, 1, seed) for seed in (1, 2, 99)] == [[65], [84], [58]]
    assert hundred.takeSample(False, 10, 1) == [93, 22, 85, 39, 92, 96, 49, 61, 6, 29]
    everything = hundred.takeSample(False, 150, 1)
    assert everything[:8] == [53, 37, 65, 51, 4, 20, 38, 9]
    assert sorted(everything) == list(range(100))
    assert len(hundred.takeSample(True, 150, 1)) == 150
    assert hundred.takeSample(False, 0) == []


def test_sample_by_key(sc: SparkContext) -> None:
    pairs = sc.parallelize([(key, i) for key in "ab" for i in range(50)], 2)
    once = pairs.sampleByKey(False, {"a": 0.2, "b": 0.1}, 3)
    assert once.glom().collect() == [[("a", 5), ("a", 11), ("a", 15), ("a", 27), ("a", 28), ("a", 45)], []]
    assert pairs.sampleByKey(True, {"a": 0.2, "b": 0.1}, 3).glom().collect()[1] == [
        ("b", i) for i in (0, 5, 9, 21, 24, 29, 45)
    ]


def test_random_split_is_a_partition_of_the_data(hundred: RDD[int]) -> None:
    parts = [rdd.collect() for rdd in hundred.randomSplit([1, 2, 3], 17)]
    assert sorted(chain.from_iterable(parts)) == list(range(100))
    assert len(parts[0]) < len(parts[1]) < len(parts[2])


def test_without_a_seed_the_same_program_draws_the_same() -> None:
    def draw() -> list[list[int]]:
        with SparkContext("inline[2]", "draw") as sc:
            rdd = sc.range(50)
            return [rdd.takeSample(False, 5), rdd.sample(False, 0.2).collect(), rdd.randomSplit([1, 1])[0].collect()]

    assert draw() == draw()


def test_bad_arguments(hundred: RDD[int]) -> None:
    with pytest.raises(ValueError, match="fraction must not be negative, got -1"):
        hundred.sample(False, -1)
    with pytest.raises(ValueError, match=r"weights must not be negative, got \[-1\]"):
        hundred.randomSplit([-1])
    with pytest.raises(ValueError, match=r"the sum of weights must be positive, got \[0\]"):
        hundred.randomSplit([0])
    with pytest.raises(ValueError, match="num must not be negative, got -1"):
        hundred.takeSample(False, -1)
    with pytest.raises(ValueError, match="num must not be greater than"):
        hundred.takeSample(False, 1 << 63)
    with pytest.raises(AssertionError, match=r"the fraction of key 'a' must not be negative, got -0\.5"):
        hundred.sampleByKey(False, {"a": -0.5})


def test_fractions_that_almost_surely_suffice() -> None:
    assert sample_fraction(10, 100, True) == pytest.approx(0.1 + 9 * (0.1 / 100) ** 0.5)
    assert sample_fraction(20, 100, True) == pytest.approx(0.2 + 5 * (0.2 / 100) ** 0.5)
    assert 0.1 < sample_fraction(10, 100, False) < sample_fraction(50, 100, False) <= 1

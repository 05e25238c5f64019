"""Random samples that fall as PySpark's do: each partition draws from `Random(seed ^ index)` (PySpark: RDDSampler)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any


class Sampler:
    """Keeps each record with probability `fraction`, or, with replacement, a Poisson number of copies of it."""

    def __init__(self, with_replacement: bool, fraction: float, seed: int) -> None:
        self.with_replacement = with_replacement
        self.fraction = fraction
        self.seed = seed

    def __call__(self, index: int, records: Iterator[Any]) -> Iterator[Any]:
        random = generator(self.seed, index)
        for record in records:
            fraction = self.fraction_of(record)
            copies = _poisson(random, fraction) if self.with_replacement else random.random() < fraction
            for _ in range(copies):
                yield record

    def fraction_of(self, record: Any) -> float:
        """The expected number of copies of this record."""
        return self.fraction


class StratifiedSampler(Sampler):
    """A sampler with a fraction for each key."""

    def __init__(self, with_replacement: bool, fractions: Mapping[Any, float], seed: int) -> None:
        super().__init__(with_replacement, 0.0, seed)
        self.fractions: dict[Any, float] = dict(fractions)

    def fraction_of(self, record: Any) -> float:
        key, _ = record
        return self.fractions[key]


class RangeSampler:
    """Keeps the records whose draw falls between two bounds, so that neighbours split the data without overlap."""

    def __init__(self, lower: float, upper: float, seed: int) -> None:
        self.lower = lower
        self.upper = upper
        self.seed = seed

    def __call__(self, index: int, records: Iterator[Any]) -> Iterator[Any]:
        random = generator(self.seed, index)
        return (record for record in records if self.lower <= random.random() < self.upper)


def generator(seed: int, index: int) -> Random:
    """The generator of partition `index`, past its first draws, which are alike for neighbouring seeds."""
    random = Random(seed ^ index)
    for _ in range(10):
        random.randint(0, 1)
    return random


def sample_fraction(lower_bound: int, total: int, with_replacement: bool) -> float:
    """A fraction that almost surely (99.99 %) gives at least `lower_bound` of `total` records.

    Spark: SamplingUtils.computeFractionForSampleSize.
    """
    fraction = lower_bound / total
    if with_replacement:
        deviations = 9 if lower_bound < 12 else 5
        return fraction + deviations * math.sqrt(fraction / total)
    gamma = -math.log(0.00005) / total
    return min(1, fraction + gamma + math.sqrt(gamma * gamma + 2 * gamma * fraction))


def _poisson(random: Random, mean: float) -> int:
    """A Poisson number, by Knuth's method; for large means in logarithms."""
    count = 0
    if mean < 20.0:
        limit = math.exp(-mean)
        product = random.random()
        while product > limit:
            count += 1
            product *= random.random()
    else:
        elapsed = random.expovariate(mean)
        while elapsed < 1.0:
            count += 1
            elapsed += random.expovariate(mean)
    return count

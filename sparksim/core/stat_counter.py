"""Count, mean, variance and extremes of numbers, in one pass and mergeable (PySpark: StatCounter)."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from math import inf, isnan, nan, sqrt


class StatCounter:
    """Running statistics of the values merged so far."""

    def __init__(self, values: Iterable[float] | None = None) -> None:
        self.n = 0
        self.mu = 0.0
        self.m2 = 0.0
        self.maxValue = -inf
        self.minValue = inf
        for value in values or ():
            self.merge(value)

    def merge(self, value: float) -> StatCounter:
        """Add one value."""
        delta = value - self.mu
        self.n += 1
        self.mu += delta / self.n
        self.m2 += delta * (value - self.mu)
        self._widen(value, value)
        return self

    def mergeStats(self, other: StatCounter) -> StatCounter:
        """Add all values of another counter."""
        if not isinstance(other, StatCounter):
            raise TypeError(f"can only merge a StatCounter, got {other!r}")
        if other is self:
            other = self.copy()
        if other.n == 0:
            return self
        total = self.n + other.n
        delta = other.mu - self.mu
        if other.n * 10 < self.n:
            self.mu += delta * other.n / total
        elif self.n * 10 < other.n:
            self.mu = other.mu - delta * self.n / total
        else:
            self.mu = (self.mu * self.n + other.mu * other.n) / total
        self.m2 += other.m2 + delta * delta * self.n * other.n / total
        self.n = total
        self._widen(other.minValue, other.maxValue)
        return self

    def _widen(self, low: float, high: float) -> None:
        """NaN is both the smallest and the largest value, and stays so."""
        if low < self.minValue or isnan(low):
            self.minValue = low
        if high > self.maxValue or isnan(high):
            self.maxValue = high

    def copy(self) -> StatCounter:
        """An independent counter with the same values."""
        return copy.copy(self)

    def count(self) -> int:
        """How many values."""
        return int(self.n)

    def mean(self) -> float:
        """Their mean; 0.0 when there are none."""
        return self.mu

    def sum(self) -> float:
        """Their sum."""
        return self.n * self.mu

    def min(self) -> float:
        """The smallest; infinity when there are none."""
        return self.minValue

    def max(self) -> float:
        """The largest; minus infinity when there are none."""
        return self.maxValue

    def variance(self) -> float:
        """Variance as a whole population; NaN when there are none."""
        return self.m2 / self.n if self.n else nan

    def sampleVariance(self) -> float:
        """Variance estimated from a sample; NaN for fewer than two values."""
        return self.m2 / (self.n - 1) if self.n > 1 else nan

    def stdev(self) -> float:
        """Standard deviation as a whole population."""
        return sqrt(self.variance())

    def sampleStdev(self) -> float:
        """Standard deviation estimated from a sample."""
        return sqrt(self.sampleVariance())

    def asDict(self, sample: bool = False) -> dict[str, float]:
        """All of it. As in PySpark, `sample=False` gives the sample estimates and True those of the population."""
        return {
            "count": self.count(),
            "mean": self.mean(),
            "sum": self.sum(),
            "min": self.min(),
            "max": self.max(),
            "stdev": self.stdev() if sample else self.sampleStdev(),
            "variance": self.variance() if sample else self.sampleVariance(),
        }

    def __repr__(self) -> str:
        return (
            f"(count: {self.count()}, mean: {self.mean()}, stdev: {self.stdev()}, max: {self.max()}, min: {self.min()})"
        )

"""Actions on numbers: sums, moments, extremes, histograms (PySpark: RDD.stats and its kin)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from math import isinf, isnan
from operator import add
from typing import Any, TypeVar

from sparksim.core.actions import Actions
from sparksim.core.hyperloglog import HyperLogLog
from sparksim.core.portable_hash import portable_hash
from sparksim.core.stat_counter import StatCounter
from sparksim.core.steps import MAP, PARTITIONS

T = TypeVar("T")


class BoundedFloat(float):
    """An estimate with the bounds it lies in, with the given confidence."""

    confidence: float
    low: float
    high: float

    def __new__(cls, mean: float, confidence: float, low: float, high: float) -> BoundedFloat:
        number = super().__new__(cls, mean)
        number.confidence = confidence
        number.low = low
        number.high = high
        return number


class Statistics(Actions[T]):
    """Actions on numbers."""

    def sum(self) -> Any:
        """The sum of the records; 0 when there are none."""
        return self._then(PARTITIONS, _sum).fold(0, add)

    def max(self, key: Callable[[T], Any] | None = None) -> T:
        """The largest record. Raises `ValueError` when empty."""
        return self.reduce(partial(max, key=key))

    def min(self, key: Callable[[T], Any] | None = None) -> T:
        """The smallest record. Raises `ValueError` when empty."""
        return self.reduce(partial(min, key=key))

    def stats(self) -> StatCounter:
        """Count, mean, variance and extremes, in one job. Raises `ValueError` for an RDD without partitions."""
        result: StatCounter = self._then(PARTITIONS, _stats).reduce(StatCounter.mergeStats)
        return result

    def mean(self) -> float:
        """The mean of the records."""
        return self.stats().mean()

    def variance(self) -> float:
        """The variance of the records as a whole population."""
        return self.stats().variance()

    def stdev(self) -> float:
        """The standard deviation of the records as a whole population."""
        return self.stats().stdev()

    def sampleVariance(self) -> float:
        """The variance of a population, estimated from the records as a sample."""
        return self.stats().sampleVariance()

    def sampleStdev(self) -> float:
        """The standard deviation of a population, estimated from the records as a sample."""
        return self.stats().sampleStdev()

    def countApprox(self, timeout: int, confidence: float = 0.95) -> int:
        """`count`. `timeout`, in ms, never strikes here: the job always ends, so the answer is exact."""
        return self.count()

    def sumApprox(self, timeout: int, confidence: float = 0.95) -> BoundedFloat:
        """`sum`, exact for the reason given at `countApprox`."""
        total = float(self._then(PARTITIONS, _float_sum).sum())
        return BoundedFloat(total, 1.0, total, total)

    def meanApprox(self, timeout: int, confidence: float = 0.95) -> BoundedFloat:
        """`mean`, exact for the reason given at `countApprox`."""
        mean = self._then(MAP, float).stats().mean()
        return BoundedFloat(mean, 1.0, mean, mean)

    def countApproxDistinct(self, relativeSD: float = 0.05) -> int:
        """About how many different records there are, by HyperLogLog; `relativeSD` is the error to expect."""
        if relativeSD < 0.000017:
            raise ValueError(f"relativeSD must be at least 0.000017, got {relativeSD!r}")
        registers = self._then(PARTITIONS, partial(_sketch, relativeSD))
        empty = HyperLogLog(relativeSD)
        sketch: HyperLogLog = registers.fold(empty, HyperLogLog.merge)
        return sketch.cardinality()

    def histogram(self, buckets: int | Sequence[Any]) -> tuple[Sequence[Any], list[int]]:
        """Count the records in buckets: `buckets` of equal width, or those between the given sorted bounds.

        A bucket holds its lower bound, the last one also its upper. None, NaN and what lies outside is not counted.
        """
        if isinstance(buckets, int):
            return self._even_histogram(buckets)
        if not isinstance(buckets, (list, tuple)):
            raise TypeError(f"buckets must be an int, a list or a tuple, got {buckets!r}")
        if len(buckets) < 2:
            raise ValueError(f"buckets must have at least two bounds, got {buckets!r}")
        if any(bound is None or _is_nan(bound) for bound in buckets):
            raise ValueError(f"buckets must not have None or NaN among the bounds, got {buckets!r}")
        if sorted(buckets) != list(buckets):
            raise ValueError(f"buckets must be sorted, got {buckets!r}")
        if len(set(buckets)) != len(buckets):
            raise ValueError(f"buckets must not have a bound twice, got {buckets!r}")
        return self._counted(buckets, _even_width(buckets))

    def _even_histogram(self, buckets: int) -> tuple[Sequence[Any], list[int]]:
        if buckets < 1:
            raise ValueError(f"the number of buckets must be at least 1, got {buckets!r}")
        numbers = self.filter(_is_comparable)
        low, high = numbers.map(_twice).reduce(_wider)
        if low == high or buckets == 1:
            return [low, high], [numbers.count()]
        try:
            width = (high - low) / buckets
        except TypeError:
            raise TypeError(f"buckets of equal width need numbers, got values such as {low!r}") from None
        if isinf(width):
            raise ValueError("buckets of equal width need finite values")
        width = int(width) if int(width) * buckets == high - low else (high - low) * 1.0 / buckets
        return self._counted([*(place * width + low for place in range(buckets)), high], width)

    def _counted(self, bounds: Sequence[Any], width: Any) -> tuple[Sequence[Any], list[int]]:
        counts = self._then(PARTITIONS, partial(_count_in_buckets, bounds, width)).reduce(_add_lists)
        return bounds, counts


def _sum(records: Iterator[Any]) -> list[Any]:
    return [sum(records)]


def _float_sum(records: Iterator[Any]) -> list[float]:
    return [float(sum(records))]


def _stats(records: Iterator[Any]) -> list[StatCounter]:
    return [StatCounter(records)]


def _sketch(relative_sd: float, records: Iterator[Any]) -> list[HyperLogLog]:
    sketch = HyperLogLog(relative_sd)
    for record in records:
        sketch.add(portable_hash(record) & 0xFFFFFFFF)
    return [sketch]


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and isnan(value)


def _is_comparable(value: Any) -> bool:
    return value is not None and not _is_nan(value)


def _twice(value: Any) -> tuple[Any, Any]:
    return value, value


def _wider(one: tuple[Any, Any], other: tuple[Any, Any]) -> tuple[Any, Any]:
    return min(one[0], other[0]), max(one[1], other[1])


def _even_width(bounds: Sequence[Any]) -> Any:
    """The width of the buckets if all are as wide, else None: then the bucket is found by bisection."""
    try:
        widths = [upper - lower for lower, upper in pairwise(bounds)]
    except TypeError:
        return None
    return (bounds[-1] - bounds[0]) / (len(bounds) - 1) if max(widths) - min(widths) < 1e-10 else None


def _count_in_buckets(bounds: Sequence[Any], width: Any, records: Iterator[Any]) -> list[list[int]]:
    low, high = bounds[0], bounds[-1]
    counts = [0] * len(bounds)
    for record in records:
        if not _is_comparable(record) or record > high or record < low:
            continue
        place = bisect_right(bounds, record) - 1 if width is None else int((record - low) / width)
        counts[place] += 1
    at_upper_bound = counts.pop()
    counts[-1] += at_upper_bound
    return [counts]


def _add_lists(one: list[int], other: list[int]) -> list[int]:
    return [first + second for first, second in zip(one, other, strict=True)]

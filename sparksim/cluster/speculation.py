"""When a task is slow enough to deserve a second copy.

Spark: TaskSetManager.checkSpeculatableTasks, MedianHeap. Once enough tasks of a set have succeeded, a task that has run
much longer than the median of theirs is marked; the next free core on a host where it was never tried gets a copy. The
first copy to succeed wins.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass
from math import floor, isfinite

from sparksim.core.conf import SparkConf, boolean, number, time_ms
from sparksim.core.errors import IllegalArgumentError, IllegalStateError

MIN_TIME_TO_SPECULATION_MS = 100
"""No task is slow before it has run longer than this (TaskSchedulerImpl.MIN_TIME_TO_SPECULATION)."""

INTERVAL = "spark.speculation.interval"
QUANTILE = "spark.speculation.quantile"
MULTIPLIER = "spark.speculation.multiplier"


@dataclass(frozen=True, slots=True)
class Speculation:
    """The settings: every `interval_ms` the scheduler looks for tasks slower than `multiplier` times the median."""

    interval_ms: float = 100
    quantile: float = 0.75
    multiplier: float = 1.5
    min_ms: float = MIN_TIME_TO_SPECULATION_MS

    def slower_than_ms(self, tasks: int, successes: int, durations: Median) -> float | None:
        """A task of a set of `tasks` is slow once it has run longer than this; None after too few successes."""
        if successes == 0 or successes < floor(self.quantile * tasks):
            return None
        return max(self.multiplier * durations.value, self.min_ms)


class Median:
    """The median of the numbers added so far (Spark: MedianHeap): of an even count, the mean of the middle two."""

    def __init__(self, numbers: Iterable[float] = ()) -> None:
        self._sorted = sorted(numbers)

    def add(self, number: float) -> None:
        """One more number."""
        insort(self._sorted, number)

    @property
    def value(self) -> float:
        """The median. Raises `IllegalStateError` when nothing was added."""
        count = len(self._sorted)
        if count == 0:
            raise IllegalStateError("the median of no numbers does not exist: add one first")
        return (self._sorted[(count - 1) // 2] + self._sorted[count // 2]) / 2


def until_next_look_ms(now_ms: float, born_ms: float, period_ms: float) -> float:
    """How long until the next whole number of periods since `born_ms`; or the one after, if the clock would not move.

    The remainder may be a hair short of a whole period, and the rest of it too small to be added to `now_ms`.
    """
    wait_ms = period_ms - (now_ms - born_ms) % period_ms
    return wait_ms if now_ms + wait_ms > now_ms else wait_ms + period_ms


def speculation_of(conf: SparkConf, local: bool) -> Speculation | None:
    """What `conf` asks for; None without `spark.speculation`, and always on a local master (TaskSchedulerImpl.start).

    Raises `IllegalArgumentError` for a setting that is not a number (also where it is not used, as Spark does), and for
    an interval that is not positive.
    """
    interval_ms = time_ms(conf, INTERVAL, "100ms")
    settings = Speculation(interval_ms, _finite(conf, QUANTILE, 0.75), _finite(conf, MULTIPLIER, 1.5))
    if not boolean(conf, "spark.speculation", False) or local:
        return None
    if interval_ms <= 0:
        raise IllegalArgumentError(
            f"{INTERVAL}={conf.get(INTERVAL)!r}: the time between two looks for slow tasks must be positive, such as "
            "100ms"
        )
    return settings


def _finite(conf: SparkConf, key: str, default: float) -> float:
    value = number(conf, key, default)
    if not isfinite(value):
        raise IllegalArgumentError(f"{key}={conf.get(key)!r}: expected a finite number, such as {default}")
    return value

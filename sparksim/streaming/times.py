"""Batch times: whole milliseconds on a grid that starts at the epoch (Spark: Time, RecurringTimer)."""

from __future__ import annotations

from math import inf
from numbers import Real
from typing import Any

from sparksim.core.errors import IllegalArgumentError


def to_ms(seconds: Any, name: str) -> int:
    """Seconds as a user types them, in ms (a fraction of a ms is cut off). Raises unless it is a positive number."""
    if isinstance(seconds, bool) or not isinstance(seconds, Real) or not 0 < float(seconds) < inf:
        raise IllegalArgumentError(f"{name}={seconds!r}: give a positive number of seconds, such as 1 or 0.5")
    ms = int(float(seconds) * 1000)
    if ms == 0:
        raise IllegalArgumentError(f"{name}={seconds!r}: the shortest interval is one millisecond, 0.001")
    return ms


def floor_ms(time_ms: int, period_ms: int, zero_ms: int = 0) -> int:
    """The last moment of the grid `zero + k * period` that is not after `time_ms` (Time.floor)."""
    return (time_ms - zero_ms) // period_ms * period_ms + zero_ms


def start_time_ms(now_ms: float, period_ms: int) -> int:
    """The next multiple of the period, strictly in the future (RecurringTimer.getStartTime)."""
    return (int(now_ms) // period_ms + 1) * period_ms


def restart_time_ms(now_ms: float, period_ms: int, original_start_ms: int) -> int:
    """The next moment of the original grid, strictly in the future (RecurringTimer.getRestartTime)."""
    return ((int(now_ms) - original_start_ms) // period_ms + 1) * period_ms + original_start_ms


def times_until(begin_ms: int, end_ms: int, step_ms: int) -> list[int]:
    """`begin`, `begin + step`, … below `end` (Time.until)."""
    return list(range(begin_ms, end_ms, step_ms))


def times_to(begin_ms: int, end_ms: int, step_ms: int) -> list[int]:
    """`begin`, `begin + step`, … up to and including `end` (Time.to)."""
    return list(range(begin_ms, end_ms + 1, step_ms))

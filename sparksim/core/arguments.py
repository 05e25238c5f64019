"""Is what a user gave a number at all? Asked before it is compared with anything, so that errors can name it."""

from __future__ import annotations

from math import isfinite


def is_number(value: object, least: float = 0.0) -> bool:
    """Whether `value` is a finite int or float (no bool), `least` or more."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value) and value >= least


def is_positive(value: object) -> bool:
    """Whether `value` is a finite number above 0."""
    return is_number(value) and value != 0


def is_count(value: object, least: int = 1) -> bool:
    """Whether `value` is a whole number (no bool), `least` or more."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least

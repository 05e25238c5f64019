"""Intervals as Spark writes them: `10 minutes`, `interval 1 hour 30 seconds` (Spark: CalendarInterval)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from sparksim.sql.utils import AnalysisException, IllegalArgumentException

_US = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
    "week": 7 * 86_400_000_000,
}
_MONTHS = {"month": 1, "year": 12}
_PART = re.compile(r"\s*([+-]?)\s*(\d+(?:\.\d+)?|\.\d+)\s+([a-z]+)", re.IGNORECASE)


def interval_us(text: Any, *, argument: str = "interval", days_per_month: int | None = None) -> int:
    """The length of an interval in microseconds. Months and years count `days_per_month` days each month.

    Raises `AnalysisException` (CANNOT_PARSE_INTERVAL) for a text that is none, and `IllegalArgumentException` for
    months where no length of theirs is agreed on.
    """
    months, us = _months_and_us(text, argument)
    if months and days_per_month is None:
        raise IllegalArgumentException(
            f"{argument}={text!r}: months and years have no fixed length; give weeks, days or smaller units"
        )
    return us + months * (days_per_month or 0) * _US["day"]


def _months_and_us(text: Any, argument: str) -> tuple[int, int]:
    rest = re.sub(r"^\s*interval\b", "", text, flags=re.IGNORECASE) if isinstance(text, str) else ""
    months, us, at = 0, 0, 0
    while part := _PART.match(rest, at):
        sign, number, unit = part.groups()
        unit = unit.lower().removesuffix("s")
        amount = Decimal(sign + number)
        if unit in _US and (amount == int(amount) or unit == "second"):
            us += int(amount * _US[unit])
        elif unit in _MONTHS and amount == int(amount):
            months += int(amount) * _MONTHS[unit]
        else:
            break
        at = part.end()
    if not at or rest[at:].strip():
        raise AnalysisException(
            f"[CANNOT_PARSE_INTERVAL] {argument}={text!r} is no interval: write a number and a unit, such as "
            "'10 minutes' or '1 hour 30 seconds'"
        )
    return months, us

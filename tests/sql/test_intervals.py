"""Lengths of time as texts."""

from __future__ import annotations

from typing import Any

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.sql.intervals import interval_us
from sparksim.sql.utils import AnalysisException

SECOND = 1_000_000


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("10 minutes", 600 * SECOND),
        ("interval 10 minutes", 600 * SECOND),
        ("INTERVAL 1 HOUR 30 Seconds", 3630 * SECOND),
        ("1 week 2 days", 9 * 86_400 * SECOND),
        ("0 seconds", 0),
        ("-5 seconds", -5 * SECOND),
        ("1 minute -5 seconds", 55 * SECOND),
        ("1.5 seconds", 1_500_000),
        ("3 milliseconds 4 microseconds", 3004),
    ],
)
def test_an_interval_in_microseconds(text: str, us: int) -> None:
    assert interval_us(text) == us


def test_months_count_when_their_length_is_agreed_on() -> None:
    assert interval_us("1 year 1 month", days_per_month=31) == 13 * 31 * 86_400 * SECOND
    with pytest.raises(IllegalArgumentError, match="gap='1 month': months and years have no fixed length"):
        interval_us("1 month", argument="gap")


@pytest.mark.parametrize("text", ["", "interval", "10", "minutes", "10 foo", "10 minutes and more", "1.5 minutes", 10])
def test_a_text_that_is_no_interval(text: Any) -> None:
    with pytest.raises(AnalysisException, match=r"\[CANNOT_PARSE_INTERVAL\] every=.* is no interval"):
        interval_us(text, argument="every")

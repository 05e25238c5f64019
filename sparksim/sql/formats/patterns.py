"""Times in files: Spark's own forms, or patterns of Java such as `dd/MM/yyyy HH:mm` (Spark: TimestampFormatter)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sparksim.core.errors import IllegalArgumentError
from sparksim.sql import types as t
from sparksim.sql.formats import values
from sparksim.sql.formats.format import FileOptions

TIMESTAMP = "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"
WITHOUT_ZONE = "yyyy-MM-dd'T'HH:mm:ss.SSS"
DATE = "yyyy-MM-dd"
"""How times are written unless options say otherwise."""

_PART = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|\[|\]|.", re.DOTALL)
_FIELDS = {"y": "year", "u": "year", "M": "month", "d": "day", "H": "hour", "m": "minute", "s": "second"}
_SHORT_YEARS = ("yy", "uu")
_ZONES = "XxZz"
_EARLIEST = dt.datetime(1970, 1, 1)


@dataclass(frozen=True)
class Times:
    """The patterns of a format's options, None for Spark's own forms: `timestampFormat`, `timestampNTZFormat`,
    `dateFormat`."""

    timestamp: Pattern | None
    without_zone: Pattern | None
    date: Pattern | None

    @staticmethod
    def of(options: FileOptions) -> Times:
        """What options say. Raises `IllegalArgumentError` for a pattern that cannot be followed."""
        given = (options.optional(name) for name in ("timestampFormat", "timestampNTZFormat", "dateFormat"))
        return Times(*(None if text is None else Pattern(text) for text in given))

    def converter(self, data_type: t.DataType) -> Callable[[str], Any]:
        """What makes values of a type of times of texts; it raises `ValueError`."""
        pattern = self._of(data_type)
        if pattern is None:
            return values.text_converter(data_type)
        return pattern.parse if not isinstance(data_type, t.DateType) else lambda text: pattern.parse(text).date()

    def text(self, value: dt.date, data_type: t.DataType) -> str:
        """A time as a text."""
        return (self._of(data_type) or _WRITTEN[type(data_type)]).text(value)

    def _of(self, data_type: t.DataType) -> Pattern | None:
        if isinstance(data_type, t.DateType):
            return self.date
        return self.timestamp if isinstance(data_type, t.TimestampType) else self.without_zone


class Pattern:
    """A pattern of digits: years, months, days, hours (H), minutes, seconds, fractions (S), zones (X), 'texts'.

    Raises `IllegalArgumentError` for other letters.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._parts = [found[0] for found in _PART.finditer(pattern)]
        self._regex = re.compile("".join(map(self._as_regex, self._parts)))

    def parse(self, text: str) -> dt.datetime:
        """The time that a text shows. Raises `ValueError`."""
        found = self._regex.fullmatch(text)
        if found is None:
            raise ValueError(text)
        given = {name: value for name, value in found.groupdict().items() if value is not None}
        zone, fraction = given.pop("zone", None), given.pop("fraction", "")
        numbers = {name: int(value) for name, value in given.items()}
        if any(part in _SHORT_YEARS for part in self._parts):
            numbers["year"] += 2000
        moment = _EARLIEST.replace(**numbers, microsecond=int(f"{fraction:0<6}"[:6]))  # type: ignore[arg-type]
        return moment if zone is None else values.in_utc(moment, zone)

    def text(self, value: dt.date) -> str:
        """A time as the pattern shows it, in UTC."""
        moment = value if isinstance(value, dt.datetime) else dt.datetime(value.year, value.month, value.day)
        return "".join(self._written(part, moment) for part in self._parts)

    def _as_regex(self, part: str) -> str:
        if part == "[":
            return "(?:"
        if part == "]":
            return ")?"
        letter = part[0]
        if letter in _FIELDS:
            digits = f"[0-9]{{{len(part)}}}" if len(part) > 1 else "[0-9]+"
            return f"(?P<{_FIELDS[letter]}>{digits})"
        if letter == "S":
            return f"(?P<fraction>[0-9]{{{len(part)}}})"
        if letter in _ZONES:
            return "(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})"
        return re.escape(self._literal(part))

    def _written(self, part: str, moment: dt.datetime) -> str:
        if part in "[]":
            return ""
        letter = part[0]
        if letter in _FIELDS:
            number: int = getattr(moment, _FIELDS[letter])
            return f"{number % 100:02}" if part in _SHORT_YEARS else f"{number:0{len(part)}}"
        if letter == "S":
            return f"{moment.microsecond:06}000"[: len(part)]
        if letter in _ZONES:
            return "Z" if letter == "X" else "+0000"
        return self._literal(part)

    def _literal(self, part: str) -> str:
        if part[0] == "'":
            return part[1:-1].replace("''", "'") or "'"
        if part[0].isalpha():
            raise IllegalArgumentError(
                f"the pattern {self._pattern!r} has {part!r}: use y, M, d, H, m, s, S, X in digits, and other letters "
                "in single quotes"
            )
        return part


_WRITTEN: dict[type[t.DataType], Pattern] = {
    t.TimestampType: Pattern(TIMESTAMP),
    t.TimestampNTZType: Pattern(WITHOUT_ZONE),
    t.DateType: Pattern(DATE),
}

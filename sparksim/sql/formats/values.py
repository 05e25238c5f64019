"""Texts in files as values, by Spark's strict rules: "1.0" is no whole number, " 5" is none either.

A converter raises `ValueError` for a text that is no value of its type. Timestamps are UTC without a zone.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sparksim.sql import types as t

Convert = Callable[[str], Any]

_DATE = r"([0-9]{4,6})(?:-([0-9]{1,2})(?:-([0-9]{1,2})(?:[ T]%s)?)?)?"
_DATE_ONLY = re.compile(_DATE % ".*")
_TIMESTAMP = re.compile(_DATE % r"([0-9]{1,2})(?::([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]*))?(.*))?)?")
_PLAIN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T](?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.[0-9]{6})?")
"""The form of nearly all timestamps, which Python reads faster."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])([0-9]{1,2})(?::?([0-9]{2}))?(?::?([0-9]{2}))?")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SPECIAL = {
    "NaN": math.nan,
    **dict.fromkeys(("Infinity", "+Infinity", "INF", "+INF", "Inf"), math.inf),
    **dict.fromkeys(("-Infinity", "-INF", "-Inf"), -math.inf),
}


def timestamp_of(text: str) -> dt.datetime:
    """2024, 2024-1, 2024-01-02, 2024-01-02 3:04, 2024-01-02T03:04:05.123456Z, ...; finer digits are cut off.

    A time of day alone, for which Spark takes the day that it is, is no timestamp here.
    """
    if _PLAIN.fullmatch(text):
        return dt.datetime.fromisoformat(text)
    found = _TIMESTAMP.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    moment = dt.datetime(
        int(year),
        int(month or 1),
        int(day or 1),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        int(f"{fraction or '':0<6}"[:6]),
    )
    return in_utc(moment, zone.strip()) if zone else moment


def local_timestamp_of(text: str) -> dt.datetime:
    """The same without a zone."""
    found = _TIMESTAMP.fullmatch(text.strip())
    if found is None or found[8]:
        raise ValueError(text)
    return timestamp_of(text)


def date_of(text: str) -> dt.date:
    """2024, 2024-1, 2024-01-02, also followed by a space or a T and anything."""
    found = _DATE_ONLY.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    year, month, day = found.groups()
    return dt.date(int(year), int(month or 1), int(day or 1))


def day_of(text: str) -> dt.date:
    """A date with nothing behind it, as types are guessed: 2024-01-02."""
    return date_of(text if _DAY.fullmatch(text) else "")


def moment_of(text: str) -> dt.datetime:
    """A timestamp with a time of day, as types are guessed."""
    return timestamp_of(text if ":" in text else "")


def in_utc(moment: dt.datetime, zone: str) -> dt.datetime:
    """A time in UTC that a clock in this zone shows: `Z`, `+02:00`, `UTC`, `Europe/Berlin`."""
    if zone == "Z":
        return moment
    offset = _OFFSET.fullmatch(zone)
    if offset is not None:
        sign, *parts = offset.groups()
        hours, minutes, seconds = (int(part or 0) for part in parts)
        shift = dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)
        return moment - shift if sign == "+" else moment + shift
    try:
        there = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        raise ValueError(zone) from None
    return moment.replace(tzinfo=there).astimezone(dt.timezone.utc).replace(tzinfo=None)


def whole_of(bits: int, text: str) -> int:
    """A whole number of so many bits."""
    if _WHOLE.fullmatch(text) is None:
        raise ValueError(text)
    return in_range(bits, int(text))


def in_range(bits: int, number: int) -> int:
    """The number, if two's complement of so many bits can hold it."""
    if not -(1 << bits - 1) <= number < 1 << bits - 1:
        raise ValueError(number)
    return number


def special_of(text: str) -> float:
    """NaN or an infinity."""
    if text not in _SPECIAL:
        raise ValueError(text)
    return _SPECIAL[text]


def float_of(text: str) -> float:
    """A number with a point and an exponent, or without, or `NaN`, `Infinity`, `-Inf`."""
    return float(text) if _NUMBER.fullmatch(text) else special_of(text)


def decimal_of(precision: int, scale: int, text: str) -> Decimal:
    """A number rounded half up; one that has too many digits is none."""
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(text)
    try:
        with localcontext() as context:
            context.prec = precision
            return Decimal(text).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    except InvalidOperation:
        raise ValueError(text) from None


def truth_of(text: str) -> bool:
    """true or false, in any case of letters."""
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


_ATOMIC: dict[type[t.DataType], Convert] = {
    t.StringType: str,
    t.BinaryType: str.encode,
    t.BooleanType: truth_of,
    t.DateType: date_of,
    t.TimestampType: timestamp_of,
    t.TimestampNTZType: local_timestamp_of,
    t.FloatType: float_of,
    t.DoubleType: float_of,
}


def text_converter(data_type: t.DataType) -> Convert:
    """What makes values of an atomic type of texts. Raises `KeyError` for a type that no text stands for."""
    if isinstance(data_type, t.IntegralType):
        return partial(whole_of, data_type._bits)
    if isinstance(data_type, t.DecimalType):
        return partial(decimal_of, data_type.precision, data_type.scale)
    return _ATOMIC[type(data_type)]

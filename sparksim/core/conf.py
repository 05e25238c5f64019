"""Settings: PySpark's `SparkConf`, and readers that turn its texts into numbers by Spark's unit rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import overload

from sparksim.core.errors import IllegalArgumentError, PySparkRuntimeError

_system_properties: dict[str, str] = {}
_forced: ContextVar[Mapping[str, str]] = ContextVar("sparksim_forced_properties", default=MappingProxyType({}))

_TIME_US = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "min": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
}
_SIZE_BYTES: dict[str, int] = {
    unit: 1024**power
    for power, units in enumerate((("b",), ("k", "kb"), ("m", "mb"), ("g", "gb"), ("t", "tb"), ("p", "pb")))
    for unit in units
}
_NUMBER_AND_UNIT = re.compile(r"(-?[0-9]+)([a-z]+)?")


class SparkConf:
    """The settings of an application, all of them texts (PySpark: SparkConf).

    With `loadDefaults`, starts from the properties given to `SparkContext.setSystemProperty`.
    """

    def __init__(self, loadDefaults: bool = True) -> None:
        self._conf: dict[str, str] = dict(_system_properties) if loadDefaults else {}

    def set(self, key: str, value: object) -> SparkConf:
        """Set one property. The value is kept as `str(value)`."""
        if not isinstance(key, str):
            raise TypeError(f"a configuration key must be a str, got {key!r}")
        self._conf[key] = str(value)
        return self

    def setIfMissing(self, key: str, value: object) -> SparkConf:
        """Set one property unless it has a value."""
        return self if key in self._conf else self.set(key, value)

    def setMaster(self, value: str) -> SparkConf:
        """Say where to run, such as `local[2]` or `sim[3,2]`."""
        return self.set("spark.master", value)

    def setAppName(self, value: str) -> SparkConf:
        """Name the application."""
        return self.set("spark.app.name", value)

    def setSparkHome(self, value: str) -> SparkConf:
        """Kept for PySpark programs; sparksim reads it nowhere."""
        return self.set("spark.home", value)

    def setExecutorEnv(
        self, key: str | None = None, value: str | None = None, pairs: list[tuple[str, str]] | None = None
    ) -> SparkConf:
        """Set environment variables of executors: one `key` and `value`, or a list of `pairs`."""
        if (key is None) == (pairs is None):
            raise PySparkRuntimeError("setExecutorEnv needs either key and value, or pairs, and not both")
        for name, text in pairs if pairs is not None else [(str(key), value)]:
            self.set(f"spark.executorEnv.{name}", text)
        return self

    def setAll(self, pairs: list[tuple[str, str]]) -> SparkConf:
        """Set many properties."""
        for key, value in pairs:
            self.set(key, value)
        return self

    @overload
    def get(self, key: str, defaultValue: None = None) -> str | None: ...

    @overload
    def get(self, key: str, defaultValue: str) -> str: ...

    def get(self, key: str, defaultValue: str | None = None) -> str | None:
        """The value of a property, or `defaultValue`."""
        return self._conf.get(key, defaultValue)

    def getAll(self) -> list[tuple[str, str]]:
        """All properties as (key, value)."""
        return list(self._conf.items())

    def contains(self, key: str) -> bool:
        """Whether the property has a value."""
        return key in self._conf

    def toDebugString(self) -> str:
        """All properties, one `key=value` a line, sorted."""
        return "\n".join(f"{key}={value}" for key, value in sorted(self._conf.items()))

    def clone(self) -> SparkConf:
        """An independent copy."""
        return SparkConf(loadDefaults=False).setAll(self.getAll())


def set_system_property(key: str, value: str) -> None:
    """Give every later `SparkConf()` this property (Java system properties in Spark)."""
    _system_properties[key] = value


@contextmanager
def forced_properties(properties: Mapping[str, str]) -> Iterator[None]:
    """Let these win over what a program sets in its own `SparkContext`, for the length of a `with` block."""
    token = _forced.set({**_forced.get(), **properties})
    try:
        yield
    finally:
        _forced.reset(token)


def forced() -> Mapping[str, str]:
    """The properties that win now."""
    return _forced.get()


def time_ms(conf: SparkConf, key: str, default: int | str) -> int:
    """A duration in ms; a bare number means ms (Spark: getTimeAsMs)."""
    return _time(conf, key, default, "ms")


def time_s(conf: SparkConf, key: str, default: int | str) -> int:
    """A duration in whole seconds, rounded towards zero; a bare number means seconds (Spark: getTimeAsSeconds)."""
    return _time(conf, key, default, "s")


def size_bytes(conf: SparkConf, key: str, default: int | str) -> int:
    """A size in bytes; a bare number means bytes, units count in 1024 (Spark: getSizeAsBytes)."""
    text = conf.get(key, str(default))
    number, unit = _number_and_unit(key, text, "b", _SIZE_BYTES, "a size such as 512, 64k or 1g")
    if number < 0:
        raise IllegalArgumentError(f"{key}={text!r}: a size cannot be negative")
    return number * _SIZE_BYTES[unit]


def integer(conf: SparkConf, key: str, default: int) -> int:
    """A whole number without a unit (Spark: getInt, getLong)."""
    text = conf.get(key, str(default))
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise IllegalArgumentError(f"{key}={text!r}: expected a whole number without a unit, such as {default}")
    return int(text)


def number(conf: SparkConf, key: str, default: float) -> float:
    """A number (Spark: getDouble)."""
    text = conf.get(key, str(default))
    try:
        return float(text)
    except ValueError:
        raise IllegalArgumentError(f"{key}={text!r}: expected a number, such as {default}") from None


def boolean(conf: SparkConf, key: str, default: bool) -> bool:
    """`true` or `false`, in any case of letters (Spark: getBoolean)."""
    text = conf.get(key, str(default))
    if text.lower() not in ("true", "false"):
        raise IllegalArgumentError(f"{key}={text!r}: expected true or false")
    return text.lower() == "true"


def _time(conf: SparkConf, key: str, default: int | str, bare_unit: str) -> int:
    text = conf.get(key, str(default))
    amount, unit = _number_and_unit(key, text, bare_unit, _TIME_US, "a time such as 200ms, 5s, 2min or 1h")
    whole: int = abs(amount) * _TIME_US[unit] // _TIME_US[bare_unit]
    return whole if amount >= 0 else -whole


def _number_and_unit(key: str, text: str, bare_unit: str, units: dict[str, int], example: str) -> tuple[int, str]:
    match = _NUMBER_AND_UNIT.fullmatch(text.strip().lower())
    if match is None:
        fraction = ", and fractions are not allowed" if "." in text else ""
        raise IllegalArgumentError(f"{key}={text!r}: expected {example}{fraction}")
    unit = match[2] or bare_unit
    if unit not in units:
        raise IllegalArgumentError(f"{key}={text!r}: unknown unit {unit!r}; use one of {', '.join(units)}")
    return int(match[1]), unit

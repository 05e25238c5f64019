"""The state of one key in a user's function, and when it times out (PySpark: pyspark.sql.streaming.state)."""

from __future__ import annotations

import datetime
from typing import Any

from sparksim.core.errors import PySparkRuntimeError
from sparksim.sql.types import StructType
from sparksim.sql.utils import PySparkTypeError, PySparkValueError

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


class GroupStateTimeout:
    """By which clock a key without data times out."""

    NoTimeout: str = "NoTimeout"
    ProcessingTimeTimeout: str = "ProcessingTimeTimeout"
    EventTimeTimeout: str = "EventTimeTimeout"


class GroupState:
    """What a function keeps for one key from call to call.

    The engine makes it for each call: `value` None means that there is none yet. `watermark_ms` is None for an input
    without watermark. With `schema` a value is a tuple of its fields, without one any object but None. A timeout holds
    until the next call of its key only, and may be set for a key without a value.
    """

    def __init__(
        self,
        value: Any,
        *,
        batch_ms: int,
        watermark_ms: int | None,
        timeout: str,
        has_timed_out: bool = False,
        schema: StructType | None = None,
    ) -> None:
        self._value = value
        self._batch_ms = batch_ms
        self._watermark_ms = watermark_ms
        self._timeout = timeout
        self._has_timed_out = has_timed_out
        self._schema = schema
        self._timeout_ms: int | None = None
        self._is_updated = self._is_removed = False

    @property
    def exists(self) -> bool:
        """Whether there is a value."""
        return self._value is not None

    @property
    def get(self) -> Any:
        """The value. Raises `PySparkValueError` when there is none."""
        if self._value is None:
            raise PySparkValueError("[STATE_NOT_EXISTS] this key has no state: it was never set, or it was removed")
        return self._value

    @property
    def getOption(self) -> Any:
        """The value, or None."""
        return self._value

    @property
    def hasTimedOut(self) -> bool:
        """Whether the function is called because the key has timed out, and so without data."""
        return self._has_timed_out

    def update(self, newValue: Any) -> None:
        """Give the key a value. Raises `PySparkTypeError` for None, `PySparkValueError` unless it fits the schema."""
        if newValue is None:
            raise PySparkTypeError("[CANNOT_BE_NONE] update(newValue): a state cannot be None; remove() ends one")
        self._value = newValue if self._schema is None else _fields(newValue, self._schema)
        self._is_updated, self._is_removed = True, False

    def remove(self) -> None:
        """Forget the value."""
        self._value = None
        self._is_updated, self._is_removed = False, True

    def setTimeoutDuration(self, durationMs: int) -> None:
        """Time out this long after the batch's time, in ms.

        Raises `PySparkRuntimeError` unless timeouts are by processing time, `PySparkTypeError` for no number,
        `PySparkValueError` for none above 0.
        """
        self._expect_number("durationMs", durationMs)
        if self._timeout != GroupStateTimeout.ProcessingTimeTimeout:
            raise PySparkRuntimeError(
                f"[CANNOT_WITHOUT] setTimeoutDuration needs timeoutConf=ProcessingTimeTimeout, this is {self._timeout}"
            )
        self._expect_positive("durationMs", durationMs)
        self._timeout_ms = self._batch_ms + int(durationMs)

    def setTimeoutTimestamp(self, timestampMs: int | datetime.datetime) -> None:
        """Time out when the watermark is past this event time: ms since the epoch, or a time (in UTC without a zone).

        Raises `PySparkRuntimeError` unless timeouts are by event time, `PySparkTypeError` for neither, and
        `PySparkValueError` for none above 0 and for one earlier than the watermark.
        """
        if self._timeout != GroupStateTimeout.EventTimeTimeout:
            raise PySparkRuntimeError(
                f"[CANNOT_WITHOUT] setTimeoutTimestamp needs timeoutConf=EventTimeTimeout, this is {self._timeout}"
            )
        time_ms = _ms(timestampMs) if isinstance(timestampMs, datetime.datetime) else timestampMs
        self._expect_number("timestampMs", time_ms)
        self._expect_positive("timestampMs", time_ms)
        if self._watermark_ms is not None and time_ms < self._watermark_ms:
            raise PySparkValueError(
                f"[INVALID_TIMEOUT_TIMESTAMP] timestampMs={time_ms} is earlier than the watermark, "
                f"{self._watermark_ms}: give a time at or after it"
            )
        self._timeout_ms = int(time_ms)

    def getCurrentWatermarkMs(self) -> int:
        """The watermark in ms since the epoch. Raises `PySparkRuntimeError` when the input has none."""
        if self._watermark_ms is None:
            raise PySparkRuntimeError("[CANNOT_WITHOUT] there is no watermark to get: call withWatermark on the input")
        return self._watermark_ms

    def getCurrentProcessingTimeMs(self) -> int:
        """The batch's time in ms since the epoch, the same in all calls of a batch, also when it runs again."""
        return self._batch_ms

    def __str__(self) -> str:
        return f"GroupState({'<undefined>' if self._value is None else self._value})"

    @staticmethod
    def _expect_number(name: str, value: Any) -> None:
        if isinstance(value, str) or not hasattr(value, "__int__"):
            raise PySparkTypeError(f"[NOT_EXPECTED_TYPE] {name}={value!r}: must be a whole number of milliseconds")

    @staticmethod
    def _expect_positive(name: str, value: int) -> None:
        if value <= 0:
            raise PySparkValueError(f"[VALUE_NOT_POSITIVE] {name}={value!r}: must be above 0 milliseconds")


def _ms(time: datetime.datetime) -> int:
    zoned = time if time.tzinfo else time.replace(tzinfo=datetime.timezone.utc)
    return (zoned - _EPOCH) // datetime.timedelta(milliseconds=1)


def _fields(value: Any, schema: StructType) -> tuple[Any, ...]:
    """The value as a tuple of plain values: numpy's and pandas' scalars become Python's."""
    if not isinstance(value, tuple | list) or len(value) != len(schema):
        raise PySparkValueError(
            f"update(newValue={value!r}): the state's schema is {schema.simpleString()}; give a tuple of "
            f"{len(schema)} values"
        )
    return tuple(map(_plain, value))


def _plain(value: Any) -> Any:
    for convert in ("to_pydatetime", "to_pytimedelta"):
        if hasattr(value, convert):
            return getattr(value, convert)()
    return value.tolist() if type(value).__module__ == "numpy" else value

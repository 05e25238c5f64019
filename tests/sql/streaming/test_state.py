"""The state of one key, as a user's function sees it. What is refused is what PySpark 4.3 refuses."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import numpy
import pandas
import pytest

from sparksim.core.errors import PySparkRuntimeError
from sparksim.sql.ddl import parse_schema
from sparksim.sql.streaming.state import GroupState, GroupStateTimeout
from sparksim.sql.types import StructType
from sparksim.sql.utils import PySparkTypeError, PySparkValueError

NO, PROCESSING, EVENT = (
    GroupStateTimeout.NoTimeout,
    GroupStateTimeout.ProcessingTimeTimeout,
    GroupStateTimeout.EventTimeTimeout,
)


def state(
    timeout: str = NO, value: Any = None, schema: str | None = None, watermark_ms: int | None = None
) -> GroupState:
    struct = parse_schema(schema) if schema else None
    assert struct is None or isinstance(struct, StructType)
    return GroupState(value, batch_ms=1000, watermark_ms=watermark_ms, timeout=timeout, schema=struct)


def test_a_state_is_there_from_update_to_remove() -> None:
    found = state(schema="n int")
    assert (found.exists, found.getOption, str(found)) == (False, None, "GroupState(<undefined>)")
    found.update([3])
    assert (found.exists, found.get, str(found)) == (True, (3,), "GroupState((3,))")
    found.remove()
    assert (found.exists, found.getOption) == (False, None)


def test_without_a_schema_a_state_is_any_object() -> None:
    found = state()
    found.update({"n": 3})
    assert found.get == {"n": 3}


def test_scalars_of_numpy_and_pandas_are_kept_as_pythons() -> None:
    found = state(schema="n bigint, t timestamp")
    found.update((numpy.int64(3), pandas.Timestamp("2024-01-01 10:00")))
    assert [type(value) for value in found.get] == [int, datetime.datetime]


@pytest.mark.parametrize(
    ("timeout", "call", "error", "text"),
    [
        (NO, lambda s: s.get, PySparkValueError, r"\[STATE_NOT_EXISTS\]"),
        (NO, lambda s: s.update(None), PySparkTypeError, r"\[CANNOT_BE_NONE\] update"),
        (NO, lambda s: s.update((1, 2)), PySparkValueError, r"schema is struct<n:int>; give a tuple of 1 values"),
        (NO, lambda s: s.update(1), PySparkValueError, r"newValue=1.*give a tuple of 1 values"),
        (NO, lambda s: s.setTimeoutDuration(1), PySparkRuntimeError, r"\[CANNOT_WITHOUT\].*=ProcessingTimeTimeout"),
        (EVENT, lambda s: s.setTimeoutDuration(1), PySparkRuntimeError, r"this is EventTimeTimeout"),
        (PROCESSING, lambda s: s.setTimeoutTimestamp(1), PySparkRuntimeError, r"this is ProcessingTimeTimeout"),
        (PROCESSING, lambda s: s.setTimeoutDuration(0), PySparkValueError, r"\[VALUE_NOT_POSITIVE\] durationMs=0"),
        (PROCESSING, lambda s: s.setTimeoutDuration("1 s"), PySparkTypeError, r"\[NOT_EXPECTED_TYPE\].*'1 s'"),
        (EVENT, lambda s: s.setTimeoutTimestamp(-1), PySparkValueError, r"\[VALUE_NOT_POSITIVE\] timestampMs=-1"),
        (EVENT, lambda s: s.setTimeoutTimestamp(4999), PySparkValueError, r"timestampMs=4999 is earlier .* 5000"),
    ],
)
def test_what_a_state_refuses(
    timeout: str, call: Callable[[GroupState], Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        call(state(timeout, schema="n int", watermark_ms=5000))


def test_the_watermark_itself_is_a_timeout() -> None:
    found = state(EVENT, watermark_ms=5000)
    found.setTimeoutTimestamp(5000)
    found.setTimeoutTimestamp(datetime.datetime(1970, 1, 1, 0, 0, 6))
    assert found.getCurrentWatermarkMs() == 5000


def test_without_a_watermark_there_is_none_to_get() -> None:
    with pytest.raises(PySparkRuntimeError, match="call withWatermark on the input"):
        state(EVENT).getCurrentWatermarkMs()


def test_the_present_is_the_batchs() -> None:
    assert state().getCurrentProcessingTimeMs() == 1000

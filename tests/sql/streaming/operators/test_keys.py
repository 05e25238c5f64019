"""Keys of states as plain values, and chunks divided by key."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sparksim.sql import types as t
from sparksim.sql.chunks import chunk_of, chunk_of_columns
from sparksim.sql.streaming.operators.keys import keys_of, partition_of, split_by_key, split_late, table_of
from tests.sql.streaming.operators.stories import WINDOW, millis, when

TEN = 1_704_103_200_000_000
"""10:00 in microseconds."""

CASES: list[tuple[t.DataType, Any, Any]] = [
    (t.IntegerType(), 7, 7),
    (t.StringType(), "a", "a"),
    (t.BooleanType(), True, True),
    (t.DateType(), date(2024, 1, 1), date(2024, 1, 1)),
    (t.DecimalType(4, 1), Decimal("1.5"), Decimal("1.5")),
    (t.TimestampType(), datetime(2024, 1, 1, 10), TEN),
    (t.DoubleType(), 1.5, 1.5),
    (t.DoubleType(), -0.0, 0.0),
    (t.DoubleType(), math.nan, "NaN"),
    (WINDOW, (when("10:00"), when("10:01")), (TEN, TEN + 60_000_000)),
    (t.ArrayType(t.TimestampType()), [when("10:00"), None], (TEN, None)),
    (t.ArrayType(WINDOW), [(when("10:00"), when("10:01"))], ((TEN, TEN + 60_000_000),)),
]


@pytest.mark.parametrize(
    ("kind", "value", "key"), CASES, ids=[f"{kind.simpleString()}-{key}" for kind, _, key in CASES]
)
def test_a_value_as_key_and_back(kind: t.DataType, value: Any, key: Any) -> None:
    chunk = chunk_of([(value,), (None,)], t.StructType([t.StructField("x", kind)]))
    keys = keys_of(chunk, [0])
    assert keys == [(key,), (None,)]
    assert math.copysign(1, keys[0][0]) == 1 if isinstance(key, float) else hash(keys[0])
    back = table_of(keys, [kind])
    assert back.schema == chunk.schema
    assert keys_of(back, [0]) == keys


def test_a_partition_is_the_same_everywhere() -> None:
    keys = [("a",), ("Zoë", 1), ((TEN, TEN + 1), None), (0.1, "NaN"), (Decimal("1.50"), date(2024, 1, 1), b"\x00")]
    assert [partition_of(key, 1000) for key in keys] == [565, 192, 669, 273, 309]


def test_a_chunk_is_divided_by_key_in_its_order() -> None:
    rows = [((when("10:00"), when("10:10")), f"k{number % 7}", number) for number in range(100)]
    schema = t.StructType(
        [
            t.StructField("window", WINDOW),
            t.StructField("k", t.StringType()),
            t.StructField("v", t.IntegerType()),
        ]
    )
    parts = split_by_key(chunk_of([*rows, (None, None, 100)], schema), [0, 1], 3)
    for at, part in enumerate(parts):
        assert {partition_of(key, 3) for key in keys_of(part, [0, 1])} <= {at}
        numbers = part.column(2).to_pylist()
        assert numbers == sorted(numbers)
    assert sorted(number for part in parts for number in part.column(2).to_pylist()) == list(range(101))


def test_without_keys_all_rows_stay_together() -> None:
    chunk = chunk_of_columns([[1, 2]], t.StructType([t.StructField("v", t.IntegerType())]))
    assert [part.num_rows for part in split_by_key(chunk, [], 3)] == [2, 0, 0]


def test_a_window_is_late_by_its_end_and_a_null_never() -> None:
    windows = [(when("10:00"), when("10:10")), (when("10:05"), when("10:15")), None]
    chunk = chunk_of([(window,) for window in windows], t.StructType([t.StructField("window", WINDOW)]))
    on_time, late = split_late(chunk, 0, millis("10:10"))
    assert (on_time.num_rows, late.num_rows) == (2, 1)
    assert split_late(chunk, None, millis("11:00"))[1].num_rows == 0

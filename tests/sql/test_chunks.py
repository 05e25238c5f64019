"""Rows as tables of Arrow, and back."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sparksim.sql import types as t
from sparksim.sql.chunks import chunk_of, rows_of

POINT = t.StructType([t.StructField("x", t.DoubleType()), t.StructField("names", t.ArrayType(t.StringType()))])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (t.IntegerType(), 7),
        (t.DecimalType(4, 1), Decimal("1.5")),
        (t.DateType(), date(2024, 1, 1)),
        (t.TimestampType(), datetime(2024, 1, 1, 10)),
        (POINT, (1.5, ["a", None])),
        (t.ArrayType(t.DoubleType()), [1.5, None]),
        (t.MapType(t.StringType(), t.DoubleType()), {"a": 1.5, "b": None}),
        (t.ArrayType(t.MapType(t.StringType(), t.LongType())), [{"a": 1}, {}]),
    ],
    ids=lambda value: value.simpleString() if isinstance(value, t.DataType) else None,
)
def test_a_value_goes_in_and_comes_out(kind: t.DataType, value: Any) -> None:
    schema = t.StructType([t.StructField("value", kind)])
    assert [row.value for row in rows_of(chunk_of([(value,), (None,)], schema), schema)] == [value, None]


def test_nan_is_a_number_at_any_depth() -> None:
    schema = t.StructType([t.StructField("x", t.DoubleType()), t.StructField("point", POINT)])
    [row] = rows_of(chunk_of([(math.nan, (math.nan, []))], schema), schema)
    assert math.isnan(row.x)
    assert math.isnan(row.point.x)

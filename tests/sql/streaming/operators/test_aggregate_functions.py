"""Every aggregate function gives over batches and chunks what it gives over all rows at once."""

from __future__ import annotations

from typing import Any

import pytest

from sparksim.sql import types as t
from sparksim.sql.streaming.operators.aggregate import AggregateOperator
from sparksim.sql.utils import AnalysisException
from tests.sql.streaming.operators.stories import WINDOW, Story, aggregate

LONG, INT, DOUBLE, TEXT, BOOL = t.LongType(), t.IntegerType(), t.DoubleType(), t.StringType(), t.BooleanType()

# The values of v come as null and 4 in one chunk, 1 in another, then 2 and 1 in a second batch; k is b, a, c, d, e.
CASES: list[tuple[str, t.DataType, Any]] = [
    ("count(*)", LONG, 5),
    ("count(v)", LONG, 4),
    ("count(v, k)", LONG, 4),
    ("count(*) FILTER (WHERE v > 1)", LONG, 2),
    ("sum(v)", LONG, 8),
    ("sum(v) FILTER (WHERE v > 1)", LONG, 6),
    ("sum(CAST(v AS DECIMAL(10, 2)))", t.DecimalType(20, 2), 8),
    ("avg(v)", DOUBLE, 2.0),
    ("min(v)", INT, 1),
    ("max(k)", TEXT, "e"),
    ("max(window)", WINDOW, "10:20-10:30"),
    ("first(v)", INT, None),
    ("first(v, true)", INT, 4),
    ("first(v) IGNORE NULLS", INT, 4),
    ("first(v) FILTER (WHERE v < 4)", INT, 1),
    ("any_value(v)", INT, None),
    ("last(v)", INT, 1),
    ("last(v, true)", INT, 1),
    ("collect_list(v)", t.ArrayType(INT), [4, 1, 2, 1]),
    ("sort_array(collect_set(v))", t.ArrayType(INT), [1, 2, 4]),
    ("approx_count_distinct(v)", LONG, 3),
    ("var_pop(v)", DOUBLE, 1.5),
    ("var_samp(v)", DOUBLE, 2.0),
    ("variance(v)", DOUBLE, 2.0),
    ("stddev_pop(v)", DOUBLE, 1.5**0.5),
    ("stddev(v)", DOUBLE, 2.0**0.5),
    ("stddev_samp(v + 1000000000)", DOUBLE, 2.0**0.5),
    ("bool_and(v > 1)", BOOL, False),
    ("bool_or(v > 3)", BOOL, True),
    ("count_if(v > 1)", LONG, 2),
    ("bit_and(v)", INT, 0),
    ("bit_or(v)", INT, 7),
    ("bit_xor(v)", INT, 6),
    ("max_by(k, v)", TEXT, "a"),
    ("min_by(k, v * 1000 + ascii(k))", TEXT, "c"),
    ("max_by(v, k)", INT, 1),
    ("min_by(v, k)", INT, 4),
    ("sum(v) * 10 + count(*)", LONG, 85),
    ("round(avg(v), 1)", DOUBLE, 2.0),
]


def story(text: str, kind: t.DataType) -> Story:
    return Story(AggregateOperator(aggregate([], {text: kind}), "complete"))


@pytest.mark.parametrize(("text", "kind", "expected"), CASES, ids=[text for text, _, _ in CASES])
def test_over_chunks_and_batches(text: str, kind: t.DataType, expected: Any) -> None:
    told = story(text, kind)
    told.batch([("10:00", "b", None), ("10:10", "a", 4)], [("10:20", "c", 1)])
    [(value,)] = told.batch([("10:00", "d", 2), ("10:00", "e", 1)])
    assert value == pytest.approx(expected) if isinstance(expected, float) else value == expected
    assert told.batch([]) == [(value,)]


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("count(v)", LONG, 0),
        ("sum(v)", LONG, None),
        ("avg(v)", DOUBLE, None),
        ("max(v)", INT, None),
        ("first(v)", INT, None),
        ("collect_list(v)", t.ArrayType(INT), []),
        ("collect_set(v)", t.ArrayType(INT), []),
        ("approx_count_distinct(v)", LONG, 0),
        ("stddev(v)", DOUBLE, None),
        ("var_pop(v)", DOUBLE, None),
        ("bool_and(v > 1)", BOOL, None),
        ("max_by(k, v)", TEXT, None),
    ],
)
def test_over_no_rows(text: str, kind: t.DataType, expected: Any) -> None:
    told = story(text, kind)
    assert told.batch([]) == [(expected,)]
    assert told.batch([]) == [(expected,)]


def test_nan_is_larger_than_any_number() -> None:
    told = story("isnan(max(CASE WHEN v = 1 THEN CAST('NaN' AS DOUBLE) ELSE v END))", BOOL)
    assert told.batch([("10:00", "a", 2)]) == [(False,)]
    assert told.batch([("10:00", "a", 1)]) == [(True,)]
    assert told.batch([("10:00", "a", 3)]) == [(True,)]


def test_a_function_that_cannot_go_on_is_named() -> None:
    with pytest.raises(
        AnalysisException, match=r"LISTAGG\(k, ','\): this aggregate function is not supported on streaming"
    ):
        story("listagg(k)", TEXT)


def test_distinct_values_are_not_counted_exactly() -> None:
    with pytest.raises(AnalysisException, match=r"COUNT\(DISTINCT v\): .* Consider using approx_count_distinct"):
        story("count(DISTINCT v)", LONG)

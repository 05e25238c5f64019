"""Functions of Spark SQL in DuckDB's SQL: those that DuckDB does not have, or answers with another value or type.

A text stands for a call; `a0`, `a1`, ... are its arguments. `typeof` is settled when DuckDB binds a query, so a CASE on
it chooses by the type of an argument, which no tree of sqlglot knows.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from sparksim.sql.libraries import sqlglot

_PLACE = re.compile(r"a\d")
SECONDS = "CAST(floor(epoch_us(TRY_CAST(a0 AS TIMESTAMP)) / 1000000) AS BIGINT)"
"""The whole seconds since 1970 of a timestamp, a date or a text."""

BY_NAME = {
    "array_repeat": "list_transform(range(a1), lambda x: a0)",
    "array_union": "list_distinct(list_concat(a0, a1))",
    "arrays_overlap": "list_has_any(a0, a1)",
    "bigint": "TRY_CAST(a0 AS BIGINT)",
    "bround": "round_even(a0, a1)",
    "btrim": "trim(a0)",
    "cardinality": "CAST(len(a0) AS INT)",
    "e": "exp(1)",
    "expm1": "exp(a0) - 1",
    "forall": "len(list_filter(a0, a1)) = len(a0)",
    "format_number": "format('{:,.' || a1 || 'f}', CAST(a0 AS DOUBLE))",
    "get": "a0[a1 + 1]",
    "hypot": "sqrt(CAST(a0 AS DOUBLE) ** 2 + CAST(a1 AS DOUBLE) ** 2)",
    "isnotnull": "a0 IS NOT NULL",
    "isnull": "a0 IS NULL",
    "log1p": "CASE WHEN a0 > -1 THEN ln(1 + CAST(a0 AS DOUBLE)) END",
    "make_dt_interval": "to_days(CAST(a0 AS INT)) + to_hours(a1) + to_minutes(a2) + to_seconds(a3)",
    "moments_of": "list_reduce(list_transform(list(CAST(a0 AS DOUBLE)) FILTER (a0 IS NOT NULL),"
    " lambda x: struct_pack(n := CAST(1 AS DOUBLE), mean := x, m2 := CAST(0 AS DOUBLE))),"
    " lambda a, b: struct_pack(n := a.n + 1, mean := a.mean + (b.mean - a.mean) / (a.n + 1),"
    " m2 := a.m2 + (b.mean - a.mean) * (b.mean - a.mean - (b.mean - a.mean) / (a.n + 1))))",
    "nullifzero": "nullif(a0, 0)",
    "octet_length": "CAST(strlen(CAST(a0 AS VARCHAR)) AS INT)",
    "pmod": "((a0 % a1) + a1) % a1",
    "positive": "+a0",
    "quantile_of": "CAST(list_aggregate(list_transform(a0, lambda e: CAST(e AS DOUBLE)),"
    " 'quantile_cont', a1) AS DOUBLE)",
    "timestamp_micros": "make_timestamp(a0)",
    "timestamp_millis": "make_timestamp(CAST(a0 AS BIGINT) * 1000)",
    "timestamp_seconds": "make_timestamp(CAST(CAST(a0 AS DECIMAL(38, 6)) * 1000000 AS BIGINT))",
    "try_to_timestamp": "TRY_CAST(a0 AS TIMESTAMP)",
    "weekday": "CAST(isodow(a0) - 1 AS INT)",
    "zeroifnull": "coalesce(a0, 0)",
}
"""By the name of a function that sqlglot passes on as it is."""

BY_KIND = {
    "AddMonths": "CAST(CAST(a0 AS DATE) + to_months(a1) AS DATE)",
    "ArrayPosition": "CAST(coalesce(list_position(a0, a1), 0) AS BIGINT)",
    "BitLength": "CAST(bit_length(a0) AS INT)",
    "BitwiseCount": "CAST(bit_count(CAST(a0 AS BIGINT)) AS INT)",
    "BitwiseLeftShift": "a0 * CAST(2 ** a1 AS INT)",
    "Corr": "CASE WHEN NOT isnan(corr(a0, a1)) THEN corr(a0, a1) END",
    "CountIf": "count(CASE WHEN a0 THEN 1 END)",
    "DateFromUnixDate": "CAST(CAST('1970-01-01' AS DATE) + to_days(a0) AS DATE)",
    "Dayname": "left(dayname(a0), 3)",
    "Exists": "len(list_filter(a0, a1)) > 0",
    "ToBase64": "to_base64(CAST(a0 AS BLOB))",
    "IntDiv": "CAST(a0 // a1 AS BIGINT)",
    "IsNan": "coalesce(isnan(a0), false)",
    "Kurtosis": "kurtosis_pop(a0)",
    "Ln": "CASE WHEN a0 > 0 THEN ln(a0) END",
    "Log": "CASE WHEN a1 > 0 THEN log(a0, a1) END",
    "MapContainsKey": "list_contains(map_keys(a0), a1)",
    "Monthname": "left(monthname(a0), 3)",
    "Nanvl": "CASE WHEN isnan(a0) THEN a1 ELSE a0 END",
    "Negative": "-a0",
    "Quantile": "quantile_cont(CAST(a0 AS DOUBLE), a1)",
    "ApproxQuantile": "quantile_disc(a0, a1)",
    "RegexpCount": "CAST(len(regexp_extract_all(a0, a1)) AS INT)",
    "RegexpSubstr": "nullif(regexp_extract(a0, a1), '')",
    "Rint": "round_even(a0, 0)",
    "SafeAdd": "a0 + a1",
    "SafeMultiply": "a0 * a1",
    "SafeSubtract": "a0 - a1",
    "Sign": "CAST(sign(a0) AS DOUBLE)",
    "SubstringIndex": "CASE WHEN a2 > 0 THEN array_to_string(list_slice(string_split(a0, a1), 1, a2), a1)"
    " ELSE array_to_string(list_slice(string_split(a0, a1), a2, -1), a1) END",
    "Typeof": "CASE typeof(a0) WHEN 'INTEGER' THEN 'int' WHEN 'VARCHAR' THEN 'string' ELSE lower(typeof(a0)) END",
    "UnixDate": "CAST(date_diff('day', CAST('1970-01-01' AS DATE), a0) AS INT)",
    "UnixSeconds": SECONDS,
}
"""By the class of sqlglot's node."""

AGGREGATES = {
    "any": "LogicalOr",
    "every": "LogicalAnd",
    "mean": "Avg",
    "some": "LogicalOr",
    "std": "Stddev",
    "try_avg": "Avg",
    "try_sum": "Sum",
}
"""Other names of aggregate functions, and the classes of sqlglot's nodes."""

EXACT_SECONDS = "epoch_us(TRY_CAST(a0 AS TIMESTAMP)) / 1000000"
NUMBER = "CASE WHEN typeof(a0) = 'TIMESTAMP' THEN a1 ELSE a2 END"
"""A cast of a0 to a number: what a timestamp gives, and what anything else gives."""
TIMESTAMP = (
    "CASE WHEN typeof(a0) SIMILAR TO '(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL.*' "
    "THEN make_timestamp(CAST(TRY_CAST(a0 AS DOUBLE) * 1000000 AS BIGINT)) ELSE a1 END"
)
"""A cast of a0, whose ordinary text is a1, to a timestamp: a number is a number of seconds."""


def written(text: str, *arguments: Any) -> Any:
    """The tree of a text with these arguments."""
    exp = sqlglot().exp

    def put(node: Any) -> Any:
        if not isinstance(node, exp.Column) or not _PLACE.fullmatch(node.name):
            return node
        argument = arguments[int(node.name[1:])].copy()
        return exp.Paren(this=argument) if isinstance(argument, exp.Binary | exp.Unary) else argument

    return exp.Paren(this=_parsed(text).copy().transform(put))


def text_for(node: Any) -> str | None:
    """The text that stands for the call `node`, if it has one."""
    kind = type(node).__name__
    if kind == "Exists" and node.args.get("expression") is None:  # EXISTS (SELECT ...)
        return None
    return BY_NAME.get(node.name.lower()) if kind == "Anonymous" else BY_KIND.get(kind)


@cache
def _parsed(text: str) -> Any:
    return sqlglot().parse_one(text, read="duckdb")

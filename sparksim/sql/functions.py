"""Functions on columns, under PySpark's names (PySpark: pyspark.sql.functions).

Each builds a call in Spark SQL; sqlglot translates it and DuckDB evaluates it. A text argument is the name of a column,
except where PySpark takes a constant, such as the separator of `split`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sparksim.sql.column import Column, column, literal, operand
from sparksim.sql.utils import PySparkTypeError

_CONSTANTS: dict[str, tuple[int, ...]] = {  # at which places, counted from 0, a text is a constant
    "concat_ws": (0,),
    "date_add": (1,),
    "date_format": (1,),
    "date_sub": (1,),
    "date_trunc": (0,),
    "instr": (1,),
    "lpad": (1, 2),
    "regexp_extract": (1, 2),
    "regexp_replace": (1, 2),
    "repeat": (1,),
    "round": (1,),
    "rpad": (1, 2),
    "split": (1, 2),
    "substring": (1, 2),
    "to_date": (1,),
    "to_timestamp": (1,),
    "array_contains": (1,),
}
_PLAIN = [
    "abs",
    "acos",
    "array",
    "array_distinct",
    "array_max",
    "array_min",
    "asin",
    "atan",
    "avg",
    "cbrt",
    "ceil",
    "coalesce",
    "collect_list",
    "collect_set",
    "concat",
    "cos",
    "current_date",
    "current_timestamp",
    "datediff",
    "dayofmonth",
    "dayofweek",
    "dayofyear",
    "exp",
    "explode",
    "first",
    "floor",
    "greatest",
    "hour",
    "initcap",
    "isnan",
    "isnull",
    "last",
    "least",
    "length",
    "ln",
    "log10",
    "log2",
    "lower",
    "ltrim",
    "max",
    "md5",
    "mean",
    "min",
    "minute",
    "monotonically_increasing_id",
    "month",
    "nullif",
    "pow",
    "quarter",
    "reverse",
    "rtrim",
    "second",
    "sign",
    "sin",
    "size",
    "sqrt",
    "stddev",
    "struct",
    "sum",
    "tan",
    "trim",
    "upper",
    "variance",
    "weekofyear",
    "year",
]
__all__ = [  # noqa: PLE0604  # the names below come from the two tables
    *("asc", "col", "column", "count", "countDistinct", "count_distinct", "desc", "expr", "lit", "when"),
    *("approx_count_distinct", "session_window", "window", "window_time"),
    *_PLAIN,
    *_CONSTANTS,
]


def col(col: str) -> Column:
    """The column of this name."""
    return Column.named(col)


def lit(col: Any) -> Column:
    """A constant as a column; a column stays what it is."""
    return col if isinstance(col, Column) else Column(literal(col))


def expr(str: str) -> Column:
    """A piece of Spark SQL as a column, such as `expr("upper(word) AS loud")`."""
    return Column(str)


def when(condition: Column, value: Any) -> Column:
    """`value` where the condition holds, else NULL; go on with `.when(...)` and `.otherwise(...)`."""
    return Column(f"CASE WHEN {condition._sql} THEN {operand(value)} END")


def count(col: Column | str) -> Column:
    """How many rows have a value here; `count("*")` counts all rows."""
    return Column("count(*)" if isinstance(col, str) and col == "*" else f"count({column(col)._sql})")


def count_distinct(col: Column | str, *cols: Column | str) -> Column:
    """How many different values there are."""
    return Column(f"count(DISTINCT {', '.join(column(each)._sql for each in (col, *cols))})")


countDistinct = count_distinct


def window(
    timeColumn: Column | str, windowDuration: str, slideDuration: str | None = None, startTime: str | None = None
) -> Column:
    """The windows of time that a row belongs to, as struct<start,end>, such as `window("ts", "10 minutes")`.

    They are `windowDuration` long, begin every `slideDuration` (by default one after the other) and `startTime` after
    1970-01-01 00:00 UTC. One row comes out for each window; none for a row without a time. Where it is used, raises
    `AnalysisException` for lengths that make no windows and `IllegalArgumentException` for months.
    """
    texts = [windowDuration, slideDuration, startTime]
    for name, text in zip(("windowDuration", "slideDuration", "startTime"), texts, strict=True):
        _check_length(name, text, is_required=name == "windowDuration")
    if startTime is not None and slideDuration is None:
        texts[1] = windowDuration
    given = ", ".join(literal(text) for text in texts if text is not None)
    return Column(f"window({column(timeColumn)._sql}, {given})")


def _check_length(name: str, text: Any, is_required: bool) -> None:
    if (is_required or text is not None) and not (isinstance(text, str) and len(text)):
        raise PySparkTypeError(f"[NOT_STR] {name}={text!r}: give a text such as '10 minutes'")


def session_window(timeColumn: Column | str, gapDuration: Column | str) -> Column:
    """The session that a row belongs to: it ends when no row comes for `gapDuration`, as struct<start,end>."""
    if not isinstance(gapDuration, Column):
        _check_length("gapDuration", gapDuration, is_required=True)
    gap = operand(gapDuration)
    return Column(f"session_window({column(timeColumn)._sql}, {gap})")


def window_time(windowColumn: Column | str) -> Column:
    """The last microsecond of a window, which stands for its time in another window."""
    return Column(f"window_time({column(windowColumn)._sql})")


def approx_count_distinct(col: Column | str, rsd: float | None = None) -> Column:
    """About how many different values there are; `rsd`, the error allowed, changes nothing here."""
    return Column(f"approx_count_distinct({column(col)._sql})")


def asc(col: Column | str) -> Column:
    """For `orderBy`: smallest first."""
    return column(col).asc()


def desc(col: Column | str) -> Column:
    """For `orderBy`: largest first."""
    return column(col).desc()


def __getattr__(name: str) -> Callable[..., Column]:
    """The functions of the two tables."""
    if name not in _PLAIN and name not in _CONSTANTS:
        raise AttributeError(
            f"sparksim.sql.functions has no {name!r}; a function of Spark SQL can be called as expr('{name}(...)')"
        )
    constants = _CONSTANTS.get(name, ())

    def call(*args: Any) -> Column:
        flat = args[0] if len(args) == 1 and isinstance(args[0], list | tuple) else args
        texts = (
            literal(arg) if position in constants and not isinstance(arg, Column) else _argument(arg)
            for position, arg in enumerate(flat)
        )
        return Column(f"{name}({', '.join(texts)})")

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Spark SQL's `{name}(...)` as a column."
    return call


def _argument(value: Any) -> str:
    if isinstance(value, Column):
        return value._selected
    return column(value)._sql if isinstance(value, str) else literal(value)

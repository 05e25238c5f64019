"""Spark's SQL as DuckDB's: sqlglot translates; here is what it cannot know.

Whole-number results that are 32 bits wide in Spark, `floor` and `ceil` that give bigints, casts to whole numbers that
cut off the rest (DuckDB rounds), timestamps without time zone (DuckDB keeps Spark's in UTC), and the present, which is
the cluster's and not the machine's.
"""

from __future__ import annotations

import datetime
from typing import Any

from sparksim.sql.function_texts import EXACT_SECONDS, NUMBER, SECONDS, TIMESTAMP, text_for, written
from sparksim.sql.libraries import sqlglot
from sparksim.sql.names import arguments_of
from sparksim.sql.plan import windows

_INT = (
    "ArraySize",
    "Ascii",
    "Day",
    "DayOfMonth",
    "DayOfYear",
    "Hour",
    "Length",
    "Levenshtein",
    "Minute",
    "Month",
    "Quarter",
    "Second",
    "StrPosition",
    "WeekOfYear",
    "Year",
)
_RANKS = ("DenseRank", "Ntile", "Rank", "RowNumber")
_WHOLE = ("TINYINT", "SMALLINT", "INT", "BIGINT")
_FRACTIONS = ("DOUBLE", "FLOAT", "DECIMAL")
_TIMESTAMPS = ("TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMPLTZ")
_UNITS = {"mm": "month", "mon": "month", "yy": "year", "yyyy": "year", "dd": "day"}
_DEFAULT_PATTERN = "%Y-%mstrict-%dstrict %Hstrict:%Mstrict:%Sstrict"
_PRESENT = {"CurrentTimestamp": "timestamp", "CurrentDatetime": "timestamp", "CurrentDate": "date"}


def tells_time(tree: Any) -> bool:
    """Whether the query's text depends on `now`."""
    return any(type(node).__name__ in _PRESENT for node in tree.walk())


def in_duckdb(tree: Any, now: datetime.datetime) -> str:
    """The text of the query for DuckDB; `now` stands for `current_timestamp()` and its like, in UTC."""
    exp = sqlglot().exp

    def adapted(node: Any) -> Any:
        kind = type(node).__name__
        if kind in _PRESENT:
            present = now if _PRESENT[kind] == "timestamp" else now.date()
            return exp.Cast(this=exp.Literal.string(str(present)), to=exp.DataType.build(_PRESENT[kind]))
        if kind == "Anonymous":
            if node.name.lower() == "monotonically_increasing_id":  # the rows are one partition here
                return exp.Sub(this=exp.Window(this=exp.RowNumber()), expression=exp.Literal.number(1))
            if node.name.lower() == "date_part":
                return _extracted(node.expressions[0].name, node.expressions[1])
            window = windows.in_duckdb(node)
            if window is not None:
                return window
        if kind == "DataType" and node.this.name in ("TIMESTAMPTZ", "TIMESTAMPLTZ"):
            return exp.DataType.build("timestamp")
        if kind in _WRITTEN_ANEW:
            return _WRITTEN_ANEW[kind](node)
        if kind in ("TsOrDsAdd", "DateAdd", "DateSub"):
            return exp.Cast(this=node.copy(), to=exp.DataType.build("date"))
        if kind in ("ArrayAgg", "ArrayUniqueAgg"):
            return exp.Coalesce(this=node.copy(), expressions=[exp.Array(expressions=[])])
        if kind in _INT or (kind == "Window" and type(node.this).__name__ in _RANKS):
            return exp.Cast(this=node.copy(), to=exp.DataType.build("int"))
        if kind in ("Ceil", "Floor") and not node.args.get("decimals"):
            return exp.Cast(this=node.copy(), to=exp.DataType.build("bigint"))
        text = text_for(node)
        return node if text is None else written(text, *arguments_of(node))

    changed = tree.copy()
    for node in reversed(list(changed.bfs())):  # leaves first, so that no new node is met again
        new = adapted(node)
        if new is not node:
            node.replace(new)
    return str(changed.sql(dialect="duckdb"))


def _as(kind: str, node: Any) -> Any:
    exp = sqlglot().exp
    return exp.Cast(this=node.copy(), to=exp.DataType.build(kind))


def _day_of_week(node: Any) -> Any:
    """Sunday is 1 in Spark and 0 in DuckDB."""
    exp = sqlglot().exp
    return _as("int", exp.Add(this=node.copy(), expression=exp.Literal.number(1)))


def _first_or_last(node: Any) -> Any:
    """`first_value` is an aggregate too, unless it stands OVER a window."""
    exp = sqlglot().exp
    if node.find_ancestor(exp.Window):
        return node
    return (exp.First if isinstance(node, exp.FirstValue) else exp.Last)(this=node.this.copy())


def _count(node: Any) -> Any:
    """Of several columns: the rows where none is NULL."""
    exp = sqlglot().exp
    if not node.expressions:
        return node
    every = [exp.Not(this=exp.Is(this=part.copy(), expression=exp.Null())) for part in arguments_of(node)]
    return exp.Count(this=exp.Case(ifs=[exp.If(this=exp.and_(*every), true=exp.Literal.number(1))]))


def _join(node: Any) -> Any:
    """A cross join with a condition is an inner one."""
    if node.args.get("on") is None or node.kind != "CROSS":
        return node
    inner = node.copy()
    inner.set("kind", None)
    return inner


def _printed(node: Any) -> Any:
    return sqlglot().exp.Anonymous(this="printf", expressions=[each.copy() for each in arguments_of(node)])


def _cast(node: Any) -> Any:
    """A cast whose operand decides: times and numbers of seconds become each other; the rest of a number is cut."""
    exp = sqlglot().exp
    kind, plain = node.to.this.name, node.copy()
    if node.this.is_string or (kind in _WHOLE and node.this.is_int):
        return node
    if kind in _WHOLE:
        whole = exp.Trunc(this=exp.TryCast(this=node.this.copy(), to=exp.DataType.build("decimal(38, 9)")))
        plain = exp.TryCast(this=whole, to=node.to.copy())
    if kind in _WHOLE or kind in _FRACTIONS:
        seconds = written(SECONDS if kind in _WHOLE else EXACT_SECONDS, node.this)
        return written(NUMBER, node.this, exp.TryCast(this=seconds, to=node.to.copy()), plain)
    return written(TIMESTAMP, node.this, plain) if kind in _TIMESTAMPS else node


def _extracted(unit: str, time: Any) -> Any:
    """One field of a time; seconds come with their fraction."""
    exp = sqlglot().exp
    if unit.lower() in ("second", "seconds", "s", "sec", "secs"):
        return written("CAST(extract(microsecond FROM a0) / 1000000 AS DECIMAL(8, 6))", time)
    field = exp.Extract(this=exp.Var(this=unit), expression=time.copy())
    return exp.Cast(this=field, to=exp.DataType.build("int"))


def _difference(node: Any) -> Any:
    """How many whole units lie between two times."""
    exp = sqlglot().exp
    unit = node.args.get("unit")
    if unit is None or unit.name.upper() == "DAY":
        return exp.Cast(this=node.copy(), to=exp.DataType.build("int" if isinstance(node, exp.DateDiff) else "bigint"))
    later, earlier = (
        each.this if isinstance(each, exp.TsOrDsToDate) else each for each in (node.this, node.expression)
    )
    parts = [exp.Literal.string(unit.name), *(exp.cast(each.copy(), "timestamp") for each in (earlier, later))]
    return exp.Anonymous(this="date_sub", expressions=parts)


def _truncated(node: Any) -> Any:
    """A time cut to a unit: `trunc` gives a date, `date_trunc` a timestamp."""
    exp = sqlglot().exp
    unit = node.args["unit"].name.lower()
    cut = exp.Anonymous(this="date_trunc", expressions=[exp.Literal.string(_UNITS.get(unit, unit)), node.this.copy()])
    return exp.Cast(this=cut, to=exp.DataType.build("date" if isinstance(node, exp.DateTrunc) else "timestamp"))


def _to_unix(node: Any) -> Any:
    exp = sqlglot().exp
    pattern = node.args.get("format")
    if pattern is None or pattern.name == _DEFAULT_PATTERN:
        return written(SECONDS.replace("floor", "trunc"), node.this)
    return exp.Cast(this=node.copy(), to=exp.DataType.build("bigint"))


def _from_unix(node: Any) -> Any:
    return sqlglot().exp.TimeToStr(
        this=written("make_timestamp(CAST(a0 AS BIGINT) * 1000000)", node.this), format=node.args["format"]
    )


def _formatted(node: Any) -> Any:
    """A time as text, with the fractions of a second that sqlglot leaves as they are."""
    changed = node.copy()
    pattern = changed.args["format"]
    if pattern.is_string:
        pattern.set("this", pattern.name.replace("SSSSSS", "%f").replace("SSS", "%g"))
    return changed


_WRITTEN_ANEW = {
    "Cast": _cast,
    "Count": _count,
    "DateDiff": _difference,
    "DateTrunc": _truncated,
    "DayOfWeek": _day_of_week,
    "Extract": lambda node: _extracted(node.name, node.expression),
    "FirstValue": _first_or_last,
    "Format": _printed,
    "Grouping": lambda node: _as("tinyint", node) if len(node.expressions) == 1 else node,
    "Join": _join,
    "LastValue": _first_or_last,
    "StrToUnix": _to_unix,
    "Substring": lambda node: _from_one(node) if node.args.get("start") is not None else node,
    "TimestampDiff": _difference,
    "TimestampTrunc": _truncated,
    "TimeToStr": _formatted,
    "TryCast": _cast,
    "UnixToStr": _from_unix,
}


def _from_one(substring: Any) -> Any:
    """The substring where position 0 is the first character too, as in Spark."""
    exp = sqlglot().exp
    start = substring.args["start"]
    if start.is_int and str(start) != "0":
        return substring
    moved = substring.copy()
    is_zero = exp.EQ(this=start.copy(), expression=exp.Literal.number(0))
    moved.set("start", exp.If(this=is_zero, true=exp.Literal.number(1), false=start.copy()))
    return moved

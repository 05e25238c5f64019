"""Spark's SQL as DuckDB's: sqlglot translates; here is what it cannot know.

Whole-number results that are 32 bits wide in Spark, `floor` and `ceil` that give bigints, casts to whole numbers that
cut off the rest (DuckDB rounds), timestamps without time zone (DuckDB keeps Spark's in UTC), and the present, which is
the cluster's and not the machine's.
"""

from __future__ import annotations

import datetime
from typing import Any

from sparksim.sql.libraries import sqlglot
from sparksim.sql.plan import windows

_INT = (
    "ArraySize",
    "Ascii",
    "DateDiff",
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
            return windows.in_duckdb(node) or node
        if kind == "DataType" and node.this.name in ("TIMESTAMPTZ", "TIMESTAMPLTZ"):
            return exp.DataType.build("timestamp")
        if kind in ("Cast", "TryCast") and node.to.this.name in _WHOLE and not node.this.is_int:
            whole = exp.Trunc(this=exp.TryCast(this=node.this.copy(), to=exp.DataType.build("decimal(38, 9)")))
            return exp.TryCast(this=whole, to=node.to.copy())
        if kind in ("TsOrDsAdd", "DateAdd", "DateSub"):
            return exp.Cast(this=node.copy(), to=exp.DataType.build("date"))
        if kind in ("ArrayAgg", "ArrayUniqueAgg"):
            return exp.Coalesce(this=node.copy(), expressions=[exp.Array(expressions=[])])
        if kind == "DayOfWeek":  # Sunday is 1 in Spark and 0 in DuckDB
            return exp.Cast(
                this=exp.Add(this=node.copy(), expression=exp.Literal.number(1)), to=exp.DataType.build("int")
            )
        if kind == "Substring" and node.args.get("start") is not None:
            return _from_one(node)
        if kind in _INT or (kind == "Window" and type(node.this).__name__ in _RANKS):
            return exp.Cast(this=node.copy(), to=exp.DataType.build("int"))
        if kind in ("Ceil", "Floor") and not node.args.get("decimals"):
            return exp.Cast(this=node.copy(), to=exp.DataType.build("bigint"))
        return node

    changed = tree.copy()
    for node in reversed(list(changed.bfs())):  # leaves first, so that no new node is met again
        new = adapted(node)
        if new is not node:
            node.replace(new)
    return str(changed.sql(dialect="duckdb"))


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

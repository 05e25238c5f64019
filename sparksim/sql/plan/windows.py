"""Windows of event time in a SELECT (Spark: TimeWindowing, SessionWindowing, ResolveWindowTime).

A row belongs to the windows `[last - k * slide, last - k * slide + width)` for k = 0, 1, ... that hold its time, where
`last` is the start of the newest. So `window(ts, ...)` becomes `event_window(ts, width, slide, start, k)`, in
microseconds; where windows slide, the FROM is crossed with a table of all k. A row without a time has no window.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sparksim.sql import types as t
from sparksim.sql.intervals import interval_us
from sparksim.sql.libraries import sqlglot
from sparksim.sql.plan.nodes import Tree
from sparksim.sql.plan.scope import called, replaced
from sparksim.sql.utils import AnalysisException, IllegalArgumentException

STEPS = "__steps"
"""The table of all k, and `__k` is its column."""
_K = "__k"


def with_windows(select: Tree, kind_of: Callable[[Tree], t.DataType | None]) -> None:
    """Rewrite one SELECT in place. `kind_of`: the type of a column; a window stands for its time, a text is read."""
    exp = sqlglot().exp
    calls = [node for node in _own_nodes(select) if called(node) in ("window", "session_window") and node.expressions]
    if not calls:
        return
    different = list(dict.fromkeys(_key(call) for call in calls))
    if len(different) > 1:
        raise AnalysisException(
            f"a query can group by one window of time only, got {', '.join(different)}: it would give a row for "
            "every pair of windows"
        )
    [new, *conditions], steps = _written(calls[0], kind_of)
    name = called(calls[0])

    def change(node: Tree) -> Tree | None:
        if isinstance(node, exp.Query) and node is not select:
            return node.copy()
        if called(node) == name and _key(node) == different[0]:
            return new.copy()
        if isinstance(node, exp.Column) and node.parts[0].name.lower() == name:
            tree = new.copy()
            for part in node.parts[1:]:
                tree = exp.Dot(this=tree, expression=exp.to_identifier(part.name, quoted=True))
            return tree
        return None

    for key in ("expressions", "group", "having", "order", "distinct", "qualify"):
        value = select.args.get(key)
        if isinstance(value, list):
            select.set(key, [replaced(each, change) for each in value])
        elif value is not None:
            select.set(key, replaced(value, change))
    for condition in conditions:
        select.where(condition, copy=False)
    if steps > 1:
        for star in [node for node in select.expressions if isinstance(node, exp.Star)]:
            star.set("except_", [*(star.args.get("except_") or []), exp.to_identifier(_K)])
        numbers = exp.values([(exp.cast(k, "bigint"),) for k in range(steps)], alias=STEPS, columns=[_K])
        select.join(numbers, join_type="cross", copy=False)


def in_duckdb(node: Tree) -> Tree | None:
    """DuckDB's expression for a call of `event_window`, `session_window` or `window_time`; None for anything else."""
    exp = sqlglot().exp
    name = called(node)
    if name == "window_time":
        return exp.Sub(this=_end(node.expressions[0]), expression=exp.func("to_microseconds", exp.Literal.number(1)))
    if name == "session_window":
        time, gap = (each.copy() for each in node.expressions)
        return _struct(time, exp.Add(this=time.copy(), expression=exp.Paren(this=gap)))
    if name != "event_window":
        return None
    time, width, slide, start, k = (each.copy() for each in node.expressions)
    first = exp.Sub(this=_us(time), expression=_past(time, slide, start))
    begin = exp.Sub(this=first, expression=exp.Mul(this=k, expression=slide.copy()))
    end = exp.Add(this=begin.copy(), expression=width)
    return _struct(exp.func("make_timestamp", begin), exp.func("make_timestamp", end))


def _written(call: Tree, kind_of: Callable[[Tree], t.DataType | None]) -> tuple[list[Tree], int]:
    """What stands for the call, conditions on the rows, and how many windows a row can be in."""
    exp = sqlglot().exp
    time, *texts = call.expressions
    kind = kind_of(time)
    if isinstance(kind, t.StructType) and kind.names == ["start", "end"]:
        time = exp.Anonymous(this="window_time", expressions=[time.copy()])
    elif isinstance(kind, t.StringType):
        time = exp.cast(time.copy(), "timestamp")
    elif kind is not None and not isinstance(kind, t.TimestampType | t.TimestampNTZType):
        raise AnalysisException(
            f"[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] {called(call)}: the time must be a timestamp, but "
            f"{time.sql(dialect='spark')} is of type {kind.simpleString()}"
        )
    present = exp.Not(this=exp.Is(this=time.copy(), expression=exp.Null()))
    if called(call) == "session_window":
        return [exp.Anonymous(this="session_window", expressions=[time.copy(), _gap(texts)]), present], 1
    width, slide, start = _lengths(texts)
    steps = -(-width // slide)
    if steps == 1:
        k, conditions = exp.Literal.number(0), [present]
    else:
        k = exp.column(_K, table=STEPS)
        reach = exp.Mul(this=k.copy(), expression=_number(slide))
        past = exp.Add(this=reach, expression=_past(time, _number(slide), _number(start)))
        conditions = [exp.LT(this=past, expression=_number(width))]
    arguments = [time.copy(), _number(width), _number(slide), _number(start), k]
    return [exp.Anonymous(this="event_window", expressions=arguments), *conditions], steps


def _lengths(texts: list[Tree]) -> tuple[int, int, int]:
    """Width, slide and start in microseconds. Raises what Spark raises for those that make no windows."""
    if not 1 <= len(texts) <= 3:
        raise AnalysisException(
            f"[WRONG_NUM_ARGS] window(time, width[, slide[, start]]) takes 2 to 4 arguments, got {len(texts) + 1}"
        )
    names = ("windowDuration", "slideDuration", "startTime")
    given = [interval_us(_text(each), argument=name) for each, name in zip(texts, names, strict=False)]
    width = given[0]
    slide = given[1] if len(given) > 1 else width
    start = given[2] if len(given) > 2 else 0
    for name, value in zip(names, (width, slide), strict=False):
        if value <= 0:
            raise AnalysisException(f"[DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE] window: {name} must be longer than 0")
    if slide > width or abs(start) >= slide:
        rule = "slideDuration <= windowDuration" if slide > width else "abs(startTime) < slideDuration"
        raise AnalysisException(
            f"[DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION] window: {rule} must hold, got {width}, {slide} and "
            f"{start} microseconds"
        )
    return width, slide, start


def _gap(texts: list[Tree]) -> Tree:
    """The gap of a session: an interval. A text is read now, any other expression row by row."""
    exp = sqlglot().exp
    if len(texts) != 1:
        raise AnalysisException("[WRONG_NUM_ARGS] session_window(time, gap) takes 2 arguments")
    [gap] = texts
    if not isinstance(gap, exp.Literal | exp.Interval):
        return exp.Cast(this=gap.copy(), to=exp.DataType.build("interval"))
    length = interval_us(_text(gap), argument="gapDuration", days_per_month=31)
    if length != interval_us(_text(gap), argument="gapDuration", days_per_month=30):
        return exp.Cast(this=exp.Literal.string(_text(gap)), to=exp.DataType.build("interval"))
    if length <= 0:
        raise AnalysisException("[DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE] session_window: the gap must be longer than 0")
    return exp.func("to_microseconds", _number(length))


def _text(tree: Tree) -> str:
    exp = sqlglot().exp
    if isinstance(tree, exp.Interval):
        return f"{tree.this.name} {tree.args['unit'].name if tree.args.get('unit') is not None else ''}".strip()
    if isinstance(tree, exp.Literal) and tree.is_string:
        return str(tree.this)
    raise IllegalArgumentException(
        f"{tree.sql(dialect='spark')}: give the length of a window as a text like '10 minutes'"
    )


def _key(call: Tree) -> str:
    """What makes two calls the same window."""
    return str(call.sql(dialect="spark", normalize_functions="lower")).replace("`", "").lower()


def _own_nodes(select: Tree) -> list[Tree]:
    """The nodes of a SELECT without those of the queries in it."""
    exp = sqlglot().exp
    return [
        node
        for node in select.walk(prune=lambda node: isinstance(node, exp.Query) and node is not select)
        if node is not select
    ]


def _past(time: Tree, slide: Tree, start: Tree) -> Tree:
    """How long, at `time`, the newest window has been open: a modulo that is never negative."""
    exp = sqlglot().exp
    since = exp.Paren(this=exp.Sub(this=_us(time), expression=_signed(start)))
    rest = exp.Mod(this=since, expression=slide.copy())
    return exp.Paren(
        this=exp.Mod(this=exp.Paren(this=exp.Add(this=rest, expression=slide.copy())), expression=slide.copy())
    )


def _signed(number: Tree) -> Tree:
    return sqlglot().exp.Paren(this=number.copy())


def _us(time: Tree) -> Tree:
    return sqlglot().exp.Anonymous(this="epoch_us", expressions=[time.copy()])


def _number(value: int) -> Tree:
    return sqlglot().exp.Literal.number(value)


def _end(window: Tree) -> Tree:
    exp = sqlglot().exp
    return exp.Dot(this=window.copy(), expression=exp.to_identifier("end", quoted=True))


def _struct(start: Tree, end: Tree) -> Any:
    exp = sqlglot().exp
    fields = (("start", start), ("end", end))
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=tree) for name, tree in fields
        ]
    )

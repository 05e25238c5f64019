"""Sessions of a table: rows of one key that follow each other within a gap (Spark: SessionWindowing, in batch).

Islands between gaps: a session begins at a row whose time is after all the ends, time + gap, of the rows before it. The
number of beginnings so far tells the sessions of a key apart. Streams merge sessions in an operator of their own.
"""

from __future__ import annotations

from typing import Any

from sparksim.sql.libraries import sqlglot
from sparksim.sql.plan.nodes import Tree
from sparksim.sql.plan.scope import called, replaced
from sparksim.sql.utils import AnalysisException

_BEGINS = "__begins"
_NUMBER = "__session"
_BEFORE = "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"


def with_sessions(select: Tree) -> None:
    """Rewrite, in place, a SELECT that groups the rows of one table by a `session_window(...)`."""
    exp = sqlglot().exp
    group = select.args.get("group")
    session = next((key for key in group.expressions if called(key) == "session_window"), None) if group else None
    if session is None:
        return
    if select.args.get("joins") or select.args.get("laterals"):
        raise AnalysisException("session_window groups the rows of one table: join in a query of its own below it")
    time, gap = session.expressions
    keys = [key.copy() for key in group.expressions if key != session]
    end = exp.Add(this=time.copy(), expression=exp.Paren(this=gap.copy()))
    source = select.args["from_"].this
    name = source.alias_or_name
    before = _over(exp.Max(this=end), keys, time, _BEFORE)
    begins = exp.If(this=exp.LTE(this=time.copy(), expression=before), true=_number(0), false=_number(1))
    rows = exp.select("*", exp.alias_(begins, _BEGINS))
    rows.set("from_", exp.From(this=source))
    rows.set("where", select.args.get("where"))
    rows.where(exp.GT(this=end.copy(), expression=time.copy()), copy=False)
    number = _over(exp.Sum(this=exp.column(_BEGINS)), keys, time)
    numbered = exp.select("*", exp.alias_(number, _NUMBER)).from_(_named(rows, name), copy=False)
    select.set("from_", exp.From(this=_named(numbered, name)))
    select.set("where", None)
    fields = (("start", exp.Min(this=time.copy())), ("end", exp.Max(this=end.copy())))
    merged = exp.Struct(
        expressions=[exp.PropertyEQ(this=exp.to_identifier(key, quoted=True), expression=tree) for key, tree in fields]
    )

    def change(node: Tree) -> Tree | None:
        return merged.copy() if node == session else None

    for key in ("having", "order"):
        if select.args.get(key) is not None:
            select.set(key, replaced(select.args[key], change))
    select.set("expressions", [replaced(each, change) for each in select.expressions])
    group.set("expressions", [*keys, exp.column(_NUMBER)])


def _over(function: Tree, keys: list[Tree], time: Tree, frame: str = "") -> Tree:
    """A function OVER the rows of a key in the order of time."""
    exp = sqlglot().exp
    order = exp.Order(expressions=[exp.Ordered(this=time.copy())])
    window = exp.Window(this=function.copy(), partition_by=[key.copy() for key in keys], order=order)
    if frame:
        window.set("spec", sqlglot().parse_one(f"sum(x) OVER (ORDER BY x {frame})").args["spec"])
    return window


def _named(query: Tree, name: str) -> Any:
    subquery = query.subquery(copy=False)
    exp = sqlglot().exp
    subquery.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
    return subquery


def _number(value: int) -> Any:
    return sqlglot().exp.Literal.number(value)

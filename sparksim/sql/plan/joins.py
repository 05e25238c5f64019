"""The FROM of one SELECT: static tables are joined in SQL, two streams in a node of their own (Spark: Join).

Tables are joined from the left to the right. Where a stream meets another, what stands to the left so far becomes the
left side of a `StreamJoin`; from then on its tables are views of that node, and rows of such views lie side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sparksim.sql.libraries import sqlglot
from sparksim.sql.plan.nodes import From, Plan, Query, StaticJoin, StreamJoin, Tree, View
from sparksim.sql.plan.scope import Scope, column_of
from sparksim.sql.types import StructField, StructType

ONE_SIDED = ("semi", "anti")
"""Joins that give the columns of the left side only."""


class Tables:
    """What a FROM gives so far."""

    def __init__(self, name: str, plan: Plan) -> None:
        plan = with_distinct_names(plan)
        self.views: dict[str, View] = {name: whole(plan)}
        self.using: dict[str, Tree] = {}
        self.extra: tuple[tuple[str, Tree], ...] = ()
        self._select = sqlglot().exp.select("*").from_(table(name))
        self._hidden: dict[str, View] = {}
        self._static: tuple[StaticJoin, ...] = ()

    @property
    def is_streaming(self) -> bool:
        return any(view.plan.is_streaming for view in self.views.values())

    @property
    def scope(self) -> Scope:
        """The names that may be used."""
        return Scope(self.views, self.using, self.extra)

    def source(self) -> From:
        """The FROM as it is now."""
        return From(self._select.copy(), {**self.views, **self._hidden}, self._static)

    def join(self, join: Tree, name: str, plan: Plan) -> None:
        """Add the next table."""
        kind, plan = _kind(join), with_distinct_names(plan)
        both = Scope({**self.views, name: whole(plan)}, self.using)
        condition = self._condition(join, kind, name, plan, both)
        if kind == "inner" and condition is None:
            kind = "cross"
        if self.is_streaming and plan.is_streaming:
            self._join_streams(kind, name, plan, condition)
        else:
            self._join_static(kind, name, plan, condition)

    def append(self, join: Tree) -> None:
        """Add to the FROM what is no table: the steps of a window, a LATERAL VIEW."""
        self._select.append("laterals" if isinstance(join, sqlglot().exp.Lateral) else "joins", join.copy())

    def _condition(self, join: Tree, kind: str, name: str, plan: Plan, both: Scope) -> Tree | None:
        exp = sqlglot().exp
        names = [each.name for each in join.args.get("using") or []]
        if join.args.get("method") == "NATURAL":
            mine = [each.lower() for view in self.views.values() for each in view.names]
            names = [each for each in plan.schema.names if each.lower() in mine]
        equal = []
        for each in names:
            left = Scope(self.views, self.using).resolved(exp.column(exp.to_identifier(each, quoted=True)))
            right = Scope({name: whole(plan)}).resolved(exp.column(exp.to_identifier(each, quoted=True)))
            equal.append(exp.EQ(this=left, expression=right))
            stands_for = {"right": right, "full": exp.Coalesce(this=left.copy(), expressions=[right.copy()])}
            self.using[each] = stands_for.get(kind, left)
        if join.args.get("on") is not None:
            equal.append(both.resolved(join.args["on"]))
        return exp.and_(*equal, copy=False) if equal else None

    def _join_static(self, kind: str, name: str, plan: Plan, condition: Tree | None) -> None:
        exp = sqlglot().exp
        if plan.is_streaming or self.is_streaming:
            self._static = (*self._static, StaticJoin(kind, stream_is_left=self.is_streaming))
        side, word = {"semi": ("LEFT", "SEMI"), "anti": ("LEFT", "ANTI"), "cross": (None, "CROSS")}.get(
            kind, (None if kind == "inner" else kind.upper(), None if kind == "inner" else "OUTER")
        )
        self._select.append("joins", exp.Join(this=table(name), side=side, kind=word, on=condition))
        (self._hidden if kind in ONE_SIDED else self.views)[name] = whole(plan)

    def _join_streams(self, kind: str, name: str, plan: Plan, condition: Tree | None) -> None:
        left, right = self.as_one(), {name: whole(plan)}
        node = stream_join(kind, left, right, condition)
        sides = left if kind in ONE_SIDED else {**left, **right}
        at, self.views = 0, {}
        for each, view in sides.items():
            self.views[each] = View(node, tuple(range(at, at + len(view.columns))))
            at += len(view.columns)
        self._select = side_by_side(list(self.views))
        self._static, self._hidden = (), {}

    def as_one(self) -> Mapping[str, View]:
        """The tables as views of one node, which is made if there is more than rows side by side."""
        plans = {id(view.plan) for view in self.views.values()}
        if len(plans) == 1 and not self._hidden and self._select == side_by_side(list(self.views)):
            return self.views
        columns = [(alias, name, view, at) for alias, view in self.views.items() for name, at in _named(view)]
        node = Query(
            StructType([view.plan.schema.fields[at] for _, _, view, at in columns]),
            tuple(view.plan.event_times[at] for _, _, view, at in columns),
            self.source(),
            tuple(column_of(alias, name) for alias, name, _, _ in columns),
        )
        owners = [alias for alias, *_ in columns]
        return {
            alias: View(node, tuple(at for at, owner in enumerate(owners) if owner == alias)) for alias in self.views
        }


def whole(plan: Plan) -> View:
    """All columns of a node."""
    return View(plan, tuple(range(len(plan.schema))))


def table(name: str) -> Any:
    """A table of this name in a FROM."""
    exp = sqlglot().exp
    return exp.Table(this=exp.to_identifier(name, quoted=True))


def side_by_side(names: list[str]) -> Any:
    """`SELECT *` from views of one node."""
    exp = sqlglot().exp
    select = exp.select("*").from_(table(names[0]))
    for name in names[1:]:
        select.append("joins", exp.Join(this=table(name), kind="POSITIONAL"))
    return select


def stream_join(kind: str, left: Mapping[str, View], right: Mapping[str, View], condition: Tree | None) -> StreamJoin:
    """The node that joins two sides, with the columns it gives. Both sides keep their marks."""
    views = [*left.values(), *([] if kind in ONE_SIDED else right.values())]
    columns = [(view, at) for view in views for at in view.columns]
    schema = StructType([view.plan.schema.fields[at] for view, at in columns])
    times = tuple(view.plan.event_times[at] for view, at in columns)
    return StreamJoin(schema, times, kind, left, right, condition)


def with_distinct_names(plan: Plan) -> Plan:
    """The node under names that tell all its columns apart; itself if they do."""
    names = plan.schema.names
    if len(set(map(str.lower, names))) == len(names):
        return plan
    return renamed(plan, [f"{name}_{at}" if _is_double(names, at) else name for at, name in enumerate(names)])


def renamed(plan: Plan, names: list[str]) -> Plan:
    """The node's columns under other names."""
    exp = sqlglot().exp
    fields = [StructField(name, field.dataType, field.nullable) for field, name in zip(plan.schema, names, strict=True)]
    inner = [f"c{at}" for at in range(len(names))]
    this = table("this")
    this.set("alias", exp.TableAlias(this=exp.to_identifier("this"), columns=[exp.to_identifier(c) for c in inner]))
    source = From(exp.select("*").from_(this), {"this": whole(plan)})
    columns = tuple(column_of("this", name) for name in inner)
    return Query(StructType(fields), plan.event_times, source, columns, filters_only=True)


def _is_double(names: list[str], at: int) -> bool:
    return names[at].lower() in map(str.lower, names[:at] + names[at + 1 :])


def _named(view: View) -> list[tuple[str, int]]:
    return list(zip(view.names, view.columns, strict=True))


def _kind(join: Tree) -> str:
    """The kind of a join in our words."""
    word = (join.args.get("kind") or "").upper()
    if word in ("SEMI", "ANTI", "CROSS"):
        return word.lower()
    return (join.args.get("side") or "INNER").lower()

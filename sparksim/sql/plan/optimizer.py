"""What a plan becomes when a query starts (Spark: Optimizer, of which PushDownPredicate, InferFiltersFromConstraints).

Only rules whose effect can be seen: a filter that does not use the event time goes below the watermark, so the rows it
removes do not move the watermark; a filter over an inner join of two streams becomes part of the join's condition; what
a join cannot match because it is NULL is filtered before. Filters are moved as conditions over positions, `this.c0`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

from sparksim.sql.libraries import sqlglot
from sparksim.sql.plan.joins import Tables
from sparksim.sql.plan.nodes import (
    Aggregate,
    Deduplicate,
    From,
    GroupState,
    Limit,
    Plan,
    Query,
    Refused,
    SetOperation,
    Sort,
    StaticJoin,
    StreamJoin,
    Tree,
    Union,
    View,
    Watermark,
)
from sparksim.sql.plan.scope import Scope, column_of, conjuncts, enclosed, replaced

_UNMOVED = ("Query", "Window", "Explode", "Posexplode", "Rand", "Randn", "Uuid", "AggFunc", "Lambda")
"""What ties an expression to where it stands: it gives other values, or other rows, in another place."""
_STRICT = ("EQ", "NEQ", "GT", "GTE", "LT", "LTE")
_ARITHMETIC = ("Column", "Identifier", "Literal", "Add", "Sub", "Mul", "Neg", "Paren", "Interval", "Var", *_STRICT)
_KEPT_BY_WHERE = {"inner": "lr", "cross": "lr", "left": "l", "right": "r", "full": "", "semi": "l", "anti": "l"}
_KEPT_BY_ON = {"inner": "lr", "cross": "lr", "left": "r", "right": "l", "full": "", "semi": "lr", "anti": "r"}
"""To which sides of a join a condition may move: one that stands in a WHERE above it, and one in its ON."""


def optimized(plan: Plan) -> Plan:
    """The plan as it is run. Gives the same rows; watermarks see fewer of those that take no part."""
    return _everywhere(_everywhere(_everywhere(plan, _simpler), _where_moved), _on_moved)


def _everywhere(plan: Plan, rule: Callable[[Plan], Plan]) -> Plan:
    """Apply a rule to all nodes, those below first; a node that is read twice stays one node."""
    done: dict[int, Plan] = {}

    def visited(node: Plan) -> Plan:
        if id(node) not in done:
            done[id(node)] = rule(with_children(node, visited))
        return done[id(node)]

    return visited(plan)


def with_children(plan: Plan, change: Callable[[Plan], Plan]) -> Plan:
    """The node over other nodes; itself if they are the same."""
    new = {id(child): change(child) for child in plan.children}
    if all(new[id(child)] is child for child in plan.children):
        return plan

    def views(old: Mapping[str, View]) -> dict[str, View]:
        return {name: View(new[id(view.plan)], view.columns) for name, view in old.items()}

    if isinstance(plan, Query | Aggregate):
        return replace(plan, source=replace(plan.source, tables=views(plan.source.tables)))
    if isinstance(plan, StreamJoin):
        return replace(plan, left=views(plan.left), right=views(plan.right))
    if isinstance(plan, Union | SetOperation | Refused):
        return replace(plan, inputs=tuple(new[id(each)] for each in plan.children))
    if isinstance(plan, Watermark | Deduplicate | Sort | Limit | GroupState):
        return replace(plan, child=new[id(plan.child)])
    return plan


# --- the rules ------------------------------------------------------------------------------------------------------


def _simpler(plan: Plan) -> Plan:
    """One limit of two (Spark: CombineLimits), and no EXCEPT."""
    if isinstance(plan, Limit) and isinstance(plan.child, Limit):
        return replace(plan.child, schema=plan.schema, count=min(plan.count, plan.child.count))
    return _without_except(plan)


def _without_except(plan: Plan) -> Plan:
    """A stream EXCEPT a table: its different rows that the table does not have (Spark: ReplaceExceptWithAntiJoin)."""
    if not isinstance(plan, SetOperation) or plan.kind != "except" or plan.inputs[1].is_streaming:
        return plan
    exp = sqlglot().exp
    left, right = plan.inputs
    tables = Tables("stream", left)
    pairs = zip(tables.views["stream"].names, right.schema.names, strict=True)
    equal = [exp.NullSafeEQ(this=column_of("stream", a), expression=column_of("table", b)) for a, b in pairs]
    tables.join(exp.Join(kind="ANTI", side="LEFT", on=exp.and_(*equal)), "table", right)
    keys = tuple(tree for _, tree in tables.scope.star())
    return Aggregate(plan.schema, plan.event_times, tables.source(), keys, plan.event_times, keys)


def _where_moved(plan: Plan) -> Plan:
    """The conditions of a WHERE, and those of a HAVING on keys, go down as far as they may."""
    if isinstance(plan, Aggregate) and plan.having is not None:
        plan = _having_moved(plan)
    if not isinstance(plan, Query | Aggregate) or plan.source.select.args.get("where") is None:
        return plan
    source = plan.source
    stays = []
    for condition in conjuncts(source.select.args["where"].this):
        moved = _moved_out(source, condition)
        source = moved or source
        if moved is None:
            stays.append(condition)
    if source is plan.source:
        return plan
    exp = sqlglot().exp
    select = source.select.copy()
    select.set("where", exp.Where(this=exp.and_(*stays)) if stays else None)
    new = replace(plan, source=replace(source, select=select))
    return _child(new) if isinstance(new, Query) and new.filters_only and not stays and _is_whole(new) else new


def _having_moved(plan: Aggregate) -> Aggregate:
    stays = []
    for condition in conjuncts(cast(Tree, plan.having)):
        below = _below_groups(plan, condition)
        plan = below or plan
        if below is None:
            stays.append(condition)
    return replace(plan, having=sqlglot().exp.and_(*stays) if stays else None)


def _moved_out(source: From, condition: Tree) -> From | None:
    """The FROM over a node that has taken the condition; None if it has to stay."""
    stream = next((plan for plan in source.plans if plan.is_streaming), None)
    keeps = all(_side(join) in _KEPT_BY_WHERE[join.kind] for join in source.static_joins)
    if stream is None or not keeps:
        return None
    over = _over(stream, condition, Scope(source.tables))
    below = None if over is None else _pushed(stream, over)
    if below is None:
        return None
    tables = {name: View(below, view.columns) if view.plan is stream else view for name, view in source.tables.items()}
    return replace(source, tables=tables)


def _on_moved(plan: Plan) -> Plan:
    """One-sided conditions of a join, and that its keys are not NULL, go below watermarks."""
    if isinstance(plan, StreamJoin):
        for condition in _implied(plan.condition):
            for side in _KEPT_BY_ON[plan.kind]:
                plan = _side_pushed(plan, side, condition) or plan
    elif isinstance(plan, Query | Aggregate):
        source = plan.source
        joins = [each for each in source.select.args.get("joins") or [] if _is_of_a_table(each)]
        for join, how in zip(joins, source.static_joins, strict=True):
            if _side(how) in _KEPT_BY_ON[how.kind]:
                for condition in _implied(join.args.get("on")):
                    source = _moved_out(source, condition) or source
        plan = plan if source is plan.source else replace(plan, source=source)
    return plan


def _side(join: StaticJoin) -> str:
    """Where the stream stands in a join with a table."""
    return "l" if join.stream_is_left else "r"


def _is_of_a_table(join: Tree) -> bool:
    """Whether a join in a FROM is one of those that `static_joins` lists."""
    return isinstance(join.this, sqlglot().exp.Table) and join.args.get("kind") != "POSITIONAL"


# --- going down -----------------------------------------------------------------------------------------------------


def _pushed(plan: Plan, condition: Tree) -> Plan | None:
    """The node with a condition over its positions moved into or below it; None if nothing would be gained."""
    if isinstance(plan, Watermark):
        if plan.column in _positions(condition):
            return None
        return replace(plan, child=_pushed(plan.child, condition) or _filtered(plan.child, condition))
    if isinstance(plan, Query):
        if any(_is_tied(tree) for tree in plan.columns):
            return None
        source = _moved_out(plan.source, _put_in(condition, plan.columns))
        return None if source is None else replace(plan, source=source)
    if isinstance(plan, Union):
        new = [_pushed(each, condition) for each in plan.inputs]
        if all(each is None for each in new):
            return None
        inputs = (pushed or _filtered(each, condition) for pushed, each in zip(new, plan.inputs, strict=True))
        return replace(plan, inputs=tuple(inputs))
    if isinstance(plan, Aggregate):
        return _below_groups(plan, _put_in(condition, plan.columns))
    return _joined(plan, condition) if isinstance(plan, StreamJoin) else None


def _below_groups(plan: Aggregate, condition: Tree) -> Aggregate | None:
    """An aggregation whose rows are filtered by a condition on its keys; None if the condition uses anything else."""
    exp = sqlglot().exp
    is_on_keys = condition.find(exp.Column) is not None and not _is_tied(condition)
    if plan.sets is not None or plan.session is not None or not is_on_keys:
        return None
    source = _moved_out(plan.source, condition)
    return replace(plan, source=source or replace(plan.source, select=plan.source.select.where(condition)))


def _joined(plan: StreamJoin, condition: Tree) -> StreamJoin | None:
    """A join that has taken a condition from above: on one of its sides, or as its own if it is an inner one."""
    named = _put_in(condition, [tree for views in (plan.left, plan.right) for _, tree in Scope(views).star()])
    for side in _KEPT_BY_WHERE[plan.kind]:
        below = _side_pushed(plan, side, named)
        if below is not None:
            return below
    if plan.kind not in ("inner", "cross"):
        return None
    exp = sqlglot().exp
    whole = named if plan.condition is None else exp.and_(plan.condition, named)
    return replace(plan, kind="inner", condition=whole)


def _side_pushed(join: StreamJoin, side: str, condition: Tree) -> StreamJoin | None:
    """A join where a condition on one side has gone below that side's watermark."""
    views = join.left if side == "l" else join.right
    [plan] = dict.fromkeys(view.plan for view in views.values())
    over = _over(plan, condition, Scope(views))
    below = None if over is None else _pushed(plan, over)
    if below is None:
        return None
    new = {name: View(below, view.columns) for name, view in views.items()}
    return replace(join, left=new) if side == "l" else replace(join, right=new)


# --- conditions -----------------------------------------------------------------------------------------------------


def _over(plan: Plan, condition: Tree, scope: Scope) -> Tree | None:
    """A condition over names as one over the positions of a node; None if it uses anything else."""
    exp = sqlglot().exp
    places = [scope.position(column) for column in condition.find_all(exp.Column)]
    if not places or any(place is None or place[0].plan is not plan for place in places) or _is_tied(condition):
        return None

    def change(node: Tree) -> Tree | None:
        place = scope.position(node)
        return None if place is None else column_of("this", f"c{place[1]}")

    return cast(Tree, replaced(condition, change))


def _put_in(condition: Tree, trees: list[Tree] | tuple[Tree, ...]) -> Tree:
    """A condition over positions with expressions in their place."""
    exp = sqlglot().exp

    def change(node: Tree) -> Tree | None:
        return enclosed(trees[_at(node)]) if isinstance(node, exp.Column) else None

    return replaced(condition, change)


def _filtered(plan: Plan, condition: Tree) -> Query:
    """The rows of a node for which a condition over its positions holds."""
    tables = Tables("this", plan)
    columns = tuple(tree for _, tree in tables.scope.star())
    source = tables.source()
    select = source.select.where(_put_in(condition, columns))
    return Query(plan.schema, plan.event_times, replace(source, select=select), columns, filters_only=True)


def _implied(condition: Tree | None) -> list[Tree]:
    """What holds for rows that a condition matches: its parts, and that what they compare is not NULL."""
    parts = [] if condition is None else conjuncts(condition)
    return [*parts, *(each for part in parts for each in _not_null(part))]


def _not_null(condition: Tree) -> list[Tree]:
    """For each column of a comparison: that it is not NULL, without which the comparison cannot hold."""
    exp = sqlglot().exp
    names = {type(node).__name__ for node in condition.walk()}
    if type(condition).__name__ not in _STRICT or not names <= set(_ARITHMETIC):
        return []
    columns = dict.fromkeys(condition.find_all(exp.Column))
    return [exp.Not(this=exp.Is(this=column.copy(), expression=exp.Null())) for column in columns]


def _is_tied(tree: Tree) -> bool:
    exp = sqlglot().exp
    kinds = tuple(getattr(exp, name) for name in _UNMOVED)
    return tree.find(*kinds) is not None


def _positions(condition: Tree) -> set[int]:
    return {_at(column) for column in condition.find_all(sqlglot().exp.Column)}


def _at(column: Tree) -> int:
    return int(column.name.removeprefix("c"))


def _child(query: Query) -> Plan:
    """What a query without conditions is: the node it reads, under the query's names."""
    child = query.source.plans[0]
    return child if child.schema == query.schema else replace(child, schema=query.schema)


def _is_whole(query: Query) -> bool:
    """Whether all columns are read in their order."""
    [view, *more] = query.source.tables.values()
    return not more and view.columns == tuple(range(len(view.plan.schema)))

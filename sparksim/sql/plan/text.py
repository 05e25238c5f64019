"""A plan as lines: each node over the nodes it reads (Spark: TreeNode.treeString)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sparksim.sql.libraries import sqlglot
from sparksim.sql.plan import nodes
from sparksim.sql.plan.nodes import Plan, Tree
from sparksim.sql.plan.scope import called, conjuncts, replaced
from sparksim.sql.plan.windows import STEPS


def plan_text(plan: Plan) -> str:
    """The tree of nodes, one line each, the last node first."""
    return "\n".join(_lines(plan, ""))


def _lines(plan: Plan, indent: str) -> Iterator[str]:
    yield f"{indent}{line(plan)}"
    for child in plan.children:
        yield from _lines(child, f"{indent}  ")


def line(plan: Plan) -> str:
    """One node: what it is and does, and its columns; `*` follows those with an event time."""
    names = (f"{name}{'*' if mark else ''}" for name, mark in zip(plan.schema.names, plan.event_times, strict=True))
    return " ".join(filter(None, (type(plan).__name__, _what(plan), f"[{', '.join(names)}]")))


def _what(plan: Plan) -> str:
    if isinstance(plan, nodes.Scan):
        return plan.name
    if isinstance(plan, nodes.Query):
        return _from(plan.source)
    if isinstance(plan, nodes.Watermark):
        return f"{plan.schema.names[plan.column]} {plan.delay_ms} ms"
    if isinstance(plan, nodes.Aggregate):
        having = "" if plan.having is None else f" having {_sql(plan.having)}"
        sets = "" if plan.sets is None else f" sets {list(map(list, plan.sets))}"
        return f"by ({', '.join(map(_sql, plan.keys))}){sets}{having} {_from(plan.source)}".rstrip()
    if isinstance(plan, nodes.Deduplicate):
        keys = ", ".join(plan.schema.names[at] for at in plan.columns)
        return f"by ({keys}){' within watermark' if plan.within else ''}"
    if isinstance(plan, nodes.StreamJoin):
        return plan.kind if plan.condition is None else f"{plan.kind} on {_sql(plan.condition)}"
    if isinstance(plan, nodes.SetOperation):
        return plan.kind
    if isinstance(plan, nodes.Sort):
        return ", ".join(_sql(term) for term in plan.select.args["order"].expressions)
    if isinstance(plan, nodes.Limit):
        return str(plan.count)
    if isinstance(plan, nodes.Refused):
        return plan.what
    if isinstance(plan, nodes.GroupState):
        keys = ", ".join(plan.child.schema.names[at] for at in plan.keys)
        return f"by ({keys}) {plan.mode} {plan.timeout}"
    return ""


def _from(source: nodes.From) -> str:
    """What a FROM does beyond reading one table: its joins and its WHERE."""
    joins = [_sql(join) for join in source.select.args.get("joins") or [] if join.this.alias != STEPS]
    laterals = [_sql(lateral) for lateral in source.select.args.get("laterals") or []]
    where = source.select.args.get("where")
    conditions = [] if where is None else [each for each in conjuncts(where.this) if STEPS not in _sql(each)]
    filtered = [f"where {' and '.join(map(_sql, conditions))}"] if conditions else []
    return " ".join([*joins, *laterals, *filtered])


def _sql(tree: Tree) -> str:
    """An expression as Spark writes it, with windows as the program wrote them."""

    def change(node: Tree) -> Tree | None:
        if called(node) != "event_window":
            return None
        time, width, slide, start, _ = node.expressions
        lengths = [width] if width == slide and start.name == "0" else [width, slide, start]
        return sqlglot().exp.Anonymous(this="window", expressions=[time.copy(), *map(_seconds, lengths)])

    return str(replaced(tree, change).sql(dialect="spark", normalize_functions="lower")).replace("`", "")


def _seconds(us: Tree) -> Any:
    return sqlglot().exp.Var(this=f"{int(us.sql()) / 1_000_000:g} s")

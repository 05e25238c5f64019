"""A plan as lines: each node over the nodes it reads (Spark: TreeNode.treeString)."""

from __future__ import annotations

from collections.abc import Iterator

from sparksim.sql.plan import nodes
from sparksim.sql.plan.nodes import Plan, Tree


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
    joins = [_sql(join) for join in source.select.args.get("joins") or []]
    where = source.select.args.get("where")
    return " ".join([*joins, *([] if where is None else [f"where {_sql(where.this)}"])])


def _sql(tree: Tree) -> str:
    return str(tree.sql(dialect="spark", normalize_functions="lower")).replace("`", "")

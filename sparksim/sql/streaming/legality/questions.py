"""What the rules ask of a plan: which operators it has, and what stands in the expressions of one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sparksim.sql.libraries import sqlglot
from sparksim.sql.plan.nodes import Aggregate, From, Plan, Query, Sort, StreamJoin


def nodes_of(plan: Plan) -> Iterator[Plan]:
    """All nodes, those below first."""
    yield from below(plan)
    yield plan


def below(plan: Plan) -> Iterator[Plan]:
    """All nodes under this one, the lowest first."""
    for child in plan.children:
        yield from nodes_of(child)


def aggregates(plan: Plan) -> list[Aggregate]:
    """The aggregations over streams, the topmost first."""
    return [node for node in nodes_of(plan) if isinstance(node, Aggregate)][::-1]


def has_marked_key(node: Aggregate) -> bool:
    """Whether groups are told apart by a watermark's column or a window over it."""
    return any(mark is not None for mark in node.key_times)


def trees_of(node: Plan) -> list[Any]:
    """The expressions of a node: what it selects, groups by, filters, sorts and joins by."""
    if isinstance(node, Query):
        return [*node.columns, *_trees_of_from(node.source)]
    if isinstance(node, Aggregate):
        having = [] if node.having is None else [node.having]
        return [*node.keys, *node.columns, *having, *_trees_of_from(node.source)]
    if isinstance(node, Sort):
        return [node.select]
    if isinstance(node, StreamJoin):
        return [] if node.condition is None else [node.condition]
    return []


def found_in(node: Plan, *kinds: str) -> list[Any]:
    """The parts of the node's expressions that are of these classes of sqlglot, without those of subqueries."""
    exp = sqlglot().exp
    classes = tuple(getattr(exp, kind) for kind in kinds)
    return [part for tree in trees_of(node) for part in _own_parts(tree, exp.Query) if isinstance(part, classes)]


def calls(node: Plan, name: str) -> bool:
    """Whether an expression of the node calls a function that sqlglot has no class for."""
    return any(str(call.this).lower() == name for call in found_in(node, "Anonymous"))


def _own_parts(tree: Any, query: type) -> Iterator[Any]:
    yield from tree.walk(prune=lambda part: isinstance(part, query) and part is not tree)


def _trees_of_from(source: From) -> list[Any]:
    where = source.select.args.get("where")
    conditions = [join.args.get("on") for join in source.select.args.get("joins") or []]
    return [tree for tree in [where, *conditions] if tree is not None]

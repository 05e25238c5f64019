"""GROUP BY of one SELECT: keys, and which of them each grouping set has (Spark: ResolveGroupingAnalytics)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

from sparksim.sql.libraries import sqlglot
from sparksim.sql.plan.nodes import Tree

Sets = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Grouping:
    """`sets` is None for a plain GROUP BY."""

    keys: tuple[Tree, ...]
    sets: Sets | None


def is_aggregate(select: Tree) -> bool:
    """Whether a SELECT makes groups, also one of all rows."""
    if select.args.get("group") is not None:
        return True
    having = select.args.get("having")
    return any(has_aggregate(tree) for tree in [*select.expressions, *([having.this] if having is not None else [])])


def has_aggregate(tree: Tree) -> bool:
    """Whether an expression calls an aggregate function; one that is used OVER a window does not count."""
    exp = sqlglot().exp
    nodes = tree.walk(prune=lambda node: isinstance(node, exp.Window | exp.Query))
    return any(isinstance(node, exp.AggFunc) for node in nodes)


def grouping(group: Tree | None, selected: Sequence[Tree], resolved: Callable[[Tree], Tree]) -> Grouping:
    """The keys of a GROUP BY. `selected`: what the SELECT's columns are, which numbers and `ALL` stand for."""
    exp = sqlglot().exp
    if group is None:
        return Grouping((), None)
    keys: list[Tree] = []

    def key(tree: Tree) -> int:
        of_number = isinstance(tree, exp.Literal) and tree.is_int
        found = (selected[int(tree.this) - 1] if of_number else resolved(tree)).unnest().copy()
        if found not in keys:
            keys.append(found)
        return keys.index(found)

    if group.args.get("all"):
        plain = tuple(key(tree) for tree in selected if not has_aggregate(tree))
    else:
        plain = tuple(key(tree) for tree in group.expressions if type(tree).__name__ not in _SETS)
    parts: list[list[tuple[int, ...]]] = []
    for each in group.expressions:
        sets = _SETS.get(type(each).__name__)
        if sets is not None:
            parts.append(sets([tuple(map(key, _members(tree))) for tree in each.expressions]))
    if not parts:
        return Grouping(tuple(keys), None)
    chosen = (sum(choice, plain) for choice in product(*parts))
    return Grouping(tuple(keys), tuple(tuple(sorted(set(each))) for each in chosen))


def _rollup(members: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    return [sum(members[:size], ()) for size in range(len(members), -1, -1)]


def _cube(members: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    sizes = range(len(members), -1, -1)
    return [sum(chosen, ()) for size in sizes for chosen in combinations(members, size)]


_SETS: dict[str, Callable[[list[tuple[int, ...]]], list[tuple[int, ...]]]] = {
    "GroupingSets": lambda members: members,
    "Rollup": _rollup,
    "Cube": _cube,
}


def _members(tree: Tree) -> list[Any]:
    """The keys in one member of a set: `a` or `(a, b)` or `()`."""
    exp = sqlglot().exp
    if isinstance(tree, exp.Tuple):
        return list(tree.expressions)
    return [tree.this] if isinstance(tree, exp.Paren) else [tree]

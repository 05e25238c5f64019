"""What the condition of a join of two streams says: its equal keys, its other parts, and about event times.

(Spark: ExtractEquiJoinKeys, JoinConditionSplitPredicates, StreamingJoinHelper.) The operator and the rules of what may
run ask the same questions here, so they cannot disagree.

Columns are written `l.c0` and `r.c0` in what comes out, by their positions in the rows of a side: all columns of its
views, one view after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from sparksim.core.errors import SparkException
from sparksim.sql.chunks import evaluate
from sparksim.sql.libraries import sqlglot
from sparksim.sql.plan.nodes import EventTime, StreamJoin, View
from sparksim.sql.types import StructField, StructType
from sparksim.sql.utils import AnalysisException

Tree = Any
"""An expression of sqlglot."""
SIDES = ("l", "r")
LEFT, RIGHT = 0, 1
_MIRRORED = {"GT": "LT", "GTE": "LTE"}


@dataclass(frozen=True, eq=False)
class EquiKey:
    """An equality of an expression over each side. `matches_null`: written `<=>`."""

    left: Tree
    right: Tree
    matches_null: bool = False

    def of(self, side: int) -> Tree:
        """The expression of a side."""
        return self.right if side else self.left


@dataclass(frozen=True, eq=False)
class Condition:
    """A condition in its parts, all of which must hold: keys, what concerns one side alone, and the rest."""

    keys: list[EquiKey] = field(default_factory=list)
    one_sided: tuple[list[Tree], list[Tree]] = field(default_factory=lambda: ([], []))
    two_sided: list[Tree] = field(default_factory=list)


def side_schema(node: StreamJoin, side: int) -> StructType:
    """The columns of a side's rows."""
    return StructType([column for column, _ in _columns(_views(node, side))])


def side_time(node: StreamJoin, side: int) -> int | None:
    """The position of a side's first column with a watermark."""
    marks = [mark for _, mark in _columns(_views(node, side))]
    return next((at for at, mark in enumerate(marks) if mark is not None), None)


def split(node: StreamJoin) -> Condition:
    """The condition in its parts. Raises `AnalysisException` for a name that no side has, or both."""
    exp, found = sqlglot().exp, Condition()
    for part in _conjuncts(node):
        sides = _sides(part)
        key = _equi_key(part) if isinstance(part, exp.EQ | exp.NullSafeEQ) else None
        if key is not None:
            found.keys.append(key)
        elif len(sides) == 1:
            found.one_sided[sides.pop()].append(part)
        else:
            found.two_sided.append(part)
    return found


def equi_keys(node: StreamJoin) -> list[EquiKey]:
    """The equalities of an expression over the left side and one over the right side."""
    return split(node).keys


def time_key(node: StreamJoin) -> int | None:
    """Which of `equi_keys` is a column with a watermark, on either side: then states of both go by this key."""
    keys = equi_keys(node)
    order = [(at, side) for side in (LEFT, RIGHT) for at in range(len(keys))]
    return next((at for at, side in order if _mark(node, keys[at].of(side)) is not None), None)


def state_bounds(node: StreamJoin) -> tuple[int | None, int | None]:
    """How far behind a watermark W each side's times cannot match any more: rows with time <= W + bound (in ms).

    A bound for the left side comes from `rt + c1 < lt + c2` and its like, where `rt` has the watermark; None without
    such a conjunct. Several give the smallest. Whether rows of a side *can* go also takes a watermark on that side.
    """
    found: tuple[list[int], list[int]] = ([], [])
    for part in _conjuncts(node):
        kind = type(part).__name__
        smaller, larger = (part.expression, part.this) if kind in _MIRRORED else (part.this, part.expression)
        if _MIRRORED.get(kind, kind) in ("LT", "LTE"):
            for side, offset_us in _bound_sides(node, smaller, larger):
                found[side].append(offset_us // 1000 - (kind in ("LTE", "GTE")))
    return min(found[LEFT], default=None), min(found[RIGHT], default=None)


def state_offsets(node: StreamJoin) -> tuple[int | None, int | None]:
    """For each side, how far its state watermark lies behind W in ms; None when its rows are kept for ever."""
    if time_key(node) is not None:
        return 0, 0
    left, right = state_bounds(node)
    return (
        None if side_time(node, LEFT) is None else left,
        None if side_time(node, RIGHT) is None else right,
    )


# --- names ----------------------------------------------------------------------------------------------------------


def _views(node: StreamJoin, side: int) -> Mapping[str, View]:
    return node.right if side else node.left


def _columns(views: Mapping[str, View]) -> list[tuple[StructField, EventTime | None]]:
    return [(list(view.plan.schema)[at], view.plan.event_times[at]) for view in views.values() for at in view.columns]


def _positions(node: StreamJoin) -> Iterator[tuple[str, str, int, int]]:
    """(view, column, side, position) of all columns, names in lower case as they are compared."""
    for side in (LEFT, RIGHT):
        position = 0
        for view_name, view in _views(node, side).items():
            for name in view.names:
                yield view_name.lower(), name.lower(), side, position
                position += 1


def _conjuncts(node: StreamJoin) -> list[Tree]:
    """The parts of the condition that must all hold, with columns by position."""
    if node.condition is None:
        return []
    names = list(_positions(node))
    tree = node.condition.copy().transform(lambda each: _by_position(each, names))
    return list(_flat(tree))


def _flat(tree: Tree) -> Iterator[Tree]:
    exp = sqlglot().exp
    if isinstance(tree, exp.Paren):
        yield from _flat(tree.this)
    elif isinstance(tree, exp.And):
        yield from _flat(tree.this)
        yield from _flat(tree.expression)
    elif isinstance(tree, exp.Between) and not tree.args.get("symmetric"):
        yield exp.GTE(this=tree.this.copy(), expression=tree.args["low"].copy())
        yield exp.LTE(this=tree.this.copy(), expression=tree.args["high"].copy())
    else:
        yield tree


def _by_position(tree: Tree, names: list[tuple[str, str, int, int]]) -> Tree:
    """A column `view.name` or `name`, with or without fields of a struct behind it, as `l.c0`."""
    exp = sqlglot().exp
    if not isinstance(tree, exp.Column):
        return tree
    parts = [part.name for part in tree.parts]
    view, name = parts[0].lower(), parts[min(1, len(parts) - 1)].lower()
    found = [(each, 2) for each in names if len(parts) > 1 and each[:2] == (view, name)]
    found = found or [(each, 1) for each in names if each[1] == view]
    if len(found) != 1:
        said = "AMBIGUOUS_REFERENCE" if found else "UNRESOLVED_COLUMN.WITH_SUGGESTION"
        known = [f"{each[0]}.{each[1]}" for each in names]
        raise AnalysisException(f"[{said}] `{'.'.join(parts)}` in a join's condition is not one of {known}")
    [((_, _, side, position), used)] = found
    column = exp.column(f"c{position}", table=SIDES[side])
    return reduce(lambda inner, each: exp.Dot(this=inner, expression=exp.to_identifier(each)), parts[used:], column)


def _sides(tree: Tree) -> set[int]:
    return {SIDES.index(column.table) for column in tree.find_all(sqlglot().exp.Column)}


def _equi_key(part: Tree) -> EquiKey | None:
    matches_null = isinstance(part, sqlglot().exp.NullSafeEQ)
    if (_sides(part.this), _sides(part.expression)) == ({LEFT}, {RIGHT}):
        return EquiKey(part.this, part.expression, matches_null)
    if (_sides(part.this), _sides(part.expression)) == ({RIGHT}, {LEFT}):
        return EquiKey(part.expression, part.this, matches_null)
    return None


def _mark(node: StreamJoin, tree: Tree) -> EventTime | None:
    """The mark of an expression that is a column as such."""
    if not isinstance(tree, sqlglot().exp.Column):
        return None
    _, mark = _columns(_views(node, SIDES.index(tree.table)))[int(tree.name[1:])]
    return mark


# --- event times ----------------------------------------------------------------------------------------------------


def _bound_sides(node: StreamJoin, smaller: Tree, larger: Tree) -> Iterator[tuple[int, int]]:
    """(side, µs) when `smaller < larger` says that a time of this side is above the other's watermark plus so much.

    Each must be one time, of different sides, plus or minus intervals; the smaller one needs the watermark.
    """
    below, above = _time_plus(smaller), _time_plus(larger)
    if below and above and below[0].table != above[0].table and _mark(node, below[0]) is not None:
        yield SIDES.index(above[0].table), below[1] - above[1]


def _time_plus(tree: Tree) -> tuple[Tree, int] | None:
    """A column and the microseconds that are added to it, if that is what the expression is."""
    column = sqlglot().exp.Column
    times, added = [], 0
    for term, sign in _terms(tree, 1):
        length = _microseconds(term)
        if isinstance(term, column) and sign > 0:
            times.append(term)
        elif length is not None:
            added += sign * length
        else:
            return None
    return (times[0], added) if len(times) == 1 else None


def _terms(tree: Tree, sign: int) -> Iterator[tuple[Tree, int]]:
    """The summands of an expression, each with its sign."""
    exp = sqlglot().exp
    if isinstance(tree, exp.Paren):
        yield from _terms(tree.this, sign)
    elif isinstance(tree, exp.Neg):
        yield from _terms(tree.this, -sign)
    elif isinstance(tree, exp.Add | exp.Sub):
        yield from _terms(tree.this, sign)
        yield from _terms(tree.expression, -sign if isinstance(tree, exp.Sub) else sign)
    elif isinstance(tree, exp.Cast) and tree.to.this.name.startswith("TIMESTAMP"):
        yield from _terms(tree.this, sign)
    else:
        yield tree, sign


def _microseconds(tree: Tree) -> int | None:
    """How long an interval is; None for anything else, and for months, which have no length."""
    if not isinstance(tree, sqlglot().exp.Interval):
        return None
    try:
        [[value]] = evaluate(f"SELECT {tree.sql(dialect='duckdb')} AS c0", {}).columns[0:1]
    except SparkException:
        return None
    months, days, nanoseconds = value.as_py()
    return None if months else (days * 86_400_000_000 + nanoseconds // 1000)

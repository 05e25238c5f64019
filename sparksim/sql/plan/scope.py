"""The names that one SELECT may use: which column of which table an expression means (Spark: Analyzer's resolution).

DuckDB has checked the whole query by now, so what is not found here is a name of DuckDB's concern: of a lambda, of a
LATERAL VIEW. What is found is written with its table, so that equal expressions are equal trees.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sparksim.sql.libraries import sqlglot
from sparksim.sql.plan.nodes import EventTime, Tree, View

TIME_FUNCTIONS = ("event_window", "session_window", "window_time")
"""Functions that give the time of their first argument, and its mark."""


def column_of(table: str, name: str) -> Tree:
    """The column `name` of `table`, quoted."""
    exp = sqlglot().exp
    return exp.column(exp.to_identifier(name, quoted=True), table=exp.to_identifier(table, quoted=True))


def called(tree: Tree) -> str:
    """The name of the function that `tree` calls, if sqlglot does not know the function."""
    return str(tree.name).lower() if isinstance(tree, sqlglot().exp.Anonymous) else ""


def replaced(tree: Tree, change: Any) -> Tree:
    """A copy of a tree in which `change(node)` stands for each node, from the top; None leaves a node as it is."""
    changed: Tree | None = change(tree)
    if changed is not None:
        return changed
    copy = tree.copy()
    for key, value in tree.args.items():
        if isinstance(value, list):
            copy.set(key, [replaced(each, change) if hasattr(each, "args") else each for each in value])
        elif hasattr(value, "args"):
            copy.set(key, replaced(value, change))
    return copy


def conjuncts(condition: Tree) -> list[Tree]:
    """The conditions that AND joins."""
    condition = condition.unnest()
    if not isinstance(condition, sqlglot().exp.And):
        return [condition]
    return [each for part in (condition.this, condition.expression) for each in conjuncts(part)]


def enclosed(tree: Tree) -> Tree:
    """A copy of a tree that can be part of another: an operator gets parentheses."""
    exp = sqlglot().exp
    operators = exp.Binary | exp.Unary | exp.Between | exp.In
    stands_alone = not isinstance(tree, operators) or isinstance(tree, exp.Paren | exp.Dot | exp.Func)
    return tree.copy() if stands_alone else exp.Paren(this=tree.copy())


@dataclass(frozen=True)
class Scope:
    """`views` by the names of the tables, in their order; `using`: what columns joined by USING stand for."""

    views: Mapping[str, View]
    using: Mapping[str, Tree] = field(default_factory=dict)
    extra: tuple[tuple[str, Tree], ...] = ()
    """Columns of LATERAL VIEWs, which `*` has too."""

    def resolved(self, tree: Tree, aliases: Mapping[str, Tree] | None = None) -> Tree:
        """The tree with every column written with its table; `aliases` stand in for names no table has."""
        exp = sqlglot().exp

        def change(node: Tree) -> Tree | None:
            if isinstance(node, exp.Query):
                return node.copy()
            if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
                return None
            return self._column(node, aliases or {})

        return replaced(tree, change)

    def star(self, table: str | None = None) -> Iterator[tuple[str, Tree]]:
        """Name and expression of the columns that `*`, or `table.*`, stands for."""
        if table is None:
            yield from ((name, tree.copy()) for name, tree in self.using.items())
        for alias, view in self.views.items():
            if table is not None and table.lower() != alias.lower():
                continue
            for name in view.names:
                if table is not None or name.lower() not in map(str.lower, self.using):
                    yield name, column_of(alias, name)
        if table is None:
            yield from ((name, tree.copy()) for name, tree in self.extra)

    def mark(self, tree: Tree) -> EventTime | None:
        """The mark of what a resolved expression gives: of a column, and of a window over it."""
        exp = sqlglot().exp
        if isinstance(tree, exp.Alias | exp.Paren):
            return self.mark(tree.this)
        if called(tree) in TIME_FUNCTIONS:
            return self.mark(tree.expressions[0])
        at = self.position(tree)
        return None if at is None else at[0].plan.event_times[at[1]]

    def position(self, tree: Tree) -> tuple[View, int] | None:
        """Where a resolved column stands: its view, and its position in the view's node. None for anything else."""
        if not isinstance(tree, sqlglot().exp.Column) or tree.table not in self.views:
            return None
        view = self.views[tree.table]
        found = [at for at, name in zip(view.columns, view.names, strict=True) if name == tree.name]
        return (view, found[0]) if found else None

    def _column(self, node: Tree, aliases: Mapping[str, Tree]) -> Tree | None:
        """What a column's name means: `table.column.field`, `column.field` or an alias."""
        names = [part.name for part in node.parts]
        for alias, view in self.views.items():
            if len(names) > 1 and alias.lower() == names[0].lower():
                name = _same(names[1], view.names)
                if name is not None:
                    return _fields(column_of(alias, name), names[2:])
        using = _same(names[0], self.using)
        if using is not None:
            return _fields(self.using[using].copy(), names[1:])
        for alias, view in self.views.items():
            name = _same(names[0], view.names)
            if name is not None:
                return _fields(column_of(alias, name), names[1:])
        known = _same(names[0], aliases)
        return None if known is None else _fields(enclosed(aliases[known]), names[1:])


def _same(name: str, names: Any) -> str | None:
    """The one of `names` that is `name` but for capitals."""
    return next((each for each in names if each.lower() == name.lower()), None)


def _fields(tree: Tree, names: list[str]) -> Tree:
    exp = sqlglot().exp
    for name in names:
        tree = exp.Dot(this=tree, expression=exp.to_identifier(name, quoted=True))
    return tree

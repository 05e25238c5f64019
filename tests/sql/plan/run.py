"""Rows through single nodes of a plan, as the engine will evaluate them: DuckDB on chunks."""

from __future__ import annotations

from typing import Any

from sparksim.sql.chunks import Statement, Table, chunk_of, named, rows_of
from sparksim.sql.plan.nodes import Aggregate, From, Plan, Query, Scan


def rows_through(plan: Plan, rows: list[Any]) -> list[tuple[Any, ...]]:
    """What the query on top gives when the node below it gives `rows`, in order."""
    assert isinstance(plan, Query)
    select = plan.source.select.copy()
    select.set("expressions", [tree.copy() for tree in plan.columns])
    return _sorted(Statement(select, plan.schema).run(_tables(plan.source, rows)), plan.schema)


def groups_through(plan: Plan, rows: list[Any]) -> list[tuple[Any, ...]]:
    """What the aggregation on top gives of one batch with these rows, as one SELECT."""
    assert isinstance(plan, Aggregate)
    select = plan.source.select.copy()
    select.set("expressions", [tree.copy() for tree in plan.columns])
    select = select.group_by(*[key.copy() for key in plan.keys])
    return _sorted(Statement(select, plan.schema).run(_tables(plan.source, rows)), plan.schema)


def _tables(source: From, rows: list[Any]) -> dict[str, Table]:
    tables = {}
    for name, view in source.tables.items():
        given = rows if view.plan.is_streaming else [tuple(row) for row in _static(view.plan)]
        chunk = chunk_of(given, view.plan.schema).select([f"c{at}" for at in view.columns])
        tables[name] = named(chunk, view.names)
    return tables


def _static(plan: Any) -> list[Any]:
    assert not isinstance(plan, Scan)
    return [tuple(source) for source in plan.relation.sources["rows"]] if "rows" in plan.relation.sources else []


def _sorted(chunk: Table, schema: Any) -> list[tuple[Any, ...]]:
    return sorted((tuple(row) for row in rows_of(chunk, schema)), key=str)

"""Rows through single nodes of a plan, as the engine will evaluate them: DuckDB on chunks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sparksim.sql.chunks import Statement, chunk_of, named, rows_of
from sparksim.sql.plan.nodes import Aggregate, Plan, Query

Rows = Sequence[tuple[Any, ...]]


def rows_through(plan: Plan, rows: Rows, table: Rows = ()) -> list[tuple[Any, ...]]:
    """What the node on top gives when the one below it gives `rows`, and a static table `table`; sorted.

    An aggregation is one batch: what the rows alone give.
    """
    assert isinstance(plan, Query | Aggregate)
    select = plan.source.select.copy()
    select.set("expressions", [tree.copy() for tree in plan.columns])
    if isinstance(plan, Aggregate):
        select = select.group_by(*[key.copy() for key in plan.keys])
    chunks = {}
    for name, view in plan.source.tables.items():
        chunk = chunk_of(rows if view.plan.is_streaming else table, view.plan.schema)
        chunks[name] = named(chunk.select([f"c{at}" for at in view.columns]), view.names)
    answer = rows_of(Statement(select, plan.schema).run(chunks), plan.schema)
    return sorted((tuple(row) for row in answer), key=in_order)


def in_order(row: Sequence[Any]) -> list[str]:
    """A key to sort rows by, also those with NULL and with windows."""
    return [part for value in row for part in map(str, value if isinstance(value, tuple) else [value])]

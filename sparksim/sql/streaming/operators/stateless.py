"""The SELECTs without state, chunk by chunk (Spark: ProjectExec, FilterExec, GenerateExec, BroadcastHashJoinExec)."""

from __future__ import annotations

from collections.abc import Mapping

from sparksim.sql.chunks import Statement, Table
from sparksim.sql.plan.nodes import Query


class QueryStep:
    """A `Query`, apart from its plan, so that it can travel to tasks."""

    def __init__(self, node: Query) -> None:
        select = node.source.select.copy()
        select.set("expressions", [column.copy() for column in node.columns])
        self._statement = Statement(select, node.schema)

    def run(self, tables: Mapping[str, Table], now_ms: int) -> Table:
        """The result over the tables of its FROM, which have named columns. Raises `SparkException`."""
        return self._statement.run(tables, now_ms)

"""What the sinks of a run held, as plain data: on its way out of the sandbox, and made into tables again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sparksim.core.serializer import dumps
from sparksim.sim.run import Run
from sparksim.sim.sink_tables import INSERT, UNKNOWN, UPSERT, SinkTable, Write

Rows = list[tuple[Any, Any, int, float]]
"""Of each row its key and value, how often it was written, and when that was last."""

_MOST_WRITES = 10_000


def rows_of(run: Run) -> dict[str, Rows]:
    """The rows of every sink by its name."""
    return {
        name: [(row.key, row.value, row.writes, row.time_ms) for row in table.rows] for name, table in run.sinks.items()
    }


def sinks_of(told: Mapping[str, Rows]) -> dict[str, SinkTable]:
    """The tables that these rows were told of. Raises `ValueError` and the like for what nobody would tell."""
    tables = {}
    for name, rows in told.items():
        table = tables[name] = SinkTable(str(name))
        for key, value, writes, time_ms in rows:
            if not 1 <= writes <= _MOST_WRITES:
                raise ValueError(f"{writes} writes of one row")
            data = dumps(value)
            again = [Write(UPSERT, key, data, UNKNOWN)] * (writes - 1)
            table.commit([Write(INSERT, key, data, UNKNOWN), *again], [], float(time_ms))
    return tables

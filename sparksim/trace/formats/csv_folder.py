"""All tables of a trace as a folder of CSV files, for a spreadsheet or for another language."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sparksim.trace import epoch_tables, query_tables, state_tables, tables
from sparksim.trace.delivery import Delivery
from sparksim.trace.event import Event
from sparksim.trace.table import Table

OF_QUERIES = ("queries", "triggers", "input_rows", "late_rows", "state_changes", "result_rows", "watermarks")


def all_tables(trace: Iterable[Event]) -> dict[str, Table[Any]]:
    """Every table there is of a trace, by name; times are ms.

    `states`, `state_keys` and `windows` are about streams that look back in time; `queries` and those that follow about
    streaming queries. `delivery` counts what became of the records, `lost` has the lost ones as ranges, `records` one
    row for each record.
    """
    events = list(trace)
    delivery = Delivery(events)
    return {
        "batches": tables.batches(events),
        "jobs": tables.jobs(events),
        "stages": tables.stages(events),
        "tasks": tables.tasks(events),
        "blocks": tables.blocks(events),
        "executors": tables.executors(events),
        "receivers": tables.receivers(events),
        "states": state_tables.states(events),
        "state_keys": state_tables.state_keys(events),
        "windows": state_tables.windows(events),
        **{name: getattr(query_tables, name)(events) for name in OF_QUERIES},
        "epochs": epoch_tables.epochs(events),
        "written_rows": epoch_tables.written_rows(events),
        "delivery": delivery.summary,
        "lost": delivery.lost,
        "records": delivery.records,
    }


def write_tables(trace: Iterable[Event], folder: str | os.PathLike[str]) -> list[Path]:
    """Write each table as `<name>.csv` into the folder, which is made when it is not there. Gives the files."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in all_tables(trace).items():
        written.append(Path(folder) / f"{name}.csv")
        table.to_csv(written[-1])
    return written

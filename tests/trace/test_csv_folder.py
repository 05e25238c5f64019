"""Every table of a run as a CSV file, and as a pandas frame."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas
import pytest

from sparksim.trace import Trace
from sparksim.trace import events as e
from sparksim.trace.formats.csv_folder import all_tables, write_tables
from tests.trace.queries import windowed_count
from tests.trace.small import LOOKS_BACK, small_trace

CONTINUOUS = (
    e.QueryEpochStarted(1000, "run-2", 1),
    e.QueryRowWritten(1501, "run-2", 1, 0, 1500, ("a",)),
    e.QueryEpochCommitted(2100, "run-2", 1, ("7",), 1, 1, 1.0, 1.0),
)
TABLES = (
    *("batches", "jobs", "stages", "tasks", "blocks", "executors", "receivers"),
    *("states", "state_keys", "windows"),
    *("queries", "triggers", "input_rows", "late_rows", "state_changes", "result_rows", "watermarks"),
    *("epochs", "written_rows"),
    *("delivery", "lost", "records"),
)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_is_a_folder_of_tables(tmp_path: Path) -> None:
    written = write_tables(small_trace(), tmp_path / "new" / "tables")
    assert [path.name for path in written] == [f"{name}.csv" for name in TABLES]
    first, second = rows_of(tmp_path / "new" / "tables" / "batches.csv")
    assert (first["batch_time_ms"], first["records"], first["failed"]) == ("1000", "30", "False")
    assert (second["total_delay_ms"], second["failed"]) == ("111", "True")
    [lost] = rows_of(tmp_path / "new" / "tables" / "lost.csv")
    assert (lost["first"], lost["last"], lost["records"]) == ("30", "49", "20")


@pytest.mark.parametrize("name", TABLES)
def test_every_table_says_the_same_as_csv_and_in_pandas(name: str, tmp_path: Path) -> None:
    table = all_tables([*small_trace(), *LOOKS_BACK, *windowed_count().events, *CONTINUOUS])[name]
    table.to_csv(tmp_path / "table.csv")
    frame = table.to_pandas()
    assert list(frame.columns) == list(table.columns)
    assert len(frame) == len(table) == len(rows_of(tmp_path / "table.csv")) > 0
    assert list(pandas.read_csv(tmp_path / "table.csv").columns) == list(frame.columns)


def test_a_run_in_which_nothing_happened_has_tables_with_headers(tmp_path: Path) -> None:
    assert {len(rows_of(path)) for path in write_tables(Trace(), tmp_path)} == {0}

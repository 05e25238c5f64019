"""Connections to DuckDB, in memory: each with tables and random numbers of its own.

All of a process lead to one instance, which is made at the first: a new instance takes longer than most queries.
"""

from __future__ import annotations

import atexit
import threading
from typing import Any

from sparksim.sql.libraries import duckdb

SETTINGS = {
    "threads": 1,
    # A table is a view of the session and nothing else: no variable of the program, no file, no extension to download.
    "python_enable_replacements": False,
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_DIVISION_ERRORS = "error_on_division_by_zero"
_HAS_DIVISION_ERRORS = f"SELECT 1 FROM duckdb_settings() WHERE name = '{_DIVISION_ERRORS}'"
"""DuckDB 1 gives NULL, as Spark does; DuckDB 2 has to be told."""

_first: list[Any] = []
_lock = threading.Lock()


def new_connection() -> Any:
    """A connection that nobody else uses."""
    with _lock:
        if not _first:
            _first.append(duckdb().connect(config=SETTINGS))
        connection = _first[0].cursor()
    connection.execute("SELECT setseed(0)").fetchall()
    if connection.execute(_HAS_DIVISION_ERRORS).fetchall():
        connection.execute(f"SET {_DIVISION_ERRORS} = false")
    return connection


@atexit.register
def _close() -> None:
    while _first:
        _first.pop().close()

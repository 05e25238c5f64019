"""DuckDB evaluates queries, sqlglot translates Spark's SQL for it, Arrow holds rows: loaded at their first use."""

from __future__ import annotations

from importlib import import_module
from operator import attrgetter
from typing import Any

from sparksim.core.counted import ROWS
from sparksim.core.errors import SparkException

_ROWS_OF_TABLE = attrgetter("num_rows")


def duckdb() -> Any:
    """The module `duckdb`. Raises `SparkException` with the command that installs it when it is missing."""
    return _load("duckdb")


def sqlglot() -> Any:
    """The module `sqlglot`. Raises `SparkException` with the command that installs it when it is missing."""
    return _load("sqlglot")


def pyarrow() -> Any:
    """The module `pyarrow`. Raises `SparkException` with the command that installs it when it is missing."""
    module = _load("pyarrow")
    ROWS[module.Table] = _ROWS_OF_TABLE
    return module


def compute() -> Any:
    """The module `pyarrow.compute`: functions over whole columns. Raises like `pyarrow`."""
    return _load("pyarrow.compute")


def pyarrow_csv() -> Any:
    """The module `pyarrow.csv`. Raises like `pyarrow`."""
    return _load("pyarrow.csv")


def scopes() -> Any:
    """The module `sqlglot.optimizer.scope`: which table a name stands for. Raises like `sqlglot`."""
    return _load("sqlglot.optimizer.scope")


def _load(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise SparkException(
            f"Spark SQL runs on DuckDB, sqlglot and Arrow; {error.name} is not installed: pip install 'sparksim[sql]'"
        ) from error

"""Structured Streaming: a query that runs again and again on what is new (PySpark: pyspark.sql.streaming).

The names are loaded when they are asked for: most programs that import `sparksim.sql` have no streaming query.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sparksim.sql.streaming.listener import StreamingQueryListener
    from sparksim.sql.streaming.manager import StreamingQueryManager
    from sparksim.sql.streaming.query import StreamingQuery
    from sparksim.sql.streaming.reader import DataStreamReader
    from sparksim.sql.streaming.writer import DataStreamWriter

_HOMES = {
    "DataStreamReader": "reader",
    "DataStreamWriter": "writer",
    "StreamingQuery": "query",
    "StreamingQueryListener": "listener",
    "StreamingQueryManager": "manager",
}

__all__ = [
    "DataStreamReader",
    "DataStreamWriter",
    "StreamingQuery",
    "StreamingQueryListener",
    "StreamingQueryManager",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

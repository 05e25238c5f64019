"""The sink that hands every row to a program's own code, where the row is (PySpark: DataStreamWriter.foreach)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from sparksim.sql.chunks import rows_of
from sparksim.sql.streaming.sink import BatchRows
from sparksim.sql.types import StructType
from sparksim.sql.utils import PySparkAttributeError

Table = Any


class ForeachSink:
    """Calls `writer(row)`, or for each partition and batch of a writer with methods: `open(partition_id, batch_id)`,
    `process(row)` for every row if that was true, `close(error)` in any case.

    The writer travels to the tasks like every function. Raises `PySparkAttributeError` for a writer that is neither.
    """

    description = "ForeachWriterTable"

    def __init__(self, writer: Any) -> None:
        if not callable(writer):
            _check(writer)
        self._writer = writer

    def add_batch(self, batch_id: int, rows: BatchRows) -> None:
        """Let the tasks write. Raises `SparkJobError` when the writer raised too often."""
        rows.tables.mapPartitionsWithIndex(partial(_write, self._writer, batch_id, rows.schema)).collect()


def _check(writer: Any) -> None:
    for name in ("process", "open", "close"):
        method = getattr(writer, name, None)
        if not callable(method) and (name == "process" or method is not None):
            raise PySparkAttributeError(
                f"[ATTRIBUTE_NOT_CALLABLE] foreach({writer!r}): give a function of a row, or an object with a method "
                f"process(row) and, if need be, open(partition_id, batch_id) and close(error). Its {name} is {method!r}"
            )


def _write(writer: Any, batch_id: int, schema: StructType, index: int, chunks: Iterator[Table]) -> Iterable[None]:
    """One partition of a batch."""
    rows = (row for chunk in chunks for row in rows_of(chunk, schema))
    if callable(writer):
        for row in rows:
            writer(row)
        return ()
    error: Exception | None = None
    try:
        if not hasattr(writer, "open") or writer.open(index, batch_id):
            for row in rows:
                writer.process(row)
    except Exception as raised:
        error = raised
        raise
    finally:
        close: Callable[[Exception | None], None] | None = getattr(writer, "close", None)
        if close is not None:
            close(error)
    return ()

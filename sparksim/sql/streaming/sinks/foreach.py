"""The sink that hands every row to a program's own code, where the row is (PySpark: DataStreamWriter.foreach)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from sparksim.core.closure import Closure
from sparksim.sql.chunks import rows_of
from sparksim.sql.streaming.sink import BatchRows, EpochWriter, WriterFactory
from sparksim.sql.types import StructType
from sparksim.sql.utils import PySparkAttributeError

Table = Any


class ForeachSink:
    """Calls `writer(row)`, or for each partition and batch of a writer with methods: `open(partition_id, batch_id)`,
    `process(row)` for every row if that was true, `close(error)` in any case.

    The writer travels to the tasks like every function. Raises `PySparkAttributeError` for a writer that is neither.
    """

    description = "ForeachWriterTable"
    shows_at_commit = False

    def __init__(self, writer: Any) -> None:
        if not callable(writer):
            _check(writer)
        self._writer = writer

    def add_batch(self, batch_id: int, rows: BatchRows) -> None:
        """Let the tasks write. Raises `SparkJobError` when the writer raised too often."""
        rows.tables.mapPartitionsWithIndex(partial(_write, self._writer, batch_id, rows.schema)).collect()

    def epoch_writers(self, schema: StructType) -> WriterFactory:
        """Each partition and epoch gets a copy of the writer of its own."""
        closure = Closure((self._writer,))

        def begin(partition: int, epoch: int) -> EpochWriter:
            [writer] = closure.load()
            return _RowWriter(writer, schema, partition, epoch)

        return begin

    def commit_epoch(self, epoch: int, schema: StructType, messages: Sequence[Any]) -> None:
        """The tasks have written."""


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


class _RowWriter:
    """One partition of an epoch, row by row."""

    def __init__(self, writer: Any, schema: StructType, partition: int, epoch: int) -> None:
        self._schema = schema
        self._process = writer if callable(writer) else writer.process
        self._closes: Callable[[Exception | None], None] | None = getattr(writer, "close", None)
        self._takes_rows = not hasattr(writer, "open") or bool(writer.open(partition, epoch))

    def write(self, chunk: Table) -> None:
        if self._takes_rows:
            for row in rows_of(chunk, self._schema):
                self._process(row)

    def commit(self) -> None:
        self._close(None)

    def abort(self, error: BaseException) -> None:
        self._close(error if isinstance(error, Exception) else None)

    def _close(self, error: Exception | None) -> None:
        """Once: also when that is what failed."""
        close, self._closes = self._closes, None
        if close is not None:
            close(error)

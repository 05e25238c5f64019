"""The sink that prints each batch as `DataFrame.show` would (Spark: ConsoleWriter)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from sparksim.core.errors import IllegalArgumentError
from sparksim.sql.cells import cell_text
from sparksim.sql.chunks import joined_chunks, rows_of
from sparksim.sql.streaming.sink import BatchRows, WriterFactory
from sparksim.sql.streaming.sinks.sending import SendingWriter
from sparksim.sql.table_text import table
from sparksim.sql.types import StructType

_RULE = "-" * 43
_CUT = 20
_BOOLEANS = {"true": True, "false": False}


class ConsoleSink:
    """Prints the first `numRows` rows, each value cut at 20 characters unless `truncate` is false.

    Both are texts, as options are. Raises `IllegalArgumentError` for other texts; a number of rows below 0 is 0.
    """

    shows_at_commit = True

    def __init__(self, numRows: str = "20", truncate: str = "true") -> None:
        try:
            self._limit = max(int(numRows), 0)
        except ValueError:
            raise IllegalArgumentError(f"numRows={numRows!r}: give a whole number of rows, such as 20") from None
        if truncate.lower() not in _BOOLEANS:
            raise IllegalArgumentError(f"truncate={truncate!r}: give true or false")
        self._cut = _CUT if _BOOLEANS[truncate.lower()] else 0

    @property
    def description(self) -> str:
        return f"ConsoleTable[numRows={self._limit}, truncate={str(self._cut > 0).lower()}]"

    def add_batch(self, batch_id: int, rows: BatchRows) -> None:
        """Print the batch, also one without rows."""
        self._print(batch_id, rows.schema, rows.tables.collect())

    def epoch_writers(self, schema: StructType) -> WriterFactory:
        """Rows go to the driver at the end of their epoch."""
        return SendingWriter

    def commit_epoch(self, epoch: int, schema: StructType, messages: Sequence[Any]) -> None:
        """Print the epoch like a batch."""
        self._print(epoch, schema, [chunk for chunks in messages for chunk in chunks])

    def _print(self, batch_id: int, schema: StructType, chunks: Sequence[Any]) -> None:
        chunk = joined_chunks(chunks, schema)
        shown = rows_of(chunk.slice(0, self._limit), schema)
        kinds = [field.dataType for field in schema]
        cells = [[cell_text(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in shown]
        more = chunk.num_rows > self._limit
        text = table(schema.names, cells, self._limit, self._cut, more, vertical=False)
        end = "" if more else "\n"  # Spark 4 ends a table that was cut short without an empty line
        sys.stdout.write(f"{_RULE}\nBatch: {batch_id}\n{_RULE}\n{text}{end}")
        sys.stdout.flush()

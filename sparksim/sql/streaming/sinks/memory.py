"""The sink that keeps a query's result on the driver, as a view named like the query (Spark: MemorySink)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sparksim.core.rdd import RDD
from sparksim.sql.chunks import rows_of
from sparksim.sql.convert import record_values
from sparksim.sql.row import Row
from sparksim.sql.streaming.sink import BatchRows, WriterFactory
from sparksim.sql.streaming.sinks.sending import SendingWriter
from sparksim.sql.types import StructType

if TYPE_CHECKING:
    from sparksim.core.task_context import TaskContext
    from sparksim.sql.session import SparkSession

Table = Any


class MemorySink:
    """Rows for a session's view `name`: append and update add a batch's rows, complete puts them in place of all.

    A batch that was written before is left out, so nothing comes twice. Raises `AnalysisException` for a name that is
    none.
    """

    description = "MemorySink"
    shows_at_commit = True

    def __init__(self, session: SparkSession, name: str, schema: StructType, mode: str) -> None:
        self._schema = schema
        self._replaces = mode == "complete"
        self._chunks: list[Table] = []
        self._last = -1
        view = session._engine.source(_KeptRDD(session, self._chunks, schema), schema)
        session._views.put(name, view, replace=True)

    def add_batch(self, batch_id: int, rows: BatchRows) -> None:
        """Keep the rows."""
        if batch_id > self._last:
            self._keep(batch_id, rows.tables.collect())

    def epoch_writers(self, schema: StructType) -> WriterFactory:
        """Rows go to the driver at the end of their epoch."""
        return SendingWriter

    def commit_epoch(self, epoch: int, schema: StructType, messages: Sequence[Any]) -> None:
        """Keep the rows."""
        self._keep(epoch, [chunk for chunks in messages for chunk in chunks])

    def _keep(self, batch_id: int, chunks: Sequence[Table]) -> None:
        if self._replaces:
            self._chunks.clear()
        self._chunks.extend(chunks)
        self._last = batch_id

    @property
    def rows(self) -> list[Row]:
        """All that is kept."""
        return [row for chunk in self._chunks for row in rows_of(chunk, self._schema)]


class _KeptRDD(RDD[Any]):
    """What the sink has at the moment when a query over its view runs."""

    def __init__(self, session: SparkSession, chunks: list[Table], schema: StructType) -> None:
        super().__init__(session.sparkContext)
        self._chunks = chunks
        self._schema = schema

    def getNumPartitions(self) -> int:
        return 1

    def compute(self, index: int, task: TaskContext) -> Iterator[Any]:
        records = [record_values(row, self._schema) for chunk in self._chunks for row in rows_of(chunk, self._schema)]
        return task.services.meter(records, "input")

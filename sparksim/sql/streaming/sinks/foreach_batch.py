"""The sink that hands each batch to a program as a DataFrame (PySpark: DataStreamWriter.foreachBatch)."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

from sparksim.core.errors import SparkException
from sparksim.sql.chunks import rows_of
from sparksim.sql.convert import record_values
from sparksim.sql.frame import DataFrame
from sparksim.sql.streaming.sink import BatchRows
from sparksim.sql.types import StructType
from sparksim.sql.utils import PySparkTypeError

Table = Any


class ForeachBatchError(SparkException):
    """What the program's function raised, as Spark words it."""


class ForeachBatchSink:
    """Calls `function(frame, batch_id)` on the driver. Raises `PySparkTypeError` for what cannot be called."""

    description = "ForeachBatchSink"

    def __init__(self, function: Callable[[DataFrame, int], Any]) -> None:
        if not callable(function):
            raise PySparkTypeError(
                f"[NOT_CALLABLE] foreachBatch({function!r}): give a function of a DataFrame and the batch's id"
            )
        self._function = function

    def add_batch(self, batch_id: int, rows: BatchRows) -> None:
        """Call it. Raises `ForeachBatchError` with the traceback when it raised."""
        try:
            self._function(batch_frame(rows), batch_id)
        except Exception as error:
            text = "".join(traceback.format_exception(error)).rstrip()
            raise ForeachBatchError(
                "[FOREACH_BATCH_USER_FUNCTION_ERROR] the function given to foreachBatch raised in batch "
                f"{batch_id}. Reason: {text}"
            ) from error


def batch_frame(rows: BatchRows) -> DataFrame:
    """The batch as an ordinary DataFrame. Every action runs the batch's job again; `cache()` keeps its rows."""
    records = rows.tables.mapPartitions(partial(_records, rows.schema))
    return DataFrame(rows.session, rows.session._engine.source(records, rows.schema))


def _records(schema: StructType, chunks: Any) -> Any:
    return (record_values(row, schema) for chunk in chunks for row in rows_of(chunk, schema))

"""What the micro-batch engine asks of a sink (Spark: Sink.addBatch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sparksim.sql.types import StructType

if TYPE_CHECKING:
    from sparksim.core.rdd import RDD
    from sparksim.sql.session import SparkSession


@dataclass(frozen=True)
class BatchRows:
    """The result of one batch: `tables` is an RDD of Arrow tables with columns `c0`, `c1`, ... of `schema`'s types.

    Whoever reads `tables` twice runs the batch's job twice, as in Spark.
    """

    session: SparkSession
    schema: StructType
    tables: RDD[Any]


class StreamSink(Protocol):
    """Made when a query starts."""

    @property
    def description(self) -> str:
        """As progress reports name it, such as `ForeachBatchSink`."""

    def add_batch(self, batch_id: int, rows: BatchRows) -> None:
        """Write one batch, from the query's fiber. A batch that was written before comes again under the same id."""

"""What the engines ask of a sink (Spark: Sink.addBatch, StreamingWrite)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

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


class EpochWriter(Protocol):
    """Writes the rows of one partition and epoch, in a task (Spark: DataWriter)."""

    def write(self, chunk: Any) -> None:
        """Take these rows."""

    def commit(self) -> Any:
        """The epoch is over: every row is where it belongs, or in what this gives to the driver."""

    def abort(self, error: BaseException) -> None:
        """The task ends before the epoch does."""


WriterFactory = Callable[[int, int], EpochWriter]
"""(partition, epoch); made on the driver, called in tasks."""


@runtime_checkable
class ContinuousSink(StreamSink, Protocol):
    """A sink that can also be written record by record."""

    shows_at_commit: bool
    """Whether rows are seen only when their epoch is committed: tasks hand them to the driver."""

    def epoch_writers(self, schema: StructType) -> WriterFactory:
        """What makes the writers of a query whose result has this schema."""

    def commit_epoch(self, epoch: int, schema: StructType, messages: Sequence[Any]) -> None:
        """All partitions have ended the epoch; `messages` is what their writers gave. From the query's fiber.

        After a crash rows come again, under the id of another epoch.
        """

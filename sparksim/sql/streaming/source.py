"""What the micro-batch engine asks of a stream's source (Spark: MicroBatchStream, SupportsAdmissionControl)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sparksim.core.rdd import RDD
    from sparksim.sql.session import SparkSession

Offset = Any
"""A place in a stream, as a JSON value: a number, a dictionary. None: before everything."""


@dataclass(frozen=True)
class SourceContext:
    """What a source is made with. `metadata_path`: its own folder in the checkpoint, a path as fsspec takes it."""

    session: SparkSession
    metadata_path: str


class StreamSource(Protocol):
    """Made when a query starts. All calls come from the query's fiber, where blocking is allowed."""

    @property
    def description(self) -> str:
        """As progress reports name it, such as `MemoryStream[value#1]`."""

    def latest_offset(self, start: Offset) -> Offset:
        """The end of what the next batch may read after `start`, read limits applied; None while there is nothing.

        Equal to `start`: no new data. A source that has an empty first batch (socket, rate) gives its first offset.
        """

    def without_limits(self) -> None:
        """Ignore read limits from now on (Trigger.Once)."""

    def freeze(self) -> None:
        """Go no further than what is there now (Trigger.AvailableNow); limits stay."""

    def batch(self, start: Offset, end: Offset) -> RDD[Any]:
        """The rows after `start` up to `end`: an RDD of Arrow tables, columns `c0`, `c1`, ... of the schema's types.

        After a restart the same range gives the same rows, if the source is replayable.
        """

    def commit(self, end: Offset) -> None:
        """Everything up to `end` is done and may be forgotten."""

    def stop(self) -> None:
        """The query has ended."""

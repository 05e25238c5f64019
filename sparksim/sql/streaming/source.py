"""What the engines ask of a stream's source (Spark: MicroBatchStream, SupportsAdmissionControl, ContinuousStream)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

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


@dataclass(frozen=True)
class Arrived:
    """One record of a stream, as a chunk of one row, and the time in ms at which it was there to be read."""

    chunk: Any
    at_ms: float


class PartitionReader(Protocol):
    """Reads one partition of a stream, record by record, in one task (Spark: ContinuousPartitionReader)."""

    @property
    def offset(self) -> Offset:
        """The partition's share of an offset: the place behind the record that was given last."""

    def next(self, until_ms: float) -> Arrived | None:
        """The next record; None when none has come by `until_ms`. Waits on the task's fiber."""

    def close(self) -> None:
        """The task ends."""


class ContinuousSource(Protocol):
    """A stream that is read by tasks that run on (Spark: ContinuousStream). Calls come from the query's fiber."""

    @property
    def description(self) -> str:
        """As `StreamSource.description`."""

    def readers(self, start: Offset) -> Sequence[Callable[[], PartitionReader]]:
        """What reads each partition after `start`, made anew in each task. Fixes what the partitions are."""

    def merged(self, shares: Sequence[Offset]) -> Offset:
        """An offset of what the readers of all partitions, in order, say."""

    def has_other_partitions(self) -> bool:
        """Whether the stream has other partitions by now than are read (Spark: needsReconfiguration)."""

    def commit(self, end: Offset) -> None:
        """Everything up to `end` is done and may be forgotten."""

    def stop(self) -> None:
        """The query has ended."""


@runtime_checkable
class ReadsContinuously(Protocol):
    """A source of micro-batches that can be read continuously as well."""

    def continuous(self) -> ContinuousSource:
        """The same stream for continuous processing."""

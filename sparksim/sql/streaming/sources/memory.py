"""A stream whose rows the program adds itself, for tests and lessons (Spark: MemoryStream)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sparksim.core.errors import IllegalStateError
from sparksim.core.rdd import RDD
from sparksim.sql.chunks import chunk_of, joined_chunks
from sparksim.sql.frame import DataFrame
from sparksim.sql.plan.nodes import Scan
from sparksim.sql.streaming.source import Offset, SourceContext
from sparksim.sql.streaming.sources.options import columns
from sparksim.sql.types import StructType

if TYPE_CHECKING:
    from sparksim.sql.session import SparkSession

Table = Any


class MemoryStream:
    """Rows of `schema`, a `StructType` or a text such as "word string, ts timestamp".

    Every `addData` makes one offset; a batch takes all that were added since the last one. Several queries may read the
    same stream, each from its beginning. Raises `ParseException`, `PySparkTypeError` for a schema that is none.
    """

    driver_only = True

    def __init__(self, spark: SparkSession, schema: StructType | str) -> None:
        self._spark = spark
        self.schema = columns(schema)
        self._added: list[Table] = []

    def addData(self, *rows: Any) -> int:
        """Add rows, given as one list or one by one: tuples, lists, Rows or dictionaries. Gives their offset, from 0.

        In a stream of one column, values stand for rows. Raises `IllegalStateError` for rows of another width.
        """
        records = rows[0] if len(rows) == 1 and isinstance(rows[0], list) else rows
        self._added.append(chunk_of(self._as_rows(records), self.schema))
        return len(self._added) - 1

    def toDF(self) -> DataFrame:
        """The stream as a streaming DataFrame."""
        scan = Scan(self.schema, (None,) * len(self.schema), "memory", partial(MemorySource, self))
        return DataFrame(self._spark, self._spark._engine.stream(scan))

    def _as_rows(self, records: Iterable[Any]) -> Iterable[Any]:
        if len(self.schema) > 1:
            return records
        return (record if isinstance(record, list | tuple | dict) else (record,) for record in records)


class MemorySource:
    """One query's view of a `MemoryStream`. Offsets count the calls of `addData`, from 0."""

    def __init__(self, stream: MemoryStream, context: SourceContext) -> None:
        self._stream = stream
        self._spark = context.session
        self._frozen: int | None = None

    @property
    def description(self) -> str:
        return f"MemoryStream[{','.join(self._stream.schema.names)}]"

    def latest_offset(self, start: Offset) -> Offset:
        """The newest offset; None before the first rows."""
        end = len(self._stream._added) - 1 if self._frozen is None else self._frozen
        return start if end < 0 else end

    def without_limits(self) -> None:
        """There are none."""

    def freeze(self) -> None:
        """Take what was added so far and no more."""
        self._frozen = len(self._stream._added) - 1

    def batch(self, start: Offset, end: Offset) -> RDD[Any]:
        """One partition for each `addData`, at most as many as the cluster's default parallelism.

        Raises `IllegalStateError` for rows that this object never had: they do not survive the program.
        """
        first = 0 if start is None else start + 1
        if end >= len(self._stream._added):
            raise IllegalStateError(
                f"{self.description} has offsets up to {len(self._stream._added) - 1}, but {end} is asked for: what is "
                "added to a MemoryStream lives as long as the program. Delete the checkpoint, or add the rows again"
            )
        chunks = self._stream._added[first : end + 1]
        sc = self._spark.sparkContext
        parts = min(len(chunks), sc.defaultParallelism)
        cuts = [at * len(chunks) // parts for at in range(parts + 1)]
        schema = self._stream.schema
        return sc.parallelize([joined_chunks(chunks[a:b], schema) for a, b in pairwise(cuts)], parts)

    def commit(self, end: Offset) -> None:
        """Other queries may still want the rows."""

    def stop(self) -> None:
        """Nothing to give back."""

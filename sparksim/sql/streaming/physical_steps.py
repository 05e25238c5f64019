"""The steps that a plan becomes: each makes, for one batch, an RDD of chunks out of those of the steps below it.

Spark: the physical operators that IncrementalExecution plans. What a step knows for ever is in the step; what is new in
a batch is in a `Batch`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from sparksim.core.rdd import RDD
from sparksim.sql.chunks import Statement, chunk_of, empty_chunk, joined_chunks, named
from sparksim.sql.libraries import compute
from sparksim.sql.plan.nodes import Query, Scan, Static, View, Watermark
from sparksim.sql.streaming.metrics import EventTimes
from sparksim.sql.streaming.metrics_account import BatchAccount, RowsGiven, RowsRead, TimesSeen, Watched, shown_rows
from sparksim.sql.streaming.operators.contract import StatefulOperator, Times
from sparksim.sql.streaming.operators.keys import event_column, split_by_key
from sparksim.sql.streaming.operators.stateless import QueryStep
from sparksim.sql.streaming.source import Offset, StreamSource
from sparksim.sql.streaming.stateful_rdd import ChunksRDD, MovedRDD, StatefulRDD, Travelling
from sparksim.sql.types import StructType

if TYPE_CHECKING:
    from sparksim.core.task_context import TaskContext
    from sparksim.sql.session import SparkSession

Table = Any


@dataclass
class Batch:
    """What the steps are given for one batch. `maintains`: it is time to look after the files of states.

    `statics` has the tables that are no streams, once they were needed.
    """

    session: SparkSession
    batch_id: int
    batch_ms: int
    ranges: Mapping[Scan, tuple[Offset, Offset] | None]
    times: Mapping[int, Times]
    account: BatchAccount
    maintains: bool
    statics: dict[Static, Table] = field(default_factory=dict)

    def static(self, node: Static) -> Table:
        """The rows of a table as it reads now; evaluated once per batch, by a job of its own."""
        if node not in self.statics:
            self.statics[node] = chunk_of(self.session._engine.rows(node.relation), node.schema)
        return self.statics[node]


class PlanStep(Protocol):
    """One step."""

    def rdd(self, batch: Batch) -> RDD[Any]:
        """Its chunks in this batch. Called on the driver."""


@dataclass(frozen=True)
class Tables:
    """Which tables a SELECT reads: by name, a node (None for the stream) and the columns under their names."""

    views: Mapping[str, tuple[Static | None, tuple[int, ...], tuple[str, ...]]]

    @staticmethod
    def of(views: Mapping[str, View]) -> Tables:
        """The tables of a FROM."""
        return Tables(
            {
                name: (view.plan if isinstance(view.plan, Static) else None, view.columns, tuple(view.names))
                for name, view in views.items()
            }
        )

    @staticmethod
    def this(schema: StructType) -> Tables:
        """A node without FROM reads `this`, its columns by position."""
        return Tables({"this": (None, tuple(range(len(schema))), tuple(f"c{at}" for at in range(len(schema))))})

    def bound(self, batch: Batch) -> Callable[[Table], dict[str, Table]]:
        """Gives for a chunk of the stream all tables, with the static ones as they are in this batch."""
        still = {name: batch.static(node) for name, (node, _, _) in self.views.items() if node is not None}
        return lambda chunk: self.over(chunk, still)

    def over(self, chunk: Table, still: Mapping[str, Table]) -> dict[str, Table]:
        """All tables for a chunk of the stream; `still` has the static ones by name."""
        return {
            name: named((chunk if node is None else still[name]).select(columns), names)
            for name, (node, columns, names) in self.views.items()
        }

    def empty(self, chunk: Table) -> dict[str, Table]:
        """The same without rows."""
        return {
            name: named((chunk if node is None else empty_chunk(node.schema)).select(columns), names)
            for name, (node, columns, names) in self.views.items()
        }


class ReadStep:
    """A source: the rows of the batch's range, counted as they pass."""

    def __init__(self, node: Scan, number: int, source: StreamSource, event_time: int | None) -> None:
        self._node = node
        self._number = number
        self._source = source
        self._event_time = event_time

    def rdd(self, batch: Batch) -> RDD[Any]:
        extent = batch.ranges.get(self._node)
        if extent is None or extent[0] == extent[1]:
            return batch.session.sparkContext.emptyRDD()
        account, columns = batch.account, tuple(self._node.schema.names)

        def count_rows(chunks: Iterator[Table], index: int, task: TaskContext) -> Iterator[Table]:
            for number, chunk in _filled(chunks):
                shown = shown_rows(chunk, self._node.schema, account.sample)
                times = () if self._event_time is None else times_ms(chunk, self._event_time, account.sample)
                told = (chunk.num_rows, shown, self._event_time, times)
                account.add([RowsRead(self._number, index, number, columns, *told)])
                yield chunk

        return ChunksRDD(self._source.batch(*extent), count_rows)


class StaticStep:
    """A table that is no stream, read as if it were one."""

    def __init__(self, node: Static) -> None:
        self._node = node

    def rdd(self, batch: Batch) -> RDD[Any]:
        return batch.session.sparkContext.parallelize([batch.static(self._node)], 1)


class SelectStep:
    """A SELECT without state, chunk by chunk."""

    def __init__(self, node: Query, child: PlanStep) -> None:
        self._query = QueryStep(node)
        self._tables = Tables.of(node.source.tables)
        self._child = child

    def rdd(self, batch: Batch) -> RDD[Any]:
        query, tables, now_ms = self._query, self._tables.bound(batch), batch.batch_ms

        def select(chunks: Iterator[Table], index: int, task: TaskContext) -> Iterator[Table]:
            return (query.run(tables(chunk), now_ms) for _, chunk in _filled(chunks))

        return ChunksRDD(self._child.rdd(batch), select)


class UnionStep:
    """The chunks of all, one after the other."""

    def __init__(self, children: Sequence[PlanStep]) -> None:
        self._children = children

    def rdd(self, batch: Batch) -> RDD[Any]:
        return batch.session.sparkContext.union([child.rdd(batch) for child in self._children])


class WatermarkStep:
    """Watches event times go by, late ones too (Spark: EventTimeWatermarkExec)."""

    def __init__(self, node: Watermark, child: PlanStep, shows_rows: bool) -> None:
        self._schema = node.schema
        self._shows_rows = shows_rows
        self._column = node.column
        self._number = node.number
        self._child = child

    def rdd(self, batch: Batch) -> RDD[Any]:
        account = batch.account

        def watch(chunks: Iterator[Table], index: int, task: TaskContext) -> Iterator[Table]:
            for number, chunk in _filled(chunks):
                seen = event_times(chunk, self._column)
                account.add([TimesSeen(self._number, index, number, seen, self._watched(chunk, account.sample))])
                yield chunk

        return ChunksRDD(self._child.rdd(batch), watch)

    def _watched(self, chunk: Table, limit: int) -> Watched | None:
        if not self._shows_rows:
            return None
        shown, times = shown_rows(chunk, self._schema, limit), times_ms(chunk, self._column, limit)
        return Watched(tuple(self._schema.names), shown, self._column, times)


class StatefulStep:
    """An operator with states: prepared where the rows are, moved by key, processed beside the states."""

    def __init__(
        self,
        travelling: Travelling,
        operator: StatefulOperator,
        partitions: int,
        children: Sequence[PlanStep],
        tables: Sequence[Tables],
        schemas: Sequence[StructType],
    ) -> None:
        self._operator = travelling
        self._partitions = 1 if operator.is_single else partitions
        self._children = children
        self._tables = tables
        self._keys = [tuple(operator.partition_keys(side)) for side in range(len(children))]
        self._empty = [
            operator.prepare(side, each.empty(empty_chunk(schema)), 0).slice(0, 0)
            for side, (each, schema) in enumerate(zip(tables, schemas, strict=True))
        ]
        self._locations: dict[int, str] = {}

    def rdd(self, batch: Batch) -> RDD[Any]:
        inputs = [MovedRDD(self._prepared(side, batch), self._partitions) for side in range(len(self._children))]
        times = batch.times[self._operator.number]
        batch.account.follow(self._operator.number, self._locations)
        return StatefulRDD(
            inputs,
            self._empty,
            self._operator,
            batch.batch_id,
            times,
            batch.account,
            self._locations,
            batch.maintains,
        )

    def _prepared(self, side: int, batch: Batch) -> RDD[Any]:
        tables, now_ms = self._tables[side].bound(batch), batch.batch_ms
        keys, partitions = self._keys[side], self._partitions

        def prepare(chunks: Iterator[Table], index: int, task: TaskContext) -> Iterator[tuple[int, Table]]:
            operator = self._operator.load(task)
            for _, chunk in _filled(chunks):
                ready = operator.prepare(side, tables(chunk), now_ms)
                parts = [ready] if partitions == 1 else split_by_key(ready, keys, partitions)
                yield from ((at, part) for at, part in enumerate(parts) if part.num_rows)

        return ChunksRDD(self._children[side].rdd(batch), prepare)


class GatherStep:
    """All rows in one partition, through a SELECT over `this`: ORDER BY and LIMIT of a complete result."""

    def __init__(self, child: PlanStep, schema: StructType, statement: Statement | None, limit: int | None) -> None:
        self._child = child
        self._schema = schema
        self._statement = statement
        self._limit = limit

    def rdd(self, batch: Batch) -> RDD[Any]:
        now_ms = batch.batch_ms

        def to_one(chunks: Iterator[Table], index: int, task: TaskContext) -> Iterator[tuple[int, Table]]:
            return ((0, chunk) for _, chunk in _filled(chunks))

        def whole(chunks: Iterator[Table], index: int, task: TaskContext) -> Iterator[Table]:
            chunk = joined_chunks(chunks, self._schema)
            if self._statement is not None:
                chunk = self._statement.run({"this": named(chunk, self._schema.names)}, now_ms)
            yield chunk if self._limit is None else chunk.slice(0, self._limit)

        return ChunksRDD(MovedRDD(ChunksRDD(self._child.rdd(batch), to_one), 1), whole)


class ResultStep:
    """The end of the plan: counts what the sink is given."""

    def __init__(self, child: PlanStep, schema: StructType) -> None:
        self._child = child
        self._schema = schema

    def rdd(self, batch: Batch) -> RDD[Any]:
        account, schema = batch.account, self._schema

        def give(chunks: Iterator[Table], index: int, task: TaskContext) -> Iterator[Table]:
            for number, chunk in _filled(chunks):
                account.add([RowsGiven(index, number, chunk.num_rows, shown_rows(chunk, schema, account.sample))])
                yield chunk

        return ChunksRDD(self._child.rdd(batch), give)


def event_times(chunk: Table, column: int) -> EventTimes:
    """What a watermark sees in a column: a window's end, or the time itself. A null time counts as 0."""
    if not chunk.num_rows:
        return EventTimes()
    pc = compute()
    seen = pc.fill_null(_whole_ms(chunk, column), 0)
    ends = pc.min_max(seen).as_py()
    return EventTimes(chunk.num_rows, ends["max"], ends["min"], pc.sum(seen).as_py())


def times_ms(chunk: Table, column: int, limit: int | None) -> tuple[int | None, ...]:
    """The event times of the first rows in whole milliseconds."""
    return tuple(_whole_ms(chunk.slice(0, limit), column).to_pylist())


def _whole_ms(chunk: Table, column: int) -> Any:
    """A column's event times in milliseconds, cut off towards the past."""
    pc, micros = compute(), event_column(chunk.column(column))
    towards_zero = pc.divide(micros, 1000)
    return pc.subtract(towards_zero, pc.less(micros, pc.multiply(towards_zero, 1000)).cast(towards_zero.type))


def _filled(chunks: Iterator[Table]) -> Iterator[tuple[int, Table]]:
    """The chunks that have rows, numbered."""
    numbers = count()
    return ((next(numbers), chunk) for chunk in chunks if chunk.num_rows)

"""DuckDB as Spark's SQL engine: analyses a query on empty tables, and evaluates it on the records of the cluster.

The records that a query reads come from ordinary jobs: an action collects the RDDs below it, so tasks and their times
are those of the cluster. The query itself runs here, on the driver, in no (virtual) time; Spark would run it as stages
of the cluster. One thread and a fixed seed make DuckDB's answers, and the order of its groups, the same in every run.
"""

from __future__ import annotations

import atexit
import datetime
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any, cast
from weakref import WeakSet

from sparksim.core.context import SparkContext
from sparksim.core.errors import SparkException
from sparksim.core.rdd import RDD
from sparksim.sql.connections import new_connection
from sparksim.sql.convert import row_maker
from sparksim.sql.duck_types import duckdb_type, quoted, spark_type
from sparksim.sql.libraries import duckdb, sqlglot
from sparksim.sql.plan.event_time import watermarked
from sparksim.sql.plan.nodes import Plan, Scan
from sparksim.sql.plan.select import Planner
from sparksim.sql.relation import Binding, Lookup, Relation, Source
from sparksim.sql.row import Row
from sparksim.sql.translation import in_duckdb
from sparksim.sql.types import StructField, StructType
from sparksim.sql.utils import AnalysisException

_NOT_AT_ONCE = "a stream has no rows to give at once: its query must be executed with writeStream.start()"
_BINDER_SAYS = (
    ("not found in FROM clause", "UNRESOLVED_COLUMN.WITH_SUGGESTION"),
    ("does not have a column named", "UNRESOLVED_COLUMN.WITH_SUGGESTION"),
    ("Ambiguous reference", "AMBIGUOUS_REFERENCE"),
    ("Function with name", "UNRESOLVED_ROUTINE"),
    ("cannot be referenced before it is defined", "UNRESOLVED_COLUMN.WITH_SUGGESTION"),
    ("Referenced table", "UNRESOLVED_COLUMN.WITH_SUGGESTION"),
    ("aliases cannot be used as part of", "UNRESOLVED_COLUMN.WITH_SUGGESTION"),
    ("GROUP BY clause", "MISSING_GROUP_BY"),
    ("No function matches", "DATATYPE_MISMATCH"),
    ("Could not choose a best candidate function", "DATATYPE_MISMATCH"),
    ("Cannot compare values", "DATATYPE_MISMATCH"),
    ("calls cannot be nested", "NESTED_AGGREGATE_FUNCTION"),
)


class Engine:
    """One connection to DuckDB, in memory, made at the first query."""

    def __init__(self, sc: SparkContext) -> None:
        self._sc = sc
        self._numbers = count(1)
        self._watermarks = count(1)
        self._connection: Any = None
        # Jobs of a live context may run queries at once; nothing in here waits, so simulated fibers never block on it.
        self._lock = threading.RLock()
        _ENGINES.add(self)

    def source(self, rdd: RDD[tuple[Any, ...]], schema: StructType) -> Relation:
        """All records of an RDD of tuples that `convert.record_values` made for this schema."""
        number = next(self._numbers)
        name = f"source_{number}"
        query = sqlglot().exp.select("*").from_(name)
        return Relation(query, {name: Source(rdd, schema)}, schema, frozenset([number]))

    def query(self, text: str, lookup: Lookup) -> Relation:
        """Understand a query whose tables `lookup` finds. Raises `ParseException`, `AnalysisException`."""
        binding = Binding(text, lookup)
        named = binding.named()
        if not binding.is_streaming:
            return self._bound(binding)
        query = named.copy()
        whole = self._bound(binding)
        plan = Planner(self, lookup).relation(query).plan
        return replace(self._stream(replace(cast(Any, plan), schema=whole.schema)), ids=whole.ids)

    def analysed(self, tree: Any, lookup: Lookup) -> Relation:
        """A part of a query that `query` understood, with other tables."""
        return self._bound(Binding("", lookup, tree))

    def stream(self, scan: Scan) -> Relation:
        """A stream that a query will read."""
        return self._stream(scan)

    def derived(self, plan: Plan, *made_from: Relation) -> Relation:
        """What a node gives, whose rows come from these relations."""
        relation = self._stream(plan)
        return replace(relation, ids=relation.ids.union(*(each.ids for each in made_from)))

    def watermarked(self, relation: Relation, column: int, delay_ms: int) -> Relation:
        """A stream whose column is the event time, with late events up to `delay_ms`."""
        number = next(self._watermarks)
        return self.derived(watermarked(cast(Plan, relation.plan), column, delay_ms, number), relation)

    def _stream(self, plan: Plan) -> Relation:
        number = next(self._numbers)
        name = f"stream_{number}"
        query = sqlglot().exp.select("*").from_(name)
        return Relation(query, {name: Source(None, plan.schema)}, plan.schema, frozenset([number]), plan)

    def _bound(self, binding: Binding) -> Relation:
        tree, sources = binding.bound(), binding.sources
        with self._lock, self._tables(sources, {}):
            columns = self._columns(tree, binding)
        return Relation(tree, sources, binding.schema(columns), binding.ids | {next(self._numbers)})

    def rows(self, relation: Relation) -> list[Row]:
        """Collect what the query reads, evaluate it, and give its rows.

        Raises `SparkException`, and `AnalysisException` for a stream.
        """
        rdds = self.read(relation)
        records = {name: rdd.collect() for name, rdd in zip(relation.sources, rdds, strict=True)}
        with self._lock, self._tables(relation.sources, records):
            answers, complaint = self._asked(lambda: self._duckdb.execute(self._text(relation.query)).fetchall())
        if complaint:
            raise SparkException(f"the query failed: {complaint}")
        return [row_maker(relation.schema)(answer) for answer in answers]

    def read(self, relation: Relation) -> list[RDD[tuple[Any, ...]]]:
        """The RDDs that a query reads. Raises `AnalysisException` for a stream."""
        if relation.plan is not None:
            raise AnalysisException(_NOT_AT_ONCE)
        return [source.rdd for source in relation.sources.values() if source.rdd is not None]

    def close(self) -> None:
        """Give the memory back."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    @property
    def _duckdb(self) -> Any:
        if self._connection is None:
            self._connection = new_connection()
        return self._connection

    def _text(self, tree: Any) -> str:
        now_ms = cast(Any, self._sc._backend).clock.now_ms
        now = datetime.datetime.fromtimestamp(now_ms / 1000, datetime.timezone.utc).replace(tzinfo=None)
        return in_duckdb(tree, now)

    def _columns(self, tree: Any, binding: Binding) -> StructType:
        def bind() -> list[tuple[str, Any]]:
            answer = self._duckdb.sql(self._text(tree))
            return list(zip(answer.columns, answer.types, strict=True))

        pairs, complaint = self._asked(bind)
        if complaint:
            raise _as_spark_says(complaint, binding)
        return StructType([StructField(name, spark_type(theirs)) for name, theirs in pairs])

    def _load(self, statement: str, columns: list[list[Any]]) -> None:
        _, complaint = self._asked(lambda: self._duckdb.execute(statement, columns).fetchall())
        if complaint:
            raise SparkException(f"records do not fit their schema: {complaint}")

    @staticmethod
    def _asked(ask: Callable[[], list[Any]]) -> tuple[list[Any], str]:
        """What DuckDB answers, or what it complains of.

        Its exception ends here: chained to ours, it would keep DuckDB's objects alive for as long as a failed batch is
        remembered.
        """
        try:
            return ask(), ""
        except duckdb().Error as error:
            return [], _first_line(error)

    @contextmanager
    def _tables(
        self, sources: Mapping[str, Source], records: Mapping[str, Sequence[tuple[Any, ...]]]
    ) -> Iterator[None]:
        """Let the tables be there for one statement; those without records are empty."""
        try:
            for name, source in sources.items():
                rows = records.get(name, ())
                columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in source.schema]
                selects = ", ".join(
                    f"unnest(?::{duckdb_type(field.dataType)}[]) AS {quoted(field.name)}" for field in source.schema
                )
                self._load(f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS SELECT {selects}", columns)
            yield
        finally:
            for name in sources:
                self._duckdb.execute(f"DROP TABLE IF EXISTS {quoted(name)}")


_ENGINES: WeakSet[Engine] = WeakSet()


@atexit.register
def _close_all() -> None:
    """DuckDB complains, on stderr, of connections that outlive the interpreter."""
    for engine in list(_ENGINES):
        engine.close()


def _first_line(error: Exception) -> str:
    """DuckDB's complaint without its picture of the query, which is not the text that the user wrote."""
    return str(error).split("\n\nLINE ")[0].strip()


def _as_spark_says(complaint: str, binding: Binding) -> AnalysisException:
    """Spark's error for what DuckDB's binder says; a column that is missing is looked for among those there are."""
    error_class = next((name for words, name in _BINDER_SAYS if words in complaint), None)
    text = complaint.partition(": ")[2] or complaint
    if error_class is None:
        return AnalysisException(text)
    if error_class.startswith("UNRESOLVED_COLUMN"):
        [missing, *_] = re.findall('"([^"]+)"', text)
        text = f"there is nothing called `{missing}`; there are {binding.described_tables}"
    elif error_class == "MISSING_GROUP_BY" and binding.is_grouped:
        error_class = "MISSING_AGGREGATION"
    return AnalysisException(f"[{error_class}] {text}")

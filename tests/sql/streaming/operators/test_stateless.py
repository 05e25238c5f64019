"""A SELECT without state over a chunk."""

from __future__ import annotations

import pickle

import pytest

from sparksim.core.errors import SparkException
from sparksim.sql import types as t
from sparksim.sql.chunks import chunk_of, named
from sparksim.sql.plan.nodes import From, Query, View
from sparksim.sql.streaming.operators.stateless import QueryStep
from tests.sql.streaming.operators.stories import EVENTS, chunk, rows_of, stream, tree


def step(columns: dict[str, t.DataType], select: str) -> QueryStep:
    source = stream()
    tables = {"this": View(source, tuple(range(len(EVENTS))))}
    schema = t.StructType([t.StructField(name, kind) for name, kind in columns.items()])
    query = Query(schema, (None,) * len(schema), From(tree(select), tables), tuple(map(tree, columns)))
    made: QueryStep = pickle.loads(pickle.dumps(QueryStep(query)))
    return made


def test_expressions_and_a_filter() -> None:
    found = step({"upper(k)": t.StringType(), "v + 1": t.IntegerType()}, "SELECT * FROM this WHERE v > 1")
    rows = [("10:00", "a", 1), ("10:00", "b", 2), ("10:00", "c", None)]
    assert rows_of(found.run({"this": chunk(rows)}, 0)) == [("B", 3)]


def test_a_row_for_each_item() -> None:
    found = step({"explode(split(k, ' '))": t.StringType()}, "SELECT * FROM this")
    assert rows_of(found.run({"this": chunk([("10:00", "a b", 1)])}, 0)) == [("a",), ("b",)]


def test_a_static_table_beside_the_stream() -> None:
    schema = t.StructType([t.StructField("k", t.StringType()), t.StructField("name", t.StringType())])
    names = named(chunk_of([("a", "Ada")], schema), schema.names)
    found = step(
        {"this.k": t.StringType(), "name": t.StringType()}, "SELECT * FROM this LEFT JOIN names ON this.k = names.k"
    )
    tables = {"this": chunk([("10:00", "a", 1), ("10:00", "b", 1)]), "names": names}
    assert sorted(rows_of(found.run(tables, 0))) == [("a", "Ada"), ("b", None)]


def test_the_present_is_the_time_of_the_batch() -> None:
    found = step({"current_timestamp()": t.TimestampType()}, "SELECT * FROM this")
    tables = {"this": chunk([("10:00", "a", 1)])}
    assert rows_of(found.run(tables, 60_000)) == [("00:01",)]
    assert rows_of(found.run(tables, 120_000)) == [("00:02",)]


def test_a_number_that_is_too_large_is_an_error() -> None:
    found = step({"v + 2147483647": t.IntegerType()}, "SELECT * FROM this")
    with pytest.raises(SparkException, match="the query failed"):
        found.run({"this": chunk([("10:00", "a", 1)])}, 0)

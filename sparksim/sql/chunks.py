"""Rows in columns: tables of Arrow, and DuckDB evaluating queries on them without copying.

Streaming queries move their rows in such chunks. A chunk's columns are called `c0`, `c1`, ...; their names are the
schema's. Timestamps are microseconds in UTC without a zone.
"""

from __future__ import annotations

import atexit
import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sparksim.core.errors import SparkException
from sparksim.sql import types as t
from sparksim.sql.connections import new_connection
from sparksim.sql.convert import record_values, row_maker
from sparksim.sql.duck_types import duckdb_type, spark_type
from sparksim.sql.libraries import duckdb, pyarrow
from sparksim.sql.row import Row
from sparksim.sql.translation import in_duckdb, tells_time
from sparksim.sql.types import StructType

Table = Any
"""A `pyarrow.Table`."""

_ATOMIC = {
    t.NullType: "null",
    t.StringType: "string",
    t.BinaryType: "binary",
    t.BooleanType: "bool_",
    t.DateType: "date32",
    t.ByteType: "int8",
    t.ShortType: "int16",
    t.IntegerType: "int32",
    t.LongType: "int64",
    t.FloatType: "float32",
    t.DoubleType: "float64",
}


class Statement:
    """A SELECT of Spark SQL, ready to run on chunks: its columns come out as those of `schema`.

    One that does not ask what time it is travels as DuckDB's text: a task does not translate it again.
    """

    def __init__(self, select: Any, schema: StructType) -> None:
        self._select = select
        self._schema = schema
        self._text: tuple[int | None, str] | None = None

    def run(self, tables: Mapping[str, Table], now_ms: int = 0) -> Table:
        """Evaluate it. `tables` by the names in its FROM, with named columns; `now_ms` is current_timestamp().

        Raises `SparkException` when DuckDB cannot, for example because a text is no number under strict rules.
        """
        return evaluate(self._written(now_ms), tables)

    def _written(self, now_ms: int) -> str:
        if self._text is None or self._text[0] not in (None, now_ms):
            self._text = now_ms if tells_time(self._select) else None, self._translated(now_ms)
        return self._text[1]

    def _translated(self, now_ms: int) -> str:
        now = datetime.datetime.fromtimestamp(now_ms / 1000, datetime.timezone.utc).replace(tzinfo=None)
        names = [f"c{at}" for at in range(len(self._schema))]
        casts = ", ".join(
            f"CAST({name} AS {duckdb_type(field.dataType)}) AS {name}"
            for name, field in zip(names, self._schema, strict=True)
        )
        return f"SELECT {casts} FROM ({in_duckdb(self._select, now)}) AS t({', '.join(names)})"

    def __getstate__(self) -> dict[str, Any]:
        self._written(0)
        assert self._text is not None
        return {**vars(self), "_select": None} if self._text[0] is None else vars(self)


def evaluate(text: str, tables: Mapping[str, Table]) -> Table:
    """What a query in DuckDB's own SQL gives on these tables, which it finds by name. Raises `SparkException`."""
    with _connection(tables) as connection:
        return connection.sql(text).to_arrow_table()


def column_types(select: Any, schemas: Mapping[str, StructType]) -> list[t.DataType]:
    """The types of a SELECT's columns, which reads tables of these schemas. Raises `SparkException`."""
    epoch = datetime.datetime(1970, 1, 1)
    tables = {name: named(empty_chunk(schema), schema.names) for name, schema in schemas.items()}
    with _connection(tables) as connection:
        return [spark_type(theirs) for theirs in connection.sql(in_duckdb(select, epoch)).types]


def arrow_type(data_type: t.DataType) -> Any:
    """Arrow's type for Spark's."""
    pa = pyarrow()
    if isinstance(data_type, t.StructType):
        return pa.struct([pa.field(field.name, arrow_type(field.dataType)) for field in data_type])
    if isinstance(data_type, t.ArrayType):
        return pa.list_(arrow_type(data_type.elementType))
    if isinstance(data_type, t.MapType):
        return pa.map_(arrow_type(data_type.keyType), arrow_type(data_type.valueType))
    if isinstance(data_type, t.DecimalType):
        return pa.decimal128(data_type.precision, data_type.scale)
    if isinstance(data_type, t.TimestampType | t.TimestampNTZType):
        return pa.timestamp("us")
    return getattr(pa, _ATOMIC[type(data_type)])()


def chunk_of(records: Iterable[Any], schema: StructType) -> Table:
    """A chunk of rows: tuples, lists, Rows or dictionaries. Raises `IllegalStateError` for rows of another width."""
    rows = [record_values(record, schema) for record in records]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    return chunk_of_columns(
        [
            [_in_arrow(value, field.dataType) for value in column] if _differs(field.dataType) else column
            for column, field in zip(columns, schema, strict=True)
        ],
        schema,
    )


def chunk_of_columns(columns: Sequence[Sequence[Any]], schema: StructType) -> Table:
    """A chunk of columns of plain values."""
    pa = pyarrow()
    arrays = [pa.array(list(column), arrow_type(field.dataType)) for column, field in zip(columns, schema, strict=True)]
    return pa.table(arrays, names=[f"c{at}" for at in range(len(arrays))])


def empty_chunk(schema: StructType) -> Table:
    """A chunk without rows."""
    return chunk_of_columns([[] for _ in schema], schema)


def joined_chunks(chunks: Iterable[Table], schema: StructType) -> Table:
    """Chunks of one schema one after the other, as one."""
    found = joined(chunks)
    return empty_chunk(schema) if found is None else found


def joined(chunks: Iterable[Table]) -> Table | None:
    """The same, None where there are no rows."""
    found = [chunk for chunk in chunks if chunk.num_rows]
    return pyarrow().concat_tables(found).combine_chunks() if found else None


def rows_of(chunk: Table, schema: StructType) -> list[Row]:
    """The rows as programs see them."""
    columns = [column.to_pylist() for column in chunk.columns]
    make = row_maker(schema)
    return [make(values) for values in zip(*columns, strict=True)]


def named(chunk: Table, names: Sequence[str]) -> Table:
    """A chunk's columns under these names."""
    return chunk.rename_columns(list(names))


def _differs(data_type: t.DataType) -> bool:
    """Whether `record_values` writes some value of the type for DuckDB otherwise than Arrow takes it."""
    if isinstance(data_type, t.StructType):
        return any(_differs(field.dataType) for field in data_type)
    if isinstance(data_type, t.ArrayType):
        return _differs(data_type.elementType)
    return isinstance(data_type, t.DoubleType | t.FloatType | t.MapType)


def _in_arrow(value: Any, data_type: t.DataType) -> Any:
    """A value of `record_values` for Arrow: NaN is a number and no text, a map is its pairs."""
    if value is None:
        return None
    if isinstance(data_type, t.StructType):
        return {field.name: _in_arrow(value[field.name], field.dataType) for field in data_type}
    if isinstance(data_type, t.ArrayType):
        return [_in_arrow(each, data_type.elementType) for each in value]
    if isinstance(data_type, t.MapType):
        keys = [_in_arrow(key, data_type.keyType) for key in value["key"]]
        return list(zip(keys, [_in_arrow(each, data_type.valueType) for each in value["value"]], strict=True))
    return float(value) if isinstance(data_type, t.DoubleType | t.FloatType) else value


_idle: list[Any] = []


@contextmanager
def _connection(tables: Mapping[str, Table]) -> Iterator[Any]:
    """A connection to DuckDB that nobody else uses meanwhile, and that finds these tables by name.

    It allows one query at a time; and a live task has a thread of its own, for which a new connection would take longer
    than the query.
    """
    try:
        connection = _idle.pop()
    except IndexError:
        connection = new_connection()
    try:
        for name, table in tables.items():
            connection.register(name, table)
        yield connection
    except duckdb().Error as error:
        raise SparkException(f"the query failed: {str(error).splitlines()[0]}") from None
    finally:
        for name in tables:
            connection.unregister(name)
        _idle.append(connection)


@atexit.register
def _close_all() -> None:
    while _idle:
        _idle.pop().close()

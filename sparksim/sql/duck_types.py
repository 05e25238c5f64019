"""Which DuckDB type stands for a type of Spark's, and back."""

from __future__ import annotations

from typing import Any

from sparksim.sql import types as t
from sparksim.sql.utils import AnalysisException

_TO_DUCKDB: dict[type[t.DataType], str] = {
    t.NullType: "INTEGER",
    t.StringType: "VARCHAR",
    t.BinaryType: "BLOB",
    t.BooleanType: "BOOLEAN",
    t.DateType: "DATE",
    t.TimestampType: "TIMESTAMP",
    t.TimestampNTZType: "TIMESTAMP",
    t.ByteType: "TINYINT",
    t.ShortType: "SMALLINT",
    t.IntegerType: "INTEGER",
    t.LongType: "BIGINT",
    t.FloatType: "FLOAT",
    t.DoubleType: "DOUBLE",
}
_FROM_DUCKDB: dict[str, type[t.DataType]] = {
    "null": t.NullType,
    "varchar": t.StringType,
    "blob": t.BinaryType,
    "boolean": t.BooleanType,
    "date": t.DateType,
    "timestamp": t.TimestampType,
    "tinyint": t.ByteType,
    "smallint": t.ShortType,
    "integer": t.IntegerType,
    "bigint": t.LongType,
    "hugeint": t.LongType,  # DuckDB's sum of whole numbers
    "utinyint": t.ShortType,
    "usmallint": t.IntegerType,
    "uinteger": t.LongType,
    "ubigint": t.LongType,
    "float": t.FloatType,
    "double": t.DoubleType,
}


def quoted(name: str) -> str:
    """The name as a DuckDB identifier."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def duckdb_type(data_type: t.DataType) -> str:
    """The type as DuckDB writes it."""
    if isinstance(data_type, t.DecimalType):
        return f"DECIMAL({data_type.precision}, {data_type.scale})"
    if isinstance(data_type, t.ArrayType):
        return f"{duckdb_type(data_type.elementType)}[]"
    if isinstance(data_type, t.MapType):
        return f"MAP({duckdb_type(data_type.keyType)}, {duckdb_type(data_type.valueType)})"
    if isinstance(data_type, t.StructType):
        parts = (f"{quoted(field.name)} {duckdb_type(field.dataType)}" for field in data_type)
        return f"STRUCT({', '.join(parts)})"
    return _TO_DUCKDB[type(data_type)]


def spark_type(theirs: Any) -> t.DataType:
    """The type that a `DuckDBPyType` stands for. Raises `AnalysisException` for one that Spark does not have."""
    if theirs.id in _FROM_DUCKDB:
        return _FROM_DUCKDB[theirs.id]()
    if theirs.id == "decimal":
        return t.DecimalType(*(part for _, part in theirs.children))
    if theirs.id in ("list", "array"):
        return t.ArrayType(spark_type(theirs.children[0][1]))
    if theirs.id == "map":
        (_, key), (_, value) = theirs.children
        return t.MapType(spark_type(key), spark_type(value))
    if theirs.id == "struct":
        return t.StructType([t.StructField(name, spark_type(part)) for name, part in theirs.children])
    raise AnalysisException(f"a column of DuckDB's type {theirs} has no type in Spark: cast it to another")

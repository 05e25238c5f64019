"""Values on their way: from a program's records to DuckDB, and from DuckDB's answers back to rows.

On the way in, a value that does not fit its column's type becomes NULL where Spark makes it NULL, namely when the type
was inferred from other records (Spark: EvaluatePython.makeFromJava).
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sparksim.core.errors import IllegalStateError
from sparksim.sql import types as t
from sparksim.sql.cells import cell_text
from sparksim.sql.row import Row, _named

Convert = Callable[[Any], Any]


def record_values(record: Any, schema: t.StructType) -> tuple[Any, ...]:
    """The record's values in the order of the schema, as DuckDB takes them.

    Values of Rows, tuples and lists go by position, of dicts and objects by name. Raises `IllegalStateError` when their
    number is not the schema's.
    """
    values = record_fields(record, schema)
    if len(values) != len(schema):
        raise IllegalStateError(
            f"Input row doesn't have expected number of values required by the schema. {len(schema)} fields are "
            f"required while {len(values)} values are provided: {record!r}"
        )
    return tuple(to_duckdb(value, field.dataType) for value, field in zip(values, schema, strict=True))


def record_fields(record: Any, schema: t.StructType) -> list[Any]:
    """The values of a record, in order."""
    if isinstance(record, tuple | list):
        return list(record)
    named = record if isinstance(record, dict) else getattr(record, "__dict__", {})
    return [named.get(name) for name in schema.names]


def to_duckdb(value: Any, data_type: t.DataType) -> Any:
    """One value; None when it does not fit the type."""
    if value is None or isinstance(data_type, t.NullType):
        return None
    if isinstance(data_type, t.StringType):
        return value if isinstance(value, str) else cell_text(value, _type_as_text(value))
    if isinstance(data_type, t.StructType):
        return dict(zip(data_type.names, record_values(value, data_type), strict=True))
    if isinstance(data_type, t.ArrayType):
        fits = isinstance(value, list | tuple)
        return [to_duckdb(each, data_type.elementType) for each in value] if fits else None
    if isinstance(data_type, t.MapType):
        if not isinstance(value, dict):
            return None
        keys = [to_duckdb(key, data_type.keyType) for key in value]
        return {"key": keys, "value": [to_duckdb(each, data_type.valueType) for each in value.values()]}
    return _atomic(value, data_type)


def _atomic(value: Any, data_type: t.DataType) -> Any:
    if isinstance(data_type, t.IntegralType):
        return _wrapped(value, data_type._bits) if type(value) is int else None
    if isinstance(data_type, t.BooleanType):
        return value if isinstance(value, bool) else None
    if isinstance(data_type, t.DecimalType):
        return value if isinstance(value, Decimal) else None
    if isinstance(data_type, t.FractionalType):
        if not isinstance(value, float):
            return None
        return "nan" if math.isnan(value) else value  # DuckDB 1 takes a NaN for NULL, but not the text
    if isinstance(data_type, t.DateType):
        if isinstance(value, datetime.datetime):
            return value.date()
        return value if isinstance(value, datetime.date) else None
    if isinstance(data_type, t.TimestampType | t.TimestampNTZType):
        if not isinstance(value, datetime.datetime):
            return None
        return value.astimezone(datetime.timezone.utc).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(data_type, t.BinaryType):
        return bytes(value) if isinstance(value, bytes | bytearray) else None
    raise TypeError(f"{data_type!r} is no type of a column")


def _wrapped(number: int, bits: int) -> int:
    """The number in two's complement, as the JVM keeps it."""
    return (number + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def _type_as_text(value: Any) -> t.DataType:
    """How a value that stands in a column of texts is written: as Java's toString does."""
    if isinstance(value, bool):
        return t.BooleanType()
    return t.DoubleType() if isinstance(value, float) else t.StringType()


def row_maker(schema: t.StructType) -> Callable[[tuple[Any, ...]], Row]:
    """Makes `Row`s of what DuckDB answers."""
    names, converts = schema.names, [_from_duckdb(field.dataType) for field in schema]
    return lambda values: _named(names, [convert(value) for convert, value in zip(converts, values, strict=True)])


def _from_duckdb(data_type: t.DataType) -> Convert:
    if isinstance(data_type, t.StructType):
        make = row_maker(data_type)
        return lambda value: None if value is None else make(tuple(value.values()))
    if isinstance(data_type, t.ArrayType):
        element = _from_duckdb(data_type.elementType)
        return lambda value: None if value is None else [element(each) for each in value]
    if isinstance(data_type, t.MapType):
        key, item = _from_duckdb(data_type.keyType), _from_duckdb(data_type.valueType)
        return lambda value: None if value is None else {key(k): item(v) for k, v in dict(value).items()}
    if isinstance(data_type, t.BinaryType):
        return lambda value: None if value is None else bytearray(value)
    if isinstance(data_type, t.LongType):
        return lambda value: None if value is None else _wrapped(value, 64)
    return lambda value: value

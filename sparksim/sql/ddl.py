"""Types written as text, as in `"word string, total bigint"`, read by sqlglot's parser; and sqlglot's types as ours."""

from __future__ import annotations

from typing import Any, cast

from sparksim.sql import types as t
from sparksim.sql.libraries import sqlglot
from sparksim.sql.utils import ParseException

_ATOMIC: dict[str, type[t.DataType]] = {
    "TINYINT": t.ByteType,
    "SMALLINT": t.ShortType,
    "INT": t.IntegerType,
    "BIGINT": t.LongType,
    "FLOAT": t.FloatType,
    "DOUBLE": t.DoubleType,
    "TEXT": t.StringType,
    "VARCHAR": t.StringType,
    "BINARY": t.BinaryType,
    "BOOLEAN": t.BooleanType,
    "DATE": t.DateType,
    "TIMESTAMP": t.TimestampType,
    "TIMESTAMPTZ": t.TimestampType,
    "TIMESTAMPLTZ": t.TimestampType,
    "TIMESTAMPNTZ": t.TimestampNTZType,
    "NULL": t.NullType,
}


def parse_type(text: str) -> t.DataType:
    """The type that a text such as "bigint" or "array<string>" names. Raises `ParseException`."""
    library = sqlglot()
    try:
        theirs = library.exp.DataType.build(text, dialect="spark")
        all_read = _words(theirs.sql(dialect="spark")) == _words(text)
    except (library.errors.SqlglotError, ValueError) as error:
        raise _unreadable(text) from error
    if not all_read:
        raise _unreadable(text)
    return _ours(theirs, text)


def parse_schema(text: str) -> t.DataType:
    """The columns of "word string, total bigint" or "word: string, ..."; or one type. Raises `ParseException`.

    As in PySpark, a text that names columns gives a `StructType`, and "bigint" alone a `LongType`.
    """
    try:
        return parse_type(f"struct<{text}>")
    except ParseException:
        return parse_type(text)


def _words(text: str) -> int:
    """How many words and signs a text has: fewer come back when the parser stopped before the end."""
    return sum(token.text != ":" for token in sqlglot().tokenize(text, read="spark"))


def _ours(theirs: Any, text: str) -> t.DataType:
    name = theirs.this.name
    parts = [part for part in theirs.expressions if part is not None]
    if name in _ATOMIC:
        return _ATOMIC[name]()
    if name == "DECIMAL":
        return t.DecimalType(*(int(part.this.name) for part in parts))
    if name in ("ARRAY", "LIST") and len(parts) == 1:
        return t.ArrayType(_ours(parts[0], text))
    if name == "MAP" and len(parts) == 2:
        return t.MapType(_ours(parts[0], text), _ours(parts[1], text))
    if name == "STRUCT" and parts and all(part.args.get("kind") for part in parts):
        return t.StructType([t.StructField(part.name, _ours(part.kind, text), _nullable(part)) for part in parts])
    raise _unreadable(text)


def _nullable(column: Any) -> bool:
    return all(type(constraint.kind).__name__ != "NotNullColumnConstraint" for constraint in column.constraints)


def _unreadable(text: str) -> ParseException:
    return ParseException(
        f"[PARSE_SYNTAX_ERROR] cannot read {text!r} as types: write names and SQL types, such as "
        "'word string, total bigint'"
    )


def struct_of(schema: t.StructType | str) -> t.StructType:
    """A schema as programs give it: as such, or as a text."""
    return cast(t.StructType, parse_schema(schema)) if isinstance(schema, str) else schema

"""Plain files: lines of JSON or of values separated by commas in which nothing is out of the ordinary.

DuckDB (JSON) and Arrow (CSV) read a hundred thousand rows in some fifty milliseconds, but know nothing of Spark's rules
for what does not fit. So they are asked first, and only for files where all values are of their columns' types; what
Spark may read in another way gives None, and is read by the rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from sparksim.sql import types as t
from sparksim.sql.chunks import Table, arrow_type, evaluate
from sparksim.sql.duck_types import duckdb_type
from sparksim.sql.libraries import compute, pyarrow, pyarrow_csv

_TYPES = (t.StringType, t.ByteType, t.ShortType, t.IntegerType, t.LongType, t.DoubleType, t.TimestampType)
_HARMLESS = frozenset(
    {
        "path",
        "maxfilespertrigger",
        "maxbytespertrigger",
        "latestfirst",
        "filenameonly",
        "maxfileage",
        "sep",
        "delimiter",
    }
)
"""Options that change nothing about how a file's content is read; the separator is handed over."""

_SHAPES = """
    SELECT DISTINCT CASE
        WHEN json_valid(line) AND len(json_keys(line)) = list_unique(json_keys(line))
        THEN CAST(json_structure(line) AS VARCHAR)
    END AS shape FROM lines
"""
"""The structures of the lines, NULL for one that names a key twice."""

_OBJECTS = "SELECT json_transform(line, '{}') AS object FROM lines"
_WHOLE = frozenset({"BIGINT", "UBIGINT", "NULL"})
_TEXT = frozenset({"VARCHAR", "NULL"})
_SHOWN_AS: dict[type[t.DataType], frozenset[str]] = {
    **dict.fromkeys((t.ByteType, t.ShortType, t.IntegerType, t.LongType), _WHOLE),
    t.DoubleType: _WHOLE | {"DOUBLE"},
    t.StringType: _TEXT,
    t.TimestampType: _TEXT,
}
"""How DuckDB calls the structure of values that fit a type."""

_IN_JSON: dict[type[t.DataType], str] = {t.TimestampType: "VARCHAR"}
_USUAL = r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?$"

_TRAILING_COMMA = re.compile(rb",\s*[]}]")
"""Which DuckDB forgives."""

_ODD_IN_CSV = (b'"', b"\\", b"'", b"\t", b"\r", b"\0", b", ", b" ,", b"\n ", b" \n")
"""Quotes, escapes, and spaces at the edge of a value: there the two differ."""


def may_be_plain(schema: t.StructType, options: Collection[str]) -> bool:
    """Whether a file of these columns, read with these options, is worth the attempt."""
    names = schema.names
    is_flat = all(isinstance(field.dataType, _TYPES) for field in schema)
    return is_flat and len(set(names)) == len(names) and _HARMLESS.issuperset(options)


def plain_json(data: bytes, schema: t.StructType) -> Table | None:
    """The rows of a file with one object of plain values in each line; None if it may be another file."""
    if not _is_utf_8(data) or _TRAILING_COMMA.search(data):
        return None
    texts = [line for line in data.decode("utf-8").split("\n") if line.strip()]
    if not texts:
        return None
    lines = pyarrow().table({"line": pyarrow().array(texts, pyarrow().string())})
    shapes = evaluate(_SHAPES, {"lines": lines}).column("shape").to_pylist()
    if not all(shape is not None and _fits(json.loads(shape), schema) for shape in shapes):
        return None
    wanted = {field.name: _IN_JSON.get(type(field.dataType)) or duckdb_type(field.dataType) for field in schema}
    found = evaluate(_OBJECTS.format(json.dumps(wanted).replace("'", "''")), {"lines": lines}).column("object")
    names = [f"c{at}" for at in range(len(schema))]
    return _with_times(pyarrow().table(found.combine_chunks().flatten(), names=names), schema)


def _fits(shape: Any, schema: t.StructType) -> bool:
    """Whether every column of a line with this structure is of its type, missing or null."""
    if not isinstance(shape, dict):
        return False
    shown = ((shape.get(field.name, "NULL"), field.dataType) for field in schema)
    return all(isinstance(kind, str) and kind in _SHOWN_AS[type(wanted)] for kind, wanted in shown)


def _with_times(chunk: Table, schema: t.StructType) -> Table | None:
    """Texts of times as times; None if one has another form than usual, for there are many."""
    columns = []
    for at, field in enumerate(schema):
        is_time = isinstance(field.dataType, t.TimestampType)
        if is_time and not compute().all(compute().match_substring_regex(chunk.column(at), _USUAL)).as_py():
            return None
        columns.append(
            f"CAST(c{at} AS {duckdb_type(field.dataType)})" if not is_time else f"TRY_CAST(c{at} AS TIMESTAMP)"
        )
    names = (f"{column} AS c{at}" for at, column in enumerate(columns))
    return evaluate(f"SELECT {', '.join(names)} FROM chunk", {"chunk": chunk})


def plain_csv(data: bytes, schema: t.StructType, sep: str) -> Table | None:
    """The rows of a file without header, quotes and escapes; None if it may be another file."""
    if not data.strip() or len(sep) != 1 or any(odd.replace(b",", sep.encode()) in data for odd in _ODD_IN_CSV):
        return None
    if data.startswith((b" ", b"\n")) or data.endswith(b" ") or b"\n\n" in data or not _is_utf_8(data):
        return None
    csv = pyarrow_csv()
    arrow = _arrow_schema(schema)
    reading = csv.ReadOptions(use_threads=False, column_names=schema.names)
    parsing = csv.ParseOptions(delimiter=sep, quote_char=False)
    converting = csv.ConvertOptions(
        column_types=arrow, null_values=[""], strings_can_be_null=True, true_values=[], false_values=[]
    )
    try:
        found = csv.read_csv(_opened(data), reading, parsing, converting)
    except (pyarrow().ArrowInvalid, pyarrow().ArrowNotImplementedError, pyarrow().ArrowKeyError):
        return None
    return _checked(found, schema)


def _checked(found: Table, schema: t.StructType) -> Table | None:
    """The chunk, unless Arrow has read a number that is none ("nan") or is too large for its type."""
    for field, column in zip(schema, found.columns, strict=True):
        if isinstance(field.dataType, t.DoubleType) and not compute().all(compute().is_finite(column)).as_py():
            return None
    return found.combine_chunks().rename_columns([f"c{at}" for at in range(len(schema))])


def _arrow_schema(schema: t.StructType) -> Any:
    return pyarrow().schema([(field.name, arrow_type(field.dataType)) for field in schema])


def _opened(data: bytes) -> Any:
    return pyarrow().BufferReader(data)


def _is_utf_8(data: bytes) -> bool:
    try:
        return data.isascii() or bool(data.decode("utf-8"))
    except UnicodeDecodeError:
        return False

"""JSON, one object per line (Spark: JsonFileFormat, JacksonParser).

Types are strict: "5" in quotes is no number, and a value of another type is NULL while the rest of its record stays. A
line that is no object is a row of NULLs; an empty one is nothing; a list gives a row for each of its objects.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sparksim.sql import types as t
from sparksim.sql.cells import cell_text
from sparksim.sql.chunks import Table
from sparksim.sql.formats import patterns, values
from sparksim.sql.formats.format import FileOptions
from sparksim.sql.formats.json_infer import columns_of, type_of
from sparksim.sql.formats.plain import may_be_plain, plain_json
from sparksim.sql.formats.records import CORRUPT, PERMISSIVE, Parsed, Records
from sparksim.sql.utils import AnalysisException

Convert = Callable[[Any], Any]

BLANK = " \t\r\n"
_EPOCH = dt.datetime(1970, 1, 1)
_QUOTED = re.compile(r"""("(?:\\.|[^"\\])*")|'((?:\\.|[^'\\])*)'""")


class Fraction(str):
    """A number that is no whole one, as it was written."""


_DECODER = json.JSONDecoder(parse_float=Fraction, parse_constant=Fraction)


class JsonFormat:
    """Options: `mode`, `columnNameOfCorruptRecord`, `multiLine`, `ignoreNullFields`, and those of `Times`."""

    name = "json"

    def __init__(self, options: FileOptions) -> None:
        suffix, self._pack = options.packing()
        self.extension = f".json{suffix}"
        self._options = options
        self._is_whole = options.flag("multiLine", False)
        self._with_nulls = not options.flag("ignoreNullFields", True)
        self._times = patterns.Times.of(options)

    def read(self, data: bytes, schema: t.StructType) -> Table:
        """Every record, malformed ones as `mode` says."""
        plain = plain_json(data, schema) if may_be_plain(schema, self._options.given) else None
        if plain is not None:
            return plain
        records = Records(self._options, schema)
        parser = _Parser(records.fields, self._times)
        for line in self._lines(data):
            records.add(*parser.parsed(line, records))
        return records.chunk()

    def write(self, chunks: Sequence[Table], schema: t.StructType) -> bytes:
        """A line for each row; a column that is NULL is left out, unless `ignoreNullFields` is false."""
        lines = [
            f"{self._object(dict(zip(schema.names, row, strict=True)), schema)}\n"
            for chunk in chunks
            for row in zip(*(column.to_pylist() for column in chunk.columns), strict=True)
        ]
        return self._pack("".join(lines).encode("utf-8"))

    def infer(self, contents: Sequence[bytes]) -> t.StructType:
        """The fields of all objects, by name; a text `_corrupt_record` if there is a line that is no object."""
        kinds: list[t.DataType] = []
        is_corrupt = False
        for line in (line for data in contents for line in self._lines(data)):
            try:
                kinds += [type_of(each, _is_fraction) for each in objects_of(line)]
            except ValueError:
                is_corrupt = True
        corrupt = self._options.text("columnNameOfCorruptRecord", CORRUPT)
        if is_corrupt and not kinds:
            raise AnalysisException(
                "[UNSUPPORTED_FEATURE.QUERY_ONLY_CORRUPT_RECORD_COLUMN] no line is a JSON object: give one object per "
                "line, or multiLine=True if the whole file is one value"
            )
        if is_corrupt and self._options.text("mode", PERMISSIVE).upper() == PERMISSIVE:
            kinds.append(t.StructType([t.StructField(corrupt, t.StringType())]))
        return columns_of(kinds)

    def check(self, schema: t.StructType) -> None:
        """Every type has a form in JSON."""

    def _lines(self, data: bytes) -> list[bytes]:
        found = [data] if self._is_whole else data.removeprefix(b"\xef\xbb\xbf").splitlines()
        return [line for line in found if line.strip()]

    def _object(self, row: Mapping[str, Any], schema: t.StructType) -> str:
        fields = (
            f"{_quoted(field.name)}:{self._text(row[field.name], field.dataType)}"
            for field in schema
            if self._with_nulls or row[field.name] is not None
        )
        return f"{{{','.join(fields)}}}"

    def _text(self, value: Any, data_type: t.DataType) -> str:
        if value is None:
            return "null"
        if isinstance(data_type, t.StructType):
            return self._object(value, data_type)
        if isinstance(data_type, t.ArrayType):
            return f"[{','.join(self._text(each, data_type.elementType) for each in value)}]"
        if isinstance(data_type, t.MapType):
            pairs = (
                f"{_quoted(str(key))}:{self._text(each, data_type.valueType)}" for key, each in dict(value).items()
            )
            return f"{{{','.join(pairs)}}}"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, float):
            text = cell_text(value, data_type)
            return text if math.isfinite(value) else _quoted(text)
        if isinstance(value, dt.date):
            return _quoted(self._times.text(value, data_type))
        if isinstance(value, bytes):
            return _quoted(base64.b64encode(value).decode("ascii"))
        return _quoted(value) if isinstance(value, str) else str(value)


def decoded(line: bytes) -> Any:
    """The first value of a line. Raises `ValueError` for a line that begins with none."""
    text = line.decode("utf-8").lstrip(BLANK)
    try:
        return _DECODER.raw_decode(text)[0]
    except ValueError:
        return _DECODER.raw_decode(_QUOTED.sub(_double_quoted, text))[0]


def objects_of(line: bytes) -> list[dict[str, Any]]:
    """The object of a line, or all of a list. Raises `ValueError` for a line with anything else."""
    value = decoded(line)
    objects = value if isinstance(value, list) else [value]
    for each in objects:
        _be(dict, each)
    return objects


def _double_quoted(found: re.Match[str]) -> str:
    """Spark also reads texts in single quotes."""
    if found[1] is not None:
        return found[1]
    inside = found[2].replace("\\'", "'").replace('"', '\\"')
    return f'"{inside}"'


class _Parser:
    """Makes rows of lines."""

    def __init__(self, fields: Sequence[t.StructField], times: patterns.Times) -> None:
        self._times = times
        self._row = self._struct_values(fields)
        self._fits = True

    def parsed(self, line: bytes, records: Records) -> tuple[str, Sequence[Parsed]]:
        """The text of a line, and its rows."""
        text = line.decode("utf-8", "replace").rstrip("\r")
        try:
            return text, list(map(self._values, objects_of(line)))
        except ValueError:
            return text, [records.nulls()]

    def _values(self, value: dict[str, Any]) -> Parsed:
        self._fits = True
        return self._row(value), self._fits

    def _struct_values(self, fields: Sequence[t.StructField]) -> Callable[[dict[str, Any]], list[Any]]:
        converts = [(field.name, self._converter(field.dataType)) for field in fields]

        def convert(value: dict[str, Any]) -> list[Any]:
            return [self._field(value.get(name), each) for name, each in converts]

        return convert

    def _field(self, value: Any, convert: Convert) -> Any:
        """A field of another type is NULL, and its neighbours stay."""
        try:
            return None if value is None else convert(value)
        except (ValueError, OverflowError):
            self._fits = False
            return None

    def _converter(self, data_type: t.DataType) -> Convert:
        """What makes a value of this type; it raises `ValueError` for what is none."""
        if isinstance(data_type, t.StructType):
            names, row = data_type.names, self._struct_values(list(data_type))
            return lambda value: dict(zip(names, row(_be(dict, value)), strict=True))
        if isinstance(data_type, t.ArrayType):
            element = _or_null(self._converter(data_type.elementType))
            return lambda value: list(map(element, _be(list, value)))
        if isinstance(data_type, t.MapType):
            item = _or_null(self._converter(data_type.valueType))
            return lambda value: [(key, item(each)) for key, each in _be(dict, value).items()]
        if isinstance(data_type, t.IntegralType):
            return partial(_whole, data_type._bits)
        if isinstance(data_type, t.DecimalType):
            convert = values.text_converter(data_type)
            return lambda value: convert(str(_be((int, str), value)))
        if isinstance(data_type, t.DateType | t.TimestampType | t.TimestampNTZType):
            counts = isinstance(data_type, t.TimestampType)
            return partial(_moment, self._times.converter(data_type), counts)
        return _ATOMIC[type(data_type)]


def _be(kind: Any, value: Any) -> Any:
    """The value, if it is one of this kind; True is no number, and a number no text."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(value)
    return value


def _or_null(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _whole(bits: int, value: Any) -> int:
    return values.in_range(bits, _be(int, value))


def _float(value: Any) -> float:
    number = _be((int, str), value)
    if isinstance(number, int):
        return float(number)
    return values.float_of(number) if isinstance(number, Fraction) else values.special_of(number)


def _moment(convert: Callable[[str], Any], counts: bool, value: Any) -> Any:
    """A text; where `counts`, also the whole number of seconds since 1970."""
    if counts and isinstance(value, int):
        return _EPOCH + dt.timedelta(seconds=_be(int, value))
    if isinstance(value, Fraction):
        raise ValueError(value)
    return convert(_be(str, value))


def _text(value: Any) -> str:
    """Any value is a text: the JSON that it is."""
    return str(value) if isinstance(value, str) else json_text(value)


def json_text(value: Any) -> str:
    """JSON without spaces; numbers as they were written."""
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, dict):
        return f"{{{','.join(f'{_quoted(key)}:{json_text(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{','.join(map(json_text, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _binary(value: Any) -> bytes:
    if isinstance(value, Fraction):
        raise ValueError(value)
    return base64.b64decode(_be(str, value), validate=True)


def _is_fraction(value: Any) -> bool:
    return isinstance(value, Fraction)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


_ATOMIC: dict[type[t.DataType], Convert] = {
    t.NullType: lambda value: None,
    t.StringType: _text,
    t.BinaryType: _binary,
    t.BooleanType: partial(_be, bool),
    t.FloatType: _float,
    t.DoubleType: _float,
}

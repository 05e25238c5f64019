r"""Values separated by commas, a record per line (Spark: CSVFileFormat, UnivocityParser).

As Spark's, quotes inside quotes are written `\"`; a value whose quotes are followed by more is taken as it stands. A
record that is too short is filled up with NULLs, what is too much is left out, empty lines are nothing.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from sparksim.core.errors import IllegalArgumentError, SparkException
from sparksim.core.files import decode
from sparksim.sql import types as t
from sparksim.sql.cells import cell_text
from sparksim.sql.chunks import Table
from sparksim.sql.formats import values
from sparksim.sql.formats.format import FileOptions
from sparksim.sql.formats.patterns import Times
from sparksim.sql.formats.plain import may_be_plain, plain_csv
from sparksim.sql.formats.records import Parsed, Records
from sparksim.sql.formats.text import unsupported

_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\\\": "\\"}
_SUFFIX = re.compile(r"(?<=[0-9.])[fFdD]$")
_NESTED = (t.ArrayType, t.MapType, t.StructType)
_MOST_DIGITS = 38
_WHOLE = re.compile(r"[+-]?[0-9]+")
_BOM = "\ufeff"

Cell = str | None
Convert = Callable[[str], Any]


class CsvFormat:
    """Options: `sep`, `quote`, `escape`, `header`, `nullValue`, `emptyValue`, `comment`, `multiLine`, `mode`,
    `inferSchema`, `enforceSchema`, `ignoreLeadingWhiteSpace`, `ignoreTrailingWhiteSpace`, `quoteAll`, and those of
    `Times`. Raises `IllegalArgumentError` for a quote or an escape of several characters.
    """

    name = "csv"

    def __init__(self, options: FileOptions) -> None:
        suffix, self._pack = options.packing()
        self.extension = f".csv{suffix}"
        self._options = options
        self._times = Times.of(options)
        sep = options.text("sep", options.text("delimiter", ","))
        self._sep = _ESCAPES.get(sep, sep)
        self._quote = _one(options, "quote", '"')
        self._escape = _one(options, "escape", "\\")
        self._has_header = options.flag("header", False)
        self._null = options.text("nullValue", "")
        self._empty = options.optional("emptyValue")
        self._comment = options.optional("comment")
        self._is_multi_line = options.flag("multiLine", False)
        self._enforces = options.flag("enforceSchema", True)
        self._infers = options.flag("inferSchema", False)
        self._quotes_all = options.flag("quoteAll", False)
        self._trims = tuple(options.optional(f"ignore{side}WhiteSpace") for side in ("Leading", "Trailing"))
        self._cells = _cell_pattern(self._sep, self._quote, self._escape)

    def read(self, data: bytes, schema: t.StructType) -> Table:
        """Every record, those that do not fit as `mode` says. Raises `SparkException` for a header of other names, if
        `enforceSchema` is false.
        """
        plain = plain_csv(data, schema, self._sep) if may_be_plain(schema, self._options.given) else None
        if plain is not None:
            return plain
        records = Records(self._options, schema)
        converts = [self._converter(field.dataType) for field in records.fields]
        found = self._records(data)
        if self._has_header:
            self._check_header(next(found, ("", []))[1], records.fields)
        for text, cells in found:
            records.add(text, [_converted(cells, converts)])
        return records.chunk()

    def write(self, chunks: Sequence[Table], schema: t.StructType) -> bytes:
        """A line for each row, after one with the names if there is a `header`."""
        lines = [self._sep.join(map(self._quoted, schema.names))] if self._has_header else []
        kinds = [field.dataType for field in schema]
        for chunk in chunks:
            for row in zip(*(column.to_pylist() for column in chunk.columns), strict=True):
                lines.append(self._sep.join(map(self._text, row, kinds)))
        return self._pack("".join(f"{line}\n" for line in lines).encode("utf-8"))

    def infer(self, contents: Sequence[bytes]) -> t.StructType:
        """As many columns as the first record, of texts; with `inferSchema` of the type that fits all their values."""
        rows = [[cells for _, cells in self._records(data)] for data in contents]
        first = next((cells for each in rows for cells in each[:1]), [])
        names = _names(first) if self._has_header else [f"_c{at}" for at in range(len(first))]
        records = [cells for each in rows for cells in each[self._has_header :]]
        columns = [[cells[at] if at < len(cells) else None for cells in records] for at in range(len(names))]
        kinds = [self._type_of(column) if self._infers else t.StringType() for column in columns]
        return t.StructType([t.StructField(*each) for each in zip(names, kinds, strict=True)])

    def check(self, schema: t.StructType) -> None:
        """Raise `AnalysisException` for arrays, maps and structs."""
        for field in schema:
            if isinstance(field.dataType, _NESTED):
                raise unsupported(self.name, field)

    # --- reading ----------------------------------------------------------------------------------------------------

    def _records(self, data: bytes) -> Iterator[tuple[str, list[Cell]]]:
        """The text and the cells of each record."""
        text = decode(data).removeprefix(_BOM)
        for line in [text] if self._is_multi_line else text.splitlines():
            at = 0
            while at < len(line):
                start, (at, cells) = at, self._record(line, at)
                record = line[start:at].rstrip("\r\n")
                if record.strip() and not (self._comment and record.startswith(self._comment)):
                    yield record, cells

    def _record(self, text: str, at: int) -> tuple[int, list[Cell]]:
        """Where the record that begins at `at` ends, and its cells."""
        if not self._is_multi_line and (not self._quote or self._quote not in text):
            return len(text), [self._value(cell, False) for cell in text.split(self._sep)]
        cells: list[Cell] = []
        while True:
            found = self._cells.match(text, at)
            assert found is not None, "every text begins with a cell"
            inside = found["quoted"] if found["quoted"] is not None else found["open"]
            cells.append(self._value(found["plain"] if inside is None else inside, inside is not None))
            at = found.end()
            if found["sep"] is None:
                return at, cells

    def _value(self, cell: str, is_quoted: bool) -> Cell:
        """What a cell holds, None for NULL."""
        if is_quoted:
            for sign in {self._quote, self._escape}:
                cell = cell.replace(f"{self._escape}{sign}", sign) if sign else cell
            return self._or_null(cell or self._empty or "")
        leading, trailing = (side == "true" for side in self._trims)
        cell = cell.lstrip() if leading else cell
        cell = cell.rstrip() if trailing else cell
        return self._or_null(cell) if cell else None

    def _or_null(self, cell: str) -> Cell:
        return None if cell == self._null else cell

    def _converter(self, data_type: t.DataType) -> Convert:
        if isinstance(data_type, t.DateType | t.TimestampType | t.TimestampNTZType):
            return self._times.converter(data_type)
        convert = values.text_converter(data_type)
        if isinstance(data_type, t.DecimalType):
            return lambda text: convert(text.replace(",", ""))
        if isinstance(data_type, t.FloatType | t.DoubleType):
            return _java_float
        return convert

    def _check_header(self, header: Sequence[Cell], fields: Sequence[t.StructField]) -> None:
        names = [field.name for field in fields]
        same = [name.lower() for name in names] == [(cell or "").lower() for cell in header]
        if not self._enforces and not same:
            raise SparkException(
                f"the CSV header {header} does not name the columns of the schema, {names}: give a schema with these "
                "names in this order, or enforceSchema=True to go by position"
            )

    def _type_of(self, column: Sequence[Cell]) -> t.DataType:
        """The type that fits all values: numbers, times, truths, or texts."""
        texts = [cell for cell in column if cell is not None]
        digits = max(map(len, texts), default=0)
        kinds = (
            (t.IntegerType(), partial(values.whole_of, 32)),
            (t.LongType(), partial(values.whole_of, 64)),
            (t.DecimalType(min(digits, _MOST_DIGITS), 0), partial(_long_whole, digits)),
            (t.DoubleType(), _java_float),
            (t.DateType(), values.day_of),
            (t.TimestampType(), self._times.converter(t.TimestampType())),
            (t.BooleanType(), values.truth_of),
        )
        return next((kind for kind, convert in kinds if texts and _fits(convert, texts)), t.StringType())

    # --- writing ----------------------------------------------------------------------------------------------------

    def _text(self, value: Any, data_type: t.DataType) -> str:
        if value is None:
            return self._null
        if isinstance(value, dt.date):
            return self._quoted(self._times.text(value, data_type))
        return self._quoted(value if isinstance(value, str) else cell_text(value, data_type))

    def _quoted(self, text: str) -> str:
        """A text as a cell: in quotes if it would be misread without."""
        leading, trailing = (side != "false" for side in self._trims)
        text = text.lstrip() if leading else text
        text = text.rstrip() if trailing else text
        if not text:
            return f"{self._quote}{self._quote}" if self._empty is None else self._empty
        if not (self._quotes_all or any(sign in text for sign in (self._sep, self._quote, "\n", "\r"))):
            return text
        inside = text
        for sign in dict.fromkeys((self._escape, self._quote)):
            inside = inside.replace(sign, f"{self._escape}{sign}")
        return f"{self._quote}{inside}{self._quote}"


def _one(options: FileOptions, name: str, default: str) -> str:
    text = options.text(name, default)
    if len(text) > 1:
        raise IllegalArgumentError(f"{name}={text!r}: csv takes one character, or an empty text for none")
    return text


def _cell_pattern(sep: str, quote: str, escape: str) -> re.Pattern[str]:
    """A cell and what ends it: in quotes, in quotes that the end of the record closes, or plain."""
    ends, q, e = re.escape(sep), re.escape(quote), re.escape(escape)
    plain = rf"(?P<plain>(?:(?!{ends})[^\r\n])*)"
    after = rf"(?:(?P<sep>{ends})|\r?\n|\r|\Z)"
    if not quote:
        return re.compile(rf"(?P<quoted>(?!))?(?P<open>(?!))?{plain}{after}")
    inside = rf"(?:{e}{q}|{e}{e}|[^{q}])*?" if escape else f"[^{q}]*"
    return re.compile(rf"(?:{q}(?P<quoted>{inside}){q}(?={ends}|[\r\n]|\Z)|{q}(?P<open>[^{q}]*)\Z|{plain}){after}")


def _converted(cells: Sequence[Cell], converts: Sequence[Convert]) -> Parsed:
    fits = len(cells) == len(converts)
    row: list[Any] = []
    for at, convert in enumerate(converts):
        cell = cells[at] if at < len(cells) else None
        try:
            row.append(None if cell is None else convert(cell))
        except (ValueError, OverflowError):
            row.append(None)
            fits = False
    return row, fits


def _java_float(text: str) -> float:
    """As Double.parseDouble: blanks around it and an f or d behind it do not matter."""
    return values.float_of(_SUFFIX.sub("", text.strip()))


def _long_whole(digits: int, text: str) -> Decimal:
    return values.decimal_of(_MOST_DIGITS, 0, text if digits <= _MOST_DIGITS and _WHOLE.fullmatch(text) else "")


def _fits(convert: Convert, texts: Sequence[str]) -> bool:
    try:
        return bool([convert(text) for text in texts])
    except (ValueError, OverflowError):
        return False


def _names(header: Sequence[Cell]) -> list[str]:
    """The names of a header: doubles get their positions, empty ones are `_c` and their position."""
    lower = [(cell or "").lower() for cell in header]
    return [
        f"_c{at}" if not cell else f"{cell}{at}" if lower.count(lower[at]) > 1 else cell
        for at, cell in enumerate(header)
    ]

"""Lines of text, each a row with the one column `value` (Spark: TextFileFormat)."""

from __future__ import annotations

from collections.abc import Sequence

from sparksim.core.files import decode
from sparksim.sql import types as t
from sparksim.sql.chunks import Table
from sparksim.sql.formats.format import FileOptions
from sparksim.sql.libraries import pyarrow
from sparksim.sql.utils import AnalysisException

VALUE = t.StructType([t.StructField("value", t.StringType())])
_BOM = b"\xef\xbb\xbf"


class TextFormat:
    """Options: `wholetext` (a file is one row), `lineSep` (what lines end with; any end of line unless given)."""

    name = "text"

    def __init__(self, options: FileOptions) -> None:
        suffix, self._pack = options.packing()
        self.extension = f".txt{suffix}"
        self._is_whole = options.flag("wholetext", False)
        self._separator = options.optional("lineSep")

    def read(self, data: bytes, schema: t.StructType) -> Table:
        """The lines. A schema without columns gives none of them."""
        lines = [decode(line) for line in self._lines(data)]
        return pyarrow().table([pyarrow().array(lines, "string")] * len(schema), names=["c0"][: len(schema)])

    def write(self, chunks: Sequence[Table], schema: t.StructType) -> bytes:
        """A line for each row; NULL is an empty one."""
        ending = self._separator or "\n"
        lines = (f"{text or ''}{ending}" for chunk in chunks for text in chunk.column(0).to_pylist())
        return self._pack("".join(lines).encode("utf-8"))

    def infer(self, contents: Sequence[bytes]) -> t.StructType:
        """The column `value`."""
        return VALUE

    def check(self, schema: t.StructType) -> None:
        """Raise `AnalysisException` unless there is one column, of texts, beside those of folders."""
        if len(schema) != 1:
            raise AnalysisException(
                f"Text data source supports only a single column, and you have {len(schema)} columns: "
                f"{', '.join(schema.names)}. Join them to one text, or use csv"
            )
        [field] = schema
        if not isinstance(field.dataType, t.StringType):
            raise unsupported(self.name, field)

    def _lines(self, data: bytes) -> list[bytes]:
        if self._is_whole:
            return [data]
        if self._separator is None:
            return data.removeprefix(_BOM).splitlines()
        return data.removesuffix(self._separator.encode()).split(self._separator.encode())


def unsupported(name: str, field: t.StructField) -> AnalysisException:
    """The error for a column that a format has no form for."""
    kind = field.dataType.simpleString().upper()
    return AnalysisException(
        f"[UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE] the {name} format has no form for the column `{field.name}` of the "
        f"type {kind}: cast it to a string, or use json or parquet"
    )

"""Parquet and ORC, which know their own columns: read and written by Arrow (Spark: ParquetFileFormat)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from sparksim.core.errors import SparkException
from sparksim.sql import types as t
from sparksim.sql.chunks import Table, arrow_type
from sparksim.sql.formats.format import FileOptions
from sparksim.sql.libraries import pyarrow
from sparksim.sql.utils import AnalysisException


class ColumnarFormat:
    """`name` is parquet or orc. Option: `compression`."""

    def __init__(self, options: FileOptions) -> None:
        self.name = options.format
        codec = options.text("compression", _DEFAULT[self.name]).lower()
        self._codec = "uncompressed" if codec in ("none", "uncompressed") else codec
        self.extension = f"{'' if self._codec == 'uncompressed' else f'.{_SUFFIX.get(codec, codec)}'}.{self.name}"

    def read(self, data: bytes, schema: t.StructType) -> Table:
        """The columns of the schema by name; one that the file lacks is NULL.

        Raises `SparkException` for a file of another format, or a column of a type that does not fit.
        """
        table = self._table(data)
        found = {name.lower(): at for at, name in enumerate(table.column_names)}
        columns = []
        for field in schema:
            kind, at = arrow_type(field.dataType), found.get(field.name.lower())
            if at is None:
                columns.append(pyarrow().nulls(table.num_rows, kind))
                continue
            try:
                columns.append(_without_zone(table.column(at)).cast(kind))
            except pyarrow().ArrowInvalid as error:
                raise _unfitting(self.name, field, table.column(at).type) from error
        return pyarrow().table(columns, names=[f"c{at}" for at in range(len(schema))])

    def write(self, chunks: Sequence[Table], schema: t.StructType) -> bytes:
        """A file with these columns."""
        table = pyarrow().concat_tables(chunks).rename_columns(schema.names)
        into = io.BytesIO()
        if self.name == "parquet":
            _module("pyarrow.parquet").write_table(table, into, compression=self._codec.replace("uncompressed", "none"))
        else:
            _module("pyarrow.orc").write_table(table, into, compression=self._codec)
        return into.getvalue()

    def infer(self, contents: Sequence[bytes]) -> t.StructType:
        """The columns of the first file. Raises `AnalysisException` when there is none."""
        if not contents:
            raise AnalysisException(
                f"[UNABLE_TO_INFER_SCHEMA] there is no {self.name} file whose columns could be taken: give a schema"
            )
        schema = self._table(contents[0]).schema
        return t.StructType([t.StructField(field.name, _spark_type(field.type)) for field in schema])

    def check(self, schema: t.StructType) -> None:
        """Every type has a form."""

    def _table(self, data: bytes) -> Table:
        source = io.BytesIO(data)
        try:
            if self.name == "parquet":
                return _module("pyarrow.parquet").read_table(source)
            return _module("pyarrow.orc").ORCFile(source).read()
        except (pyarrow().ArrowInvalid, OSError) as error:
            raise SparkException(f"the content of a file is no {self.name}: {str(error).splitlines()[0]}") from error


_DEFAULT = {"parquet": "snappy", "orc": "zstd"}
_SUFFIX = {"gzip": "gz"}


def _module(name: str) -> Any:
    return import_module(name)


def _without_zone(column: Any) -> Any:
    """Timestamps are UTC, whichever unit and zone a file has for them."""
    types = pyarrow().types
    if not types.is_timestamp(column.type):
        return column
    return column.cast(pyarrow().timestamp("us", column.type.tz), safe=False).cast(pyarrow().timestamp("us"))


def _unfitting(name: str, field: t.StructField, theirs: Any) -> SparkException:
    return SparkException(
        f"[FAILED_READ_FILE.{name.upper()}_COLUMN_DATA_TYPE_MISMATCH] the column `{field.name}` is "
        f"{field.dataType.simpleString()} in the schema and {theirs} in a file: give the type of the file"
    )


def _spark_type(theirs: Any) -> t.DataType:
    """Spark's type for Arrow's. Raises `AnalysisException` for one that Spark does not have."""
    types = pyarrow().types
    if types.is_dictionary(theirs):
        return _spark_type(theirs.value_type)
    if types.is_struct(theirs):
        return t.StructType([t.StructField(each.name, _spark_type(each.type)) for each in theirs])
    if types.is_list(theirs) or types.is_large_list(theirs):
        return t.ArrayType(_spark_type(theirs.value_type))
    if types.is_map(theirs):
        return t.MapType(_spark_type(theirs.key_type), _spark_type(theirs.item_type))
    if types.is_decimal(theirs):
        return t.DecimalType(theirs.precision, theirs.scale)
    if types.is_timestamp(theirs):
        return t.TimestampType()
    name = str(theirs).removeprefix("large_")
    if name not in _ATOMIC:
        raise AnalysisException(f"a column of Arrow's type {theirs} has no type in Spark: give a schema without it")
    return _ATOMIC[name]()


_ATOMIC: dict[str, type[t.DataType]] = {
    "string": t.StringType,
    "binary": t.BinaryType,
    "bool": t.BooleanType,
    "date32[day]": t.DateType,
    "int8": t.ByteType,
    "int16": t.ShortType,
    "int32": t.IntegerType,
    "int64": t.LongType,
    "uint8": t.ShortType,
    "uint16": t.IntegerType,
    "uint32": t.LongType,
    "float": t.FloatType,
    "double": t.DoubleType,
    "null": t.NullType,
}

"""The formats of files by name (Spark: DataSource.lookupDataSource)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sparksim.sql.formats.format import FileFormat, FileOptions

FORMATS = ("csv", "json", "orc", "parquet", "text")


def file_format(name: str, options: Mapping[str, str]) -> FileFormat:
    """A format with its options, by names in lower case. Raises `IllegalArgumentError` for options that do not fit."""
    return _MAKERS[name](FileOptions(name, options))


def _csv(options: FileOptions) -> FileFormat:
    from sparksim.sql.formats.csv import CsvFormat

    return CsvFormat(options)


def _json(options: FileOptions) -> FileFormat:
    from sparksim.sql.formats.json import JsonFormat

    return JsonFormat(options)


def _text(options: FileOptions) -> FileFormat:
    from sparksim.sql.formats.text import TextFormat

    return TextFormat(options)


def _columnar(options: FileOptions) -> FileFormat:
    from sparksim.sql.formats.columnar import ColumnarFormat

    return ColumnarFormat(options)


_MAKERS: dict[str, Callable[[FileOptions], FileFormat]] = {
    "csv": _csv,
    "json": _json,
    "orc": _columnar,
    "parquet": _columnar,
    "text": _text,
}

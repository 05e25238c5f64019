"""The formats of files by name (Spark: DataSource.lookupDataSource)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sparksim.sql.formats.format import FileFormat, FileOptions

FORMATS = ("csv", "json", "orc", "parquet", "text")


def file_format(name: str, options: Mapping[str, str]) -> FileFormat:
    """A format with its options, by names in lower case. Raises `IllegalArgumentError` for options that do not fit."""
    return _MAKERS[name](FileOptions(name, options))


def _json(options: FileOptions) -> FileFormat:
    from sparksim.sql.formats.json import JsonFormat

    return JsonFormat(options)


_MAKERS: dict[str, Callable[[FileOptions], FileFormat]] = {"json": _json}

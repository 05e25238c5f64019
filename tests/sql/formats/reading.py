"""Contents of files as the rows that a format makes of them."""

from __future__ import annotations

from typing import Any

from sparksim.sql.chunks import rows_of
from sparksim.sql.formats.format import FileFormat
from sparksim.sql.formats.registry import file_format
from sparksim.sql.streaming.sources.options import columns

Values = list[tuple[Any, ...]]


def form_of(name: str, options: dict[str, Any]) -> FileFormat:
    """A format; options as programs write them."""
    return file_format(name, {key.lower(): str(value) for key, value in options.items()})


def read(name: str, text: str | bytes, schema: str, **options: Any) -> Values:
    """The rows of a file with this content."""
    data = text.encode() if isinstance(text, str) else text
    found = columns(schema)
    return [tuple(row) for row in rows_of(form_of(name, options).read(data, found), found)]


def inferred(name: str, text: str, **options: Any) -> str:
    """The columns that a file has, as a text."""
    return form_of(name, options).infer([text.encode()]).simpleString()[len("struct<") : -1]

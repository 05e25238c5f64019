"""What becomes of records that do not fit the schema, in formats of text (Spark: FailureSafeParser, ParseMode)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sparksim.core.errors import SparkException
from sparksim.sql import types as t
from sparksim.sql.chunks import Table, chunk_of_columns
from sparksim.sql.formats.format import FileOptions

CORRUPT = "_corrupt_record"
"""spark.sql.columnNameOfCorruptRecord: a column of this name gets the text of records that do not fit."""

PERMISSIVE = "PERMISSIVE"

Values = list[Any]
Parsed = tuple[Values, bool]
"""The values of a record, and whether all of it fitted."""


class Records:
    """Collects parsed records under the option `mode`: PERMISSIVE, DROPMALFORMED or FAILFAST."""

    def __init__(self, options: FileOptions, schema: t.StructType) -> None:
        self._schema = schema
        self._mode = options.text("mode", PERMISSIVE).upper()
        corrupt = options.text("columnNameOfCorruptRecord", CORRUPT)
        self._corrupt = schema.names.index(corrupt) if corrupt in schema.names else None
        self.fields = [field for at, field in enumerate(schema) if at != self._corrupt]
        self._rows: list[Values] = []

    def add(self, text: str, parsed: Iterable[Parsed]) -> None:
        """The rows that a record gave; `text` is what stood in the file.

        Raises `SparkException` for one that does not fit under FAILFAST.
        """
        for values, fits in parsed:
            if not fits and self._mode == "FAILFAST":
                raise SparkException(
                    f"[MALFORMED_RECORD_IN_PARSING] a record does not fit the schema {self._schema.simpleString()}: "
                    f"{text[:200]}. The mode FAILFAST allows none; PERMISSIVE makes NULLs of it"
                )
            if fits or self._mode != "DROPMALFORMED":
                if self._corrupt is not None:
                    values.insert(self._corrupt, None if fits else text)
                self._rows.append(values)

    def nulls(self) -> Parsed:
        """What a record gives that cannot be read at all."""
        return [None] * len(self.fields), False

    def chunk(self) -> Table:
        """All rows."""
        columns = list(zip(*self._rows, strict=True)) if self._rows else [()] * len(self._schema)
        return chunk_of_columns(columns, self._schema)

"""What a program says of a source before it is loaded, and what a format makes of it (Spark: DataSource)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sparksim.core.conf import SparkConf, time_s
from sparksim.core.errors import IllegalArgumentError, UnsupportedOperation
from sparksim.sql import ddl
from sparksim.sql.streaming.source import SourceContext, StreamSource
from sparksim.sql.types import StructType
from sparksim.sql.utils import PySparkTypeError

if TYPE_CHECKING:
    from sparksim.sql.session import SparkSession

Format = tuple[StructType, Callable[[SourceContext], StreamSource]]
"""The schema of a source, and the function that makes it when a query starts."""


def columns(schema: StructType | str) -> StructType:
    """A schema as programs give it. Raises `ParseException` for a text that is none, `PySparkTypeError` for others."""
    found = ddl.parse_schema(schema) if isinstance(schema, str) else schema
    if not isinstance(found, StructType):
        raise PySparkTypeError(
            f"[NOT_EXPECTED_TYPE] schema={schema!r}: give a StructType or a text such as 'word string, ts timestamp'"
        )
    return found


@dataclass(frozen=True)
class SourceOptions:
    """All that was said. `options` has lower-case names, for case makes no difference; `path` is one of them."""

    session: SparkSession
    format: str
    options: Mapping[str, str]
    schema: StructType | None

    def get(self, name: str, default: str | None = None) -> str | None:
        """The text of an option, or the default."""
        return self.options.get(name.lower(), default)

    def whole(self, name: str, default: int, least: int) -> int:
        """An option as a whole number. Raises `IllegalArgumentError` for another text or a number below `least`."""
        text = self.get(name, str(default)) or ""
        if not re.fullmatch(r"[+-]?[0-9]+", text) or int(text) < least:
            raise IllegalArgumentError(f"{name}={text!r}: {self.format} needs a whole number, {least} or more")
        return int(text)

    def seconds(self, name: str, default: str) -> int:
        """An option as a duration in whole seconds. Raises `IllegalArgumentError` for another text, or below 0."""
        text = self.get(name, default) or default
        duration_s = time_s(SparkConf(loadDefaults=False).set(name, text), name, default)
        if duration_s < 0:
            raise IllegalArgumentError(f"{name}={text!r}: {self.format} needs a duration of 0 or more, such as 5s")
        return duration_s

    def refuse_schema(self) -> None:
        """The format has a schema of its own. Raises `UnsupportedOperation` when the program gave one."""
        if self.schema is not None:
            raise UnsupportedOperation(
                f"the source {self.format} does not support a user-specified schema: leave out schema(...)"
            )

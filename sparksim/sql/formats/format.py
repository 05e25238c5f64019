"""What is asked of a format of files (Spark: FileFormat), and its options as programs give them."""

from __future__ import annotations

import bz2
import gzip
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from sparksim.core.errors import IllegalArgumentError
from sparksim.sql.types import StructType

Table = Any

_PACKINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "none": ("", bytes),
    "uncompressed": ("", bytes),
    "gzip": (".gz", partial(gzip.compress, mtime=0)),
    "bzip2": (".bz2", bz2.compress),
    "deflate": (".deflate", zlib.compress),
}


class FileFormat(Protocol):
    """One format with its options. `name` is Spark's; `extension` is what the names of its files end with."""

    @property
    def name(self) -> str: ...

    @property
    def extension(self) -> str: ...

    def read(self, data: bytes, schema: StructType) -> Table:
        """The rows of a file's content as a chunk. What is no value of its column's type is NULL.

        Raises `SparkException` for content that is no file of this format.
        """

    def write(self, chunks: Sequence[Table], schema: StructType) -> bytes:
        """The content of a file with these rows."""

    def infer(self, contents: Sequence[bytes]) -> StructType:
        """The columns that these files have. Raises `AnalysisException` when they do not tell."""

    def check(self, schema: StructType) -> None:
        """Raise `AnalysisException` when columns of such types cannot be in a file of this format."""


@dataclass(frozen=True)
class FileOptions:
    """Options by name in lower case. `format` is named in messages."""

    format: str
    given: Mapping[str, str]

    def text(self, name: str, default: str) -> str:
        """An option as it was written."""
        return self.given.get(name.lower(), default)

    def optional(self, name: str) -> str | None:
        """The same, None when it was not given."""
        return self.given.get(name.lower())

    def flag(self, name: str, default: bool) -> bool:
        """An option that is true or false. Raises `IllegalArgumentError` for another text."""
        text = self.text(name, str(default)).lower()
        if text not in ("true", "false"):
            raise IllegalArgumentError(f'{name}={text!r}: {self.format} takes "true" or "false"')
        return text == "true"

    def packing(self) -> tuple[str, Callable[[bytes], bytes]]:
        """What `compression` adds to the names of files of text, and does to their contents.

        Raises `IllegalArgumentError` for one that there is not.
        """
        name = self.text("compression", "none").lower()
        if name not in _PACKINGS:
            raise IllegalArgumentError(f"compression={name!r}: {self.format} takes one of {', '.join(_PACKINGS)}")
        return _PACKINGS[name]

    def whole(self, name: str, default: int, least: int) -> int:
        """A whole number. Raises `IllegalArgumentError` for another text or a number below `least`."""
        text = self.text(name, str(default))
        if not re.fullmatch(r"[+-]?[0-9]+", text) or int(text) < least:
            raise IllegalArgumentError(f"{name}={text!r}: {self.format} needs a whole number, {least} or more")
        return int(text)

"""Which formats can be read as streams (Spark: DataSourceRegister)."""

from __future__ import annotations

from collections.abc import Callable

from sparksim.core.errors import UnsupportedOperation
from sparksim.sql.formats.registry import FORMATS as FILE_FORMATS
from sparksim.sql.streaming.sources.files import files
from sparksim.sql.streaming.sources.kafka import kafka
from sparksim.sql.streaming.sources.options import Format, SourceOptions
from sparksim.sql.streaming.sources.rate import rate, rate_micro_batch
from sparksim.sql.streaming.sources.socket import socket_source
from sparksim.sql.utils import AnalysisException


def _socket(options: SourceOptions) -> Format:
    options.refuse_schema()
    return socket_source(options.options)


FORMATS: dict[str, Callable[[SourceOptions], Format]] = {
    **dict.fromkeys(FILE_FORMATS, files),
    "kafka": kafka,
    "rate": rate,
    "rate-micro-batch": rate_micro_batch,
    "socket": _socket,
}
"""By lower-case name: what makes a source of its options, or raises when they do not fit."""

_WRITTEN_ONLY = frozenset({"console", "foreach", "memory", "noop"})


def load(options: SourceOptions) -> Format:
    """The source of a format. Raises `AnalysisException` for an unknown one, and what the format raises.

    Raises `UnsupportedOperation` for a format that can only be written.
    """
    name = options.format.lower()
    if name in FORMATS:
        return FORMATS[name](options)
    if name in _WRITTEN_ONLY:
        raise UnsupportedOperation(f"Data source {options.format} does not support streamed reading; it is a sink only")
    raise AnalysisException(
        f"[DATA_SOURCE_NOT_FOUND] there is no source {options.format!r} to read as a stream; there are "
        f"{', '.join(sorted(FORMATS))}"
    )

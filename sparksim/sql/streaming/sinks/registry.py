"""Which formats `writeStream.format` knows, and how their sinks are made (Spark: DataSource.createSink)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sparksim.core.errors import UnsupportedOperation
from sparksim.sql.formats.registry import FORMATS as FILE_FORMATS
from sparksim.sql.streaming.sink import StreamSink
from sparksim.sql.types import StructType
from sparksim.sql.utils import AnalysisException

if TYPE_CHECKING:
    from sparksim.sql.session import SparkSession


@dataclass(frozen=True)
class SinkContext:
    """What a sink is made with. `options` by names in lower case; `path` is that of `start(path)` or the option."""

    session: SparkSession
    mode: str
    options: Mapping[str, str]
    path: str | None
    schema: StructType
    checkpoint: str
    name: str | None
    partition_by: tuple[str, ...]


SinkFactory = Callable[[SinkContext], StreamSink]


@dataclass(frozen=True)
class SinkFormat:
    """A format, and what it asks of `start`.

    `may_be_temporary`: without a checkpointLocation it gets one that is deleted at the end. `needs_name`: its rows are
    found under the query's name, and gone with the program, so that only complete mode can go on from a checkpoint.
    """

    create: SinkFactory
    may_be_temporary: bool = False
    needs_name: bool = False
    partitions: bool = False


def _console(context: SinkContext) -> StreamSink:
    from sparksim.sql.streaming.sinks.console import ConsoleSink

    return ConsoleSink(context.options.get("numrows", "20"), context.options.get("truncate", "true"))


def _memory(context: SinkContext) -> StreamSink:
    from sparksim.sql.streaming.sinks.memory import MemorySink

    assert context.name is not None
    return MemorySink(context.session, context.name, context.schema, context.mode)


def _kafka(context: SinkContext) -> StreamSink:
    from sparksim.sql.streaming.sinks.kafka import KafkaSink

    return KafkaSink(context)


def _files(format: str, context: SinkContext) -> StreamSink:
    from sparksim.sql.streaming.sinks.files import FileSink

    return FileSink(context, format)


FORMATS = {
    **{name: SinkFormat(partial(_files, name), partitions=True) for name in FILE_FORMATS},
    "console": SinkFormat(_console, may_be_temporary=True),
    "kafka": SinkFormat(_kafka),
    "memory": SinkFormat(_memory, may_be_temporary=True, needs_name=True),
}
READ_ONLY = ("rate", "rate-micro-batch", "socket")


def sink_format(name: str) -> SinkFormat:
    """A format by its name, in any case of letters.

    Raises `AnalysisException` for one that there is not, `UnsupportedOperation` for one that can only be read.
    """
    found = FORMATS.get(name.lower())
    if found is not None:
        return found
    if name.lower() in READ_ONLY:
        raise UnsupportedOperation(f"Data source {name} does not support streamed writing.")
    raise AnalysisException(
        f"[DATA_SOURCE_NOT_FOUND] Failed to find the data source: {name}. Give one of {', '.join(sorted(FORMATS))}, or "
        "use foreachBatch"
    )

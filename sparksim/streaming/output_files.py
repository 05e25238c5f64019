"""What the files of a batch are called, and what is in them if not text (Spark: saveAsObjectFiles and the like)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sparksim.core.errors import IllegalArgumentError
from sparksim.core.saving import as_bytes, text_lines
from sparksim.core.serializer import dump_records


def output_directory(prefix: str, suffix: str, time_ms: int) -> str:
    """`prefix-TIME.suffix`, where an empty part goes with its sign (Spark: StreamingContext.rddToFileName)."""
    return (f"{prefix}-" if prefix else "") + str(time_ms) + (f".{suffix}" if suffix else "")


def pickled(records: Iterator[Any]) -> bytes:
    """The records of a partition as one pickled list."""
    return dump_records(list(records))


def tabbed_lines(records: Iterator[Any]) -> bytes:
    """Pairs as Hadoop's TextOutputFormat writes them: None is left out with the tab, a pair of None with its line."""
    return text_lines(b"\t".join(fields) for fields in map(_fields, records) if fields)


def _fields(record: Any) -> list[bytes]:
    if not isinstance(record, tuple | list) or len(record) != 2:
        raise IllegalArgumentError(
            f"saveAsHadoopFiles writes (key, value) pairs, and met the record {record!r}: map the stream to pairs first"
        )
    return [as_bytes(field) for field in record if field is not None]

"""Which files a file source has read, and which a file sink has written.

They are Spark's FileStreamSourceLog and FileStreamSinkLog: one line of JSON for each file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sparksim.sql.streaming.store.compactible_log import CompactibleLog
from sparksim.sql.streaming.store.metadata_log import json_object, json_text, text_of, whole_number


@dataclass(frozen=True)
class SourceFile:
    """A file that was read: its URL, when it was last modified, and the entry that named it first."""

    path: str
    modified_ms: int
    batch_id: int


class FileSourceLog(CompactibleLog[SourceFile]):
    """`path` is the source's own folder in a checkpoint, `sources/<i>`."""

    def _write(self, entry: Sequence[SourceFile]) -> list[str]:
        return [
            json_text({"path": file.path, "timestamp": file.modified_ms, "batchId": file.batch_id}) for file in entry
        ]

    def _read(self, lines: Sequence[str]) -> list[SourceFile]:
        files = map(json_object, lines)
        return [
            SourceFile(text_of(file, "path"), whole_number(file, "timestamp"), whole_number(file, "batchId"))
            for file in files
        ]


@dataclass(frozen=True)
class SinkFile:
    """A file that was written: its URL, its size, when it was written, and how its file system stores it."""

    path: str
    size_bytes: int
    modified_ms: int
    block_bytes: int = 32 * 1024 * 1024
    """The block size that Hadoop gives local files."""
    replication: int = 1


class FileSinkLog(CompactibleLog[SinkFile]):
    """`path` is `_spark_metadata` in the folder that the sink writes to."""

    def _write(self, entry: Sequence[SinkFile]) -> list[str]:
        return [json_text(_status(file)) for file in entry]

    def _read(self, lines: Sequence[str]) -> list[SinkFile]:
        return [_file(json_object(line)) for line in lines]


def _status(file: SinkFile) -> dict[str, object]:
    return {
        "path": file.path,
        "size": file.size_bytes,
        "isDir": False,
        "modificationTime": file.modified_ms,
        "blockReplication": file.replication,
        "blockSize": file.block_bytes,
        "action": "add",
    }


def _file(values: dict[str, object]) -> SinkFile:
    if values.get("action") != "add":
        raise ValueError(f"action is {values.get('action')!r}, and 'add' is the only one known here")
    return SinkFile(
        text_of(values, "path"),
        whole_number(values, "size"),
        whole_number(values, "modificationTime"),
        whole_number(values, "blockSize"),
        whole_number(values, "blockReplication"),
    )

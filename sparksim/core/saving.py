"""Writing an RDD to text files, one per partition (PySpark: saveAsTextFile)."""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import fsspec

from sparksim.core.dependency import ShuffleDependency
from sparksim.core.errors import FileAlreadyExists, IllegalArgumentError
from sparksim.core.statistics import Statistics

if TYPE_CHECKING:
    from sparksim.core.rdd import RDD
    from sparksim.core.task_context import TaskContext

T = TypeVar("T")

_CODECS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "org.apache.hadoop.io.compress.GzipCodec": (".gz", partial(gzip.compress, mtime=0)),
    "org.apache.hadoop.io.compress.BZip2Codec": (".bz2", bz2.compress),
    "org.apache.hadoop.io.compress.DefaultCodec": (".deflate", zlib.compress),
}


class Saving(Statistics[T]):
    """Output to files, and letting go of what shuffles left behind."""

    def saveAsTextFile(self, path: str, compressionCodecClass: str | None = None) -> None:
        """Write `str(record)`, one a line, to `path/part-00000` and so on, and an empty `path/_SUCCESS` at the end.

        `path` is any fsspec URL. `compressionCodecClass` is Hadoop's GzipCodec, BZip2Codec or DefaultCodec. Raises
        `FileAlreadyExists` when `path` exists.
        """
        suffix, compress = _codec(compressionCodecClass)
        files, root = fsspec.core.url_to_fs(path)
        if files.exists(root):
            raise FileAlreadyExists(f"output directory {path} already exists: save to another path or remove it first")
        files.makedirs(f"{root}/_temporary", exist_ok=True)
        try:
            write = partial(_write_part, path, suffix, compress)
            self.ctx._run(self._rdd, write, range(self.getNumPartitions()))
        finally:
            files.rm(f"{root}/_temporary", recursive=True)
        files.touch(f"{root}/_SUCCESS")

    def cleanShuffleDependencies(self, blocking: bool = False) -> None:
        """Drop the map outputs this RDD was computed from; they are computed again when needed."""
        remove = getattr(self.ctx._backend, "remove_shuffle", None)
        waiting: list[RDD[Any]] = [self._rdd]
        while waiting:
            for dependency in waiting.pop().dependencies:
                if isinstance(dependency, ShuffleDependency) and remove is not None:
                    remove(dependency.shuffle_id)
                waiting.append(dependency.rdd)


def _codec(name: str | None) -> tuple[str, Callable[[bytes], bytes]]:
    if not name:
        return "", bytes
    if name not in _CODECS:
        raise IllegalArgumentError(f"unknown compressionCodecClass {name!r}: use one of {', '.join(_CODECS)}")
    return _CODECS[name]


def _write_part(
    path: str, suffix: str, compress: Callable[[bytes], bytes], task: TaskContext, records: Iterator[Any]
) -> None:
    """Written aside and then renamed, so that a task that dies leaves no half part (Hadoop: FileOutputCommitter)."""
    files, root = fsspec.core.url_to_fs(path)
    data = b"".join(line for record in records for line in (_as_bytes(record), b"\n"))
    attempt = f"{root}/_temporary/attempt-{task.taskAttemptId()}"
    with files.open(attempt, "wb") as file:
        file.write(compress(data))
    files.mv(attempt, f"{root}/part-{task.partitionId():05d}{suffix}")


def _as_bytes(record: Any) -> bytes:
    return record if isinstance(record, bytes) else str(record).encode("utf-8")

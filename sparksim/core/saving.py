"""Writing an RDD to text files, one per partition (PySpark: saveAsTextFile)."""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import fsspec

from sparksim.core import local_properties
from sparksim.core.conf import boolean
from sparksim.core.dependency import ShuffleDependency
from sparksim.core.errors import FileAlreadyExists, IllegalArgumentError, SparkException
from sparksim.core.serializer import dump_records
from sparksim.core.statistics import Statistics

if TYPE_CHECKING:
    from sparksim.core.rdd import RDD
    from sparksim.core.task_context import TaskContext

T = TypeVar("T")

VALIDATE_OUTPUT = "spark.hadoop.validateOutputSpecs"
"""A setting, and a property of a thread's jobs that goes before it: whether an output directory must be new."""

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
        `FileAlreadyExists` when `path` exists, unless `spark.hadoop.validateOutputSpecs` is false or the job is
        one of a stream: a batch may run again.
        """
        suffix, compress = _codec(compressionCodecClass)
        save_parts(self._rdd, path, partial(_lines, compress), suffix)

    def saveAsPickleFile(self, path: str, batchSize: int = 10) -> None:
        """Write the records as pickled lists, one file per partition; `SparkContext.pickleFile` reads them again.

        The files are our own, not Hadoop sequence files; `batchSize` is accepted and has no effect.
        """
        save_parts(self._rdd, path, _pickled)

    def cleanShuffleDependencies(self, blocking: bool = False) -> None:
        """Drop the map outputs this RDD was computed from; they are computed again when needed."""
        remove = getattr(self.ctx._backend, "remove_shuffle", None)
        waiting: list[RDD[Any]] = [self._rdd]
        while waiting:
            for dependency in waiting.pop().dependencies:
                if isinstance(dependency, ShuffleDependency) and remove is not None:
                    remove(dependency.shuffle_id)
                waiting.append(dependency.rdd)


def save_parts(rdd: RDD[Any], path: str, encode: Callable[[Iterator[Any]], bytes], suffix: str = "") -> None:
    """Write `encode(records)` of each partition to `path/part-00000` and so on; `path/_SUCCESS` at the end.

    Raises `FileAlreadyExists` when `path` exists, `SparkException` when it cannot be made. Where `VALIDATE_OUTPUT` is
    false, parts of the same name are replaced and other files stay (Spark: isOutputSpecValidationEnabled).
    """
    files, root = fsspec.core.url_to_fs(path)
    if _must_be_new(rdd) and files.exists(root):
        raise FileAlreadyExists(f"output directory {path} already exists: save to another path or remove it first")
    try:
        files.makedirs(f"{root}/_temporary", exist_ok=True)
    except OSError as error:
        raise SparkException(
            f"cannot make the output directory {path}: {type(error).__name__}: {error}. Save where this program may "
            "write, and below no file"
        ) from error
    try:
        write = partial(_write_part, path, suffix, encode)
        rdd.ctx._run(rdd, write, range(rdd.getNumPartitions()))
    finally:
        files.rm(f"{root}/_temporary", recursive=True)
    files.touch(f"{root}/_SUCCESS")


def _must_be_new(rdd: RDD[Any]) -> bool:
    told = local_properties.get(VALIDATE_OUTPUT)
    return boolean(rdd.ctx.getConf(), VALIDATE_OUTPUT, True) if told is None else told != "false"


def text_lines(records: Iterator[Any]) -> bytes:
    """`str(record)` in UTF-8, one a line; bytes as they are."""
    return b"".join(line for record in records for line in (as_bytes(record), b"\n"))


def as_bytes(record: Any) -> bytes:
    """`str(record)` in UTF-8; bytes as they are."""
    return record if isinstance(record, bytes) else str(record).encode("utf-8")


def _lines(compress: Callable[[bytes], bytes], records: Iterator[Any]) -> bytes:
    return compress(text_lines(records))


def _pickled(records: Iterator[Any]) -> bytes:
    return dump_records(list(records))


def _codec(name: str | None) -> tuple[str, Callable[[bytes], bytes]]:
    if not name:
        return "", bytes
    if name not in _CODECS:
        raise IllegalArgumentError(f"unknown compressionCodecClass {name!r}: use one of {', '.join(_CODECS)}")
    return _CODECS[name]


def _write_part(
    path: str, suffix: str, encode: Callable[[Iterator[Any]], bytes], task: TaskContext, records: Iterator[Any]
) -> None:
    """Written aside and then renamed, so that a task that dies leaves no half part (Hadoop: FileOutputCommitter)."""
    files, root = fsspec.core.url_to_fs(path)
    data = encode(records)
    attempt = f"{root}/_temporary/attempt-{task.taskAttemptId()}"
    with files.open(attempt, "wb") as file:
        file.write(data)
    files.mv(attempt, f"{root}/part-{task.partitionId():05d}{suffix}")

"""The files of a folder as a stream, each read once (Spark: FileStreamSource).

Every look lists the folder, leaves out what was read before, and takes the oldest by modification time. What was taken
is in the source's own log before it is in a batch, so that offset n means the same files for ever. A file must appear
whole, by a rename: what is written into it after it was listed is not read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

import fsspec

from sparksim.core.conf import SparkConf, boolean, time_ms
from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.core.files import decompressed, url_of
from sparksim.core.rdd import RDD
from sparksim.sql.formats.format import FileFormat, FileOptions
from sparksim.sql.formats.listing import (
    DataFile,
    check_paths,
    file_at,
    listed,
    name_of,
    partition_schema,
)
from sparksim.sql.formats.registry import file_format
from sparksim.sql.formats.scan import FilesRDD
from sparksim.sql.reader import with_folders
from sparksim.sql.streaming.source import Offset, SourceContext
from sparksim.sql.streaming.sources.cleaning import cleaner
from sparksim.sql.streaming.sources.options import Format, SourceOptions
from sparksim.sql.streaming.store.disk_time import driver_disk
from sparksim.sql.streaming.store.file_logs import FileSourceLog, SourceFile
from sparksim.sql.types import StructType

if TYPE_CHECKING:
    from sparksim.cluster.backend import ClusterBackend

MAX_AGE = "maxFileAge"
INFERENCE = "spark.sql.streaming.schemaInference"


def files(options: SourceOptions) -> Format:
    """A format of files: the option `path`, and a schema, without which only text can be read.

    Raises `IllegalArgumentError` without a path or a schema, `AnalysisException` for a path that does not exist.
    """
    path = options.get("path")
    if path is None:
        raise IllegalArgumentError(f"'path' is not specified: {options.format} reads a directory, as load(path)")
    name = options.format.lower()
    form = file_format(name, options.options)
    check_paths([path])
    folders = partition_schema(listed([path], options.options))
    schema = with_folders(_given_schema(options, form, path), folders)
    inside = StructType([field for field in schema if field.name not in folders.names])

    def create(context: SourceContext) -> FileStreamSource:
        form.check(inside)
        return FileStreamSource(context, path, form, schema, FileOptions(name, options.options))

    return schema, create


def _given_schema(options: SourceOptions, form: FileFormat, path: str) -> StructType:
    if options.schema is not None:
        return options.schema
    if form.name == "text":
        return form.infer([])
    infers = SparkConf(loadDefaults=False).set(INFERENCE, options.session.conf.get(INFERENCE, "false"))
    found = listed([path], options.options) if boolean(infers, INFERENCE, False) else []
    if not found:
        raise IllegalArgumentError(
            f"Schema must be specified when creating a streaming source of {options.format}: give it with schema(...)"
            f", or set {INFERENCE} to true when there are files already"
        )
    return form.infer([decompressed(each.file) for each in found])


class SeenFiles:
    """What was read, by URL, or by name alone with `by_name`; files older than the newest one by `age_ms` are
    forgotten, and taken for read."""

    def __init__(self, age_ms: float, by_name: bool) -> None:
        self._age_ms = age_ms
        self._by_name = by_name
        self._times: dict[str, int] = {}
        self._newest_ms = 0
        self._since_ms: float = 0

    def add(self, url: str, modified_ms: int) -> None:
        """A file was read."""
        self._times[self._key(url)] = modified_ms
        self._newest_ms = max(self._newest_ms, modified_ms)

    def is_new(self, url: str, modified_ms: int) -> bool:
        """Whether a file is to be read."""
        return modified_ms >= self._since_ms and self._key(url) not in self._times

    def purge(self) -> None:
        """Forget what is too old."""
        self._since_ms = self._newest_ms - self._age_ms
        self._times = {key: time_ms for key, time_ms in self._times.items() if time_ms >= self._since_ms}

    def _key(self, url: str) -> str:
        return name_of(url) if self._by_name else url


class FileStreamSource:
    """Offsets count the entries of the source's log: {"logOffset": n}.

    Options: `maxFilesPerTrigger` or `maxBytesPerTrigger`, `latestFirst` (false), `fileNameOnly` (false), `maxFileAge`
    (7d), `maxCachedFiles` (10000), `cleanSource` (off), `pathGlobFilter`, `recursiveFileLookup`. Raises
    `IllegalArgumentError` for values that do not fit.
    """

    def __init__(
        self, context: SourceContext, path: str, form: FileFormat, schema: StructType, options: FileOptions
    ) -> None:
        self._sc = context.session.sparkContext
        self._path = path
        self._form = form
        self._schema = schema
        self._options = options
        limited = options.optional("maxFilesPerTrigger") is not None
        self._most = options.whole("maxFilesPerTrigger", 1, least=1) if limited else None
        sized = options.optional("maxBytesPerTrigger") is not None
        self._most_bytes = options.whole("maxBytesPerTrigger", 1, least=1) if sized else None
        if limited and sized:
            raise IllegalArgumentError("maxFilesPerTrigger and maxBytesPerTrigger cannot both be set: leave out one")
        self._clean = cleaner(options)
        self._latest_first = options.flag("latestFirst", False)
        self._cached = options.whole("maxCachedFiles", 10_000, least=0)
        age = SparkConf(loadDefaults=False).set(MAX_AGE, options.text(MAX_AGE, "7d"))
        self._seen = SeenFiles(
            float("inf") if self._latest_first and (limited or sized) else time_ms(age, MAX_AGE, "7d"),
            options.flag("fileNameOnly", False),
        )
        backend = self._backend = cast("ClusterBackend", self._sc._backend)
        self._log = FileSourceLog(context.metadata_path, lambda: backend.clock.now_ms, driver_disk(backend))
        for entry in self._log.all_entries():
            self._seen.add(entry.path, entry.modified_ms)
        self._seen.purge()
        ids = self._log.ids()
        self._last = ids[-1] if ids else -1
        self._unread: list[DataFile] = []
        self._frozen: list[DataFile] | None = None

    @property
    def description(self) -> str:
        found, root = fsspec.core.url_to_fs(self._path)
        return f"FileStreamSource[{url_of(found, root)}]"

    def latest_offset(self, start: Offset) -> Offset:
        """Take what is new, up to the limit, into the log. None while there never was a file.

        Raises `IllegalStateError` when another query writes the same log.
        """
        taken = self._take(self._new_files())
        for each in taken:
            self._seen.add(each.url, each.modified_ms)
        self._seen.purge()
        if taken:
            self._last += 1
            if not self._log.add(self._last, [SourceFile(each.url, each.modified_ms, self._last) for each in taken]):
                raise IllegalStateError(
                    f"entry {self._last} of the file source's log is there already: another query runs on this "
                    "checkpoint. Give each query a checkpointLocation of its own"
                )
        return None if self._last < 0 else {"logOffset": self._last}

    def without_limits(self) -> None:
        """All new files in one batch."""
        self._most = self._most_bytes = None

    def freeze(self) -> None:
        """No file that comes later."""
        self._frozen = self._listed()

    def batch(self, start: Offset, end: Offset) -> RDD[Any]:
        """The rows of the files between two offsets. One that is gone gives none, and a warning, as in Spark."""
        first = -1 if start is None else start["logOffset"]
        entries = [entry for number in range(first + 1, end["logOffset"] + 1) for entry in self._entries(number)]
        found = [each for entry in entries if (each := file_at(entry.path, self._path)) is not None]
        if len(found) < len(entries):
            self._warn_of_gone({entry.path for entry in entries} - {each.url for each in found})
        return FilesRDD(self._sc, found, self._form, self._schema)

    def commit(self, end: Offset) -> None:
        """The files of the batch may go, if the program wants that."""
        if self._clean is not None:
            for entry in self._entries(end["logOffset"]):
                self._clean(entry.path)

    def stop(self) -> None:
        """Nothing to give back."""

    def _entries(self, number: int) -> list[SourceFile]:
        """The files of one entry, which may be found in a later one that has all before it."""
        return [entry for entry in self._log.get(number) or self._log.all_entries() if entry.batch_id == number]

    def _warn_of_gone(self, urls: Iterable[str]) -> None:
        self._backend.clock.call(
            self._backend.warn,
            "sql",
            f"{', '.join(sorted(urls))}: listed by the file source and gone before it was read; its rows are lost. Let "
            "files stay until their batch is done",
        )

    def _new_files(self) -> list[DataFile]:
        """What was listed before and not taken, else what a new look shows."""
        if self._unread:
            return self._unread
        found = self._listed() if self._frozen is None else self._frozen
        return [each for each in found if self._seen.is_new(each.url, each.modified_ms)]

    def _listed(self) -> list[DataFile]:
        found = listed([self._path], self._options.given)
        return sorted(found, key=lambda each: each.modified_ms, reverse=self._latest_first)

    def _take(self, new: list[DataFile]) -> list[DataFile]:
        """The first files; the others are kept for the next batch, if there are enough of them to spare a look."""
        if self._most_bytes is not None:
            reached = list(accumulate(each.file.size_bytes for each in new))
            return new[: max(1, bisect_right(reached, self._most_bytes))]
        if self._most is None:
            self._unread = []
            return new
        rest = [] if self._latest_first else new[self._most :]
        self._unread = rest[: self._cached] if len(rest) >= self._most * _WORTH_KEEPING else []
        return new[: self._most]


_WORTH_KEEPING = 0.2
"""discardCachedInputRatio"""

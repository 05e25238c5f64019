"""A log of records in rolling files, written before what they say is done (Spark: FileBasedWriteAheadLog).

A record is four bytes of length and then its bytes, appended to `log-<start>-<stop>`: the file takes records from its
start to its stop, both in ms, and the first record after that opens the next. A record that was acknowledged is in the
file, so whoever reads after a crash finds it; the half record that a crash may leave at the end of a file is not read.

The log has no time of its own: the writer says what time it is, and one who cleans says how old is too old.
"""

from __future__ import annotations

import re
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from io import SEEK_END
from math import floor
from typing import Any

import fsspec

from sparksim.core.arguments import is_count
from sparksim.core.conf import SparkConf, boolean, integer
from sparksim.core.errors import IllegalArgumentError, IllegalStateError, SparkException

Warn = Callable[[str], None]
"""Is told what Spark would log as a warning."""

RECEIVER_LOG = "spark.streaming.receiver.writeAheadLog"

_LENGTH = struct.Struct(">i")
_NAME = re.compile(r"log-(\d+)-(\d+)")


def unheard(message: str) -> None:
    """A `Warn` for a log whose warnings nobody wants: everything they report is also raised or answered."""


@dataclass(frozen=True, slots=True)
class LogSegment:
    """Where a record lies: its file's URL, where it starts there, and its length, both in bytes.

    The length is the record's own, without the four bytes before it (Spark: FileBasedWriteAheadLogSegment).
    """

    path: str
    offset: int
    length: int


class WriteAheadLog(ABC):
    """What the engine asks of a log (Spark: WriteAheadLog). Subclass it for a log of your own.

    The setting `spark.streaming.driver.writeAheadLog.class`, or its twin for receivers, names the subclass as
    `package.module.Class`; it is called with the `SparkConf`.
    """

    @abstractmethod
    def write(self, record: bytes, time_ms: float) -> Any:
        """Keep the record safe and return a handle to it. Raises when that failed."""

    @abstractmethod
    def read(self, handle: Any) -> bytes:
        """The record that a handle stands for."""

    @abstractmethod
    def read_all(self) -> Iterator[bytes]:
        """All records that are kept, in the order they were written."""

    @abstractmethod
    def clean(self, threshold_ms: float) -> None:
        """Forget records that are all older than the threshold; a log may keep some longer."""

    @abstractmethod
    def close(self) -> None:
        """Release files and the like."""


@dataclass(frozen=True, slots=True)
class _LogFile:
    start_ms: int
    stop_ms: int

    @property
    def name(self) -> str:
        return f"log-{self.start_ms}-{self.stop_ms}"


class FileBasedWriteAheadLog(WriteAheadLog):
    """A log in the files of one directory, which any fsspec URL may name; it is made at the first write.

    Files that are already there belong to the log. `close_file_after_write` is for stores that show a file only when it
    is closed, such as S3: every record then has its file, unless two have the same ms. Raises `IllegalArgumentError`.
    """

    def __init__(
        self,
        directory: str,
        rolling_interval_s: int = 60,
        max_failures: int = 3,
        close_file_after_write: bool = False,
        warn: Warn = unheard,
    ) -> None:
        if not is_count(rolling_interval_s, least=0):
            raise IllegalArgumentError(f"rolling_interval_s={rolling_interval_s!r}: give whole seconds, 0 or more")
        if not is_count(max_failures):
            raise IllegalArgumentError(f"max_failures={max_failures!r}: a record needs at least one attempt, give 1")
        self._url = directory.rstrip("/")
        self._files, path = fsspec.core.url_to_fs(directory)
        self._path = path.rstrip("/")
        self._rolling_ms = rolling_interval_s * 1000
        self._max_failures = max_failures
        self._close_after_write = close_file_after_write
        self._warn = warn
        self._logs = self._existing_logs()
        self._current: _LogFile | None = None
        self._writer: _Writer | None = None

    def write(self, record: bytes, time_ms: float) -> LogSegment:
        """Append the record; it is in the file when this returns. After `max_failures` attempts raises their error.

        A failed attempt gives up its file: bytes it may have left there would hide what follows them.
        """
        failures = 0
        while True:
            try:
                segment = self._append(record, floor(time_ms))
                if self._close_after_write:
                    self.close()
                return segment
            except Exception as error:
                self._give_up_writer()
                failures += 1
                self._warn(f"attempt {failures} to write to the log {self._url} failed: {error!r}")
                if failures == self._max_failures:
                    raise

    def read(self, handle: LogSegment) -> bytes:
        """One record, from this log or another. Raises `IllegalStateError` when it is not where the handle says."""
        files, path = fsspec.core.url_to_fs(handle.path)
        start = handle.offset + _LENGTH.size
        try:
            data = files.cat_file(path, start=handle.offset, end=start + handle.length)
        except FileNotFoundError as error:
            raise IllegalStateError(f"{handle} cannot be read: the file was cleaned or moved away") from error
        if data[: _LENGTH.size] != _LENGTH.pack(handle.length) or len(data) != _LENGTH.size + handle.length:
            raise IllegalStateError(f"{handle} cannot be read: at this place is no record of this length")
        record: bytes = data[_LENGTH.size :]
        return record

    def read_all(self) -> Iterator[bytes]:
        """Every record that is whole, file by file. Files that are gone meanwhile are left out."""
        for log in list(self._logs):
            yield from unframed(self._content(log), f"{self._url}/{log.name}")

    def clean(self, threshold_ms: float) -> None:
        """Delete the files whose stop is before the threshold; never the newest one. What cannot be deleted stays."""
        for log in [log for log in self._logs if log.stop_ms < threshold_ms and log != self._current]:
            del self._logs[log]
            try:
                self._files.rm_file(self._path_of(log))
            except Exception as error:
                self._warn(f"{self._url}/{log.name} is too old for the log and could not be deleted: {error!r}")

    def close(self) -> None:
        """Close the open file, if any. A later write opens another."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None

    def _append(self, record: bytes, time_ms: int) -> LogSegment:
        if self._current is None or self._writer is None or time_ms > self._current.stop_ms:
            self.close()
            self._current = self._next_log(time_ms)
            self._logs[self._current] = None
            self._writer = _writer(self._files, self._path_of(self._current))
        offset = self._writer.append(framed(record))
        return LogSegment(f"{self._url}/{self._current.name}", offset, len(record))

    def _next_log(self, time_ms: int) -> _LogFile:
        """The file for records from now on. One of this name that ends in half a record is left as it is."""
        log = _LogFile(time_ms, time_ms + self._rolling_ms)
        while not _is_whole(self._content(log)):
            log = _LogFile(log.start_ms + 1, log.stop_ms + 1)
        return log

    def _give_up_writer(self) -> None:
        with suppress(Exception):
            self.close()
        self._writer = None

    def _existing_logs(self) -> dict[_LogFile, None]:
        """A dict for its order; what has no log's name is no log."""
        if not self._files.isdir(self._path):
            return {}
        names = (str(path).rpartition("/")[2] for path in self._files.ls(self._path, detail=False))
        matches = [match for match in map(_NAME.fullmatch, names) if match is not None]
        logs = [_LogFile(int(match[1]), int(match[2])) for match in matches]
        return dict.fromkeys(sorted(logs, key=lambda log: log.start_ms))

    def _path_of(self, log: _LogFile) -> str:
        return f"{self._path}/{log.name}"

    def _content(self, log: _LogFile) -> bytes:
        path = self._path_of(log)
        try:
            data: bytes = self._files.cat_file(path)
        except OSError:
            if self._files.exists(path):
                raise
            return b""
        return data


class _Writer(ABC):
    @abstractmethod
    def append(self, data: bytes) -> int:
        """Add to the end of the file, so that a reader finds it there, and return where it starts."""

    @abstractmethod
    def close(self) -> None: ...


class _Appender(_Writer):
    def __init__(self, file: Any) -> None:
        self._file = file

    def append(self, data: bytes) -> int:
        if self._file.seekable():
            # Readers of an in-memory file move its one position.
            self._file.seek(0, SEEK_END)
        offset: int = self._file.tell()
        self._file.write(data)
        self._file.flush()
        return offset

    def close(self) -> None:
        self._file.close()


class _Rewriter(_Writer):
    """For file systems that cannot append: the file is written anew with every record."""

    def __init__(self, files: Any, path: str) -> None:
        self._files = files
        self._path = path
        self._written: bytes = files.cat_file(path)

    def append(self, data: bytes) -> int:
        offset = len(self._written)
        self._files.pipe_file(self._path, self._written + data)
        self._written += data
        return offset

    def close(self) -> None:
        pass


def _writer(files: Any, path: str) -> _Writer:
    if not files.exists(path):
        files.makedirs(path.rpartition("/")[0], exist_ok=True)
        files.pipe_file(path, b"")
    try:
        return _Appender(files.open(path, "ab"))
    except (NotImplementedError, ValueError):
        return _Rewriter(files, path)


def framed(record: bytes) -> bytes:
    """A record as it stands in a log: its length in four bytes, most significant first, and then itself."""
    return _LENGTH.pack(len(record)) + record


def unframed(data: bytes, name: str) -> Iterator[bytes]:
    """The records in `data`; a half one at the end is left out. Raises `SparkException` for a negative length.

    Spark stumbles over a negative length too (FileBasedWriteAheadLogReader); `name` tells where the data came from.
    """
    start = _LENGTH.size
    while start <= len(data):
        (length,) = _LENGTH.unpack_from(data, start - _LENGTH.size)
        if length < 0:
            raise SparkException(
                f"{name} is damaged: at byte {start - _LENGTH.size} stands a record of {length} bytes. Move the file "
                "away to go on with what other files hold"
            )
        if start + length > len(data):
            return
        yield data[start : start + length]
        start += length + _LENGTH.size


def _is_whole(data: bytes) -> bool:
    try:
        return sum(_LENGTH.size + len(record) for record in unframed(data, "")) == len(data)
    except SparkException:
        return False


def receiver_log(conf: SparkConf, checkpoint_directory: str, stream_id: int, warn: Warn = unheard) -> WriteAheadLog:
    """The log of what one receiver received, in `receivedData/<stream>` (Spark: WriteAheadLogBasedBlockHandler).

    Settings: `spark.streaming.receiver.writeAheadLog.*`. Raises `IllegalArgumentError`, `SparkException`.
    """
    return log_from_settings(conf, RECEIVER_LOG, f"{checkpoint_directory.rstrip('/')}/receivedData/{stream_id}", warn)


def log_reader(conf: SparkConf) -> WriteAheadLog:
    """A log for nothing but `read`: it finds the record of any handle that a receiver's log gave.

    Its own directory does not exist. Raises as `receiver_log`.
    """
    return receiver_log(conf, "memory://sparksim-log-reader", 0)


def log_from_settings(conf: SparkConf, prefix: str, directory: str, warn: Warn = unheard) -> WriteAheadLog:
    """A log as the settings under `prefix` want it (Spark: WriteAheadLogUtils.createLog).

    Raises `IllegalArgumentError` for a wrong value, `SparkException` for a class that gives no log.
    """
    class_name = conf.get(f"{prefix}.class")
    if class_name is not None:
        return _custom_log(conf, f"{prefix}.class", class_name)
    return FileBasedWriteAheadLog(
        directory,
        integer(conf, f"{prefix}.rollingIntervalSecs", 60),
        integer(conf, f"{prefix}.maxFailures", 3),
        boolean(conf, f"{prefix}.closeFileAfterWrite", False),
        warn,
    )


def _custom_log(conf: SparkConf, key: str, class_name: str) -> WriteAheadLog:
    module_name, _, name = class_name.rpartition(".")
    try:
        log = getattr(import_module(module_name), name)(conf)
    except Exception as error:
        raise SparkException(
            f"{key}={class_name!r} gives no write-ahead log ({type(error).__name__}: {error}). Name an importable "
            "class as package.module.Class; it is called with the SparkConf"
        ) from error
    if not isinstance(log, WriteAheadLog):
        raise SparkException(f"{key}={class_name!r} is no write-ahead log: derive it from {WriteAheadLog.__qualname__}")
    return log

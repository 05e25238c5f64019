"""The lines of a Spark event log, whichever way they are kept (Spark: EventLogFileReader).

A log is a file of one JSON object per line, a folder `eventlog_v2_*` of such files that follow one another, or a folder
with one log in it, as `write_event_log` leaves it. Each may be compressed with gzip. Spark's own compression is named
and refused: Python cannot undo it by itself.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from sparksim.trace.jsonl import TraceFormatError, TraceWarning

ROLLING = "eventlog_v2_"
_PART = re.compile(r"events_(\d+)_")
_GZIP = b"\x1f\x8b"
_CODECS = {b"\x28\xb5\x2f\xfd": "zstd", b"LZ4Block": "lz4", b"ZV": "lzf", b"\x82SNAPPY": "snappy"}
_NO_LOG = (
    "not a Spark event log: every line must be an event such as "
    '{"Event":"SparkListenerLogStart","Spark Version":"3.5.0"}; give the file that Spark wrote into spark.eventLog.dir'
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One event as it stands in the log, and where: `app-1, line 7`."""

    where: str
    event: dict[str, Any]


def is_event_log(path: str | os.PathLike[str]) -> bool:
    """Whether this is a folder, a file in one of Spark's compressions, or one that begins with an event of Spark's."""
    try:
        if Path(path).is_dir() or _codec(Path(path)):
            return True
        with _opened(Path(path)) as file:
            return "Event" in _object(file.readline())
    except (OSError, EOFError, zlib.error, ValueError):
        return False


def log_lines(path: str | os.PathLike[str]) -> Iterator[LogLine]:
    """The events in order. A last line that breaks off is left out with a `TraceWarning`.

    Raises `TraceFormatError` for what is no event log, for a broken line within it, and for Spark's own compression.
    """
    for file in _files(Path(path)):
        yield from _lines_of(file)


def _files(path: Path) -> list[Path]:
    """The files of a log, in order."""
    if not path.is_dir():
        return [path]
    if path.name.startswith(ROLLING):
        return _parts(path)
    logs = [each for each in sorted(path.iterdir()) if _is_log(each)]
    if len(logs) != 1:
        names = ", ".join(each.name for each in logs) or "none"
        raise TraceFormatError(f"{path}: a folder with one event log is wanted, and this one holds {names}; name a log")
    return _files(logs[0])


def _is_log(path: Path) -> bool:
    return path.name.startswith(ROLLING) if path.is_dir() else is_event_log(path)


def _parts(folder: Path) -> list[Path]:
    """The files of a log that was rolled. A compacted one stands for all before it."""
    numbered = sorted((int(found[1]), each) for each in folder.iterdir() if (found := _PART.match(each.name)))
    if not numbered:
        raise TraceFormatError(f"{folder}: no file events_<number>_<application> in it; copy the whole folder")
    compacted = [number for number, each in numbered if each.suffix == ".compact"]
    first = max(compacted, default=0)
    return [each for number, each in numbered if number > first or (number == first and each.suffix == ".compact")]


def _lines_of(path: Path) -> Iterator[LogLine]:
    if codec := _codec(path):
        raise TraceFormatError(
            f"{path} is compressed with {codec}, which Python cannot undo by itself; decompress it first"
            f"{', for example: zstd -d -o app.log ' + path.name if codec == 'zstd' else ''}, or let Spark write its "
            "logs with spark.eventLog.compress=false"
        )
    number = 0
    for number, line in _numbered(path):
        try:
            event = _object(line)
        except ValueError as error:
            if number > 1 and not line.endswith(b"\n"):
                _warn_of_the_cut(path, number)
                return
            why = _NO_LOG if number == 1 else str(error)
            raise TraceFormatError(f"{path}, line {number}: {why}") from None
        if "Event" not in event:
            raise TraceFormatError(f"{path}, line {number}: {_NO_LOG}")
        yield LogLine(f"{path}, line {number}", event)
    if number == 0:
        raise TraceFormatError(f"{path} is empty: {_NO_LOG}")


def _numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines, counted from 1, as far as a compressed file goes that may break off."""
    number = 0
    with _opened(path) as file:
        try:
            for number, line in enumerate(file, 1):
                yield number, line
        except (EOFError, zlib.error):
            _warn_of_the_cut(path, number + 1)


def _warn_of_the_cut(path: Path, number: int) -> None:
    warnings.warn(f"{path} breaks off in line {number}: what stands before it was read", TraceWarning, stacklevel=2)


def _object(line: bytes) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise ValueError("no event of Spark's: the line is not JSON; copy the log anew") from None
    if not isinstance(event, dict):
        raise ValueError("no event of Spark's: the line is not a JSON object; copy the log anew")
    return event


def _codec(path: Path) -> str:
    """The compression of Spark's that a file is in, or ""."""
    with path.open("rb") as file:
        head = file.read(8)
    return next((name for magic, name in _CODECS.items() if head.startswith(magic)), "")


def _opened(path: Path) -> BufferedIOBase:
    with path.open("rb") as file:
        zipped = file.read(2) == _GZIP
    return gzip.open(path) if zipped else path.open("rb")

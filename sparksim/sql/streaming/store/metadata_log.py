"""Numbered entries in files of text, each written once and whole (Spark: HDFSMetadataLog).

Entry 7 is the file `7`: a line with the version of the format, `v1`, and then lines that a subclass writes and reads,
without an end of line after the last. Numbers of batches have no gaps: an entry that is missing between two others is
an error, because whoever reads on would go past a batch.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Generic, TypeVar

from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.sql.streaming.store.folder import Charge, Folder, no_time

Entry = TypeVar("Entry")

VERSION = 1
_VERSION_LINE = re.compile(r"v(\d+)")


class MetadataLog(ABC, Generic[Entry]):
    """`path` is the log's own folder. `charge` lets the time of a write pass."""

    may_have_gaps = False
    """Whether a number may be missing between two others."""

    def __init__(self, path: str, charge: Charge = no_time) -> None:
        self._folder = Folder(path, charge)

    @abstractmethod
    def _write(self, entry: Entry) -> list[str]:
        """An entry as lines of text."""

    @abstractmethod
    def _read(self, lines: Sequence[str]) -> Entry:
        """The inverse. Raises `ValueError`, saying what is wrong with the lines."""

    def add(self, batch_id: int, entry: Entry) -> bool:
        """Write an entry; False when there is one of this number already, which stays. Raises `OSError`."""
        check_batch_id(batch_id)
        return self._create(self._name(batch_id), entry)

    def get(self, batch_id: int) -> Entry | None:
        """An entry, None when there is none. Raises `IllegalStateError` for a file that is no entry of this log."""
        return self._content(self._name(batch_id))

    def latest(self) -> tuple[int, Entry] | None:
        """The entry of the highest number, None for an empty log. Raises `IllegalStateError`, also for a gap."""
        ids = self.ids()
        entry = self.get(ids[-1]) if ids else None
        return None if entry is None else (ids[-1], entry)

    def ids(self) -> list[int]:
        """The numbers of all entries, rising. Raises `IllegalStateError` when one between two others is missing."""
        return list(self._files())

    def purge(self, before_id: int) -> None:
        """Delete the entries with numbers below `before_id`, the oldest first."""
        for number, name in self._files().items():
            if number >= before_id:
                return
            self._folder.remove(name)

    def _files(self) -> dict[int, str]:
        """The names of all entries by their numbers, which rise."""
        names = {number: name for name in self._folder.names() if (number := self._number(name)) is not None}
        ids = sorted(names)
        for before, after in pairwise(ids):
            if after != before + 1 and not self.may_have_gaps:
                raise IllegalStateError(
                    f"{self._folder.url_of(self._name(before + 1))} is missing, and entries before and after it are "
                    "there. Put the file back from a copy, or delete the whole checkpoint to begin anew"
                )
        return {number: names[number] for number in ids}

    def _name(self, batch_id: int) -> str:
        return str(batch_id)

    def _number(self, name: str) -> int | None:
        """Which entry a file is; None for a file that is none."""
        return int(name) if name.isascii() and name.isdigit() else None

    def _create(self, name: str, entry: Entry) -> bool:
        text = "\n".join([f"v{VERSION}", *self._write(entry)])
        return self._folder.create(name, text.encode("utf-8"))

    def _content(self, name: str) -> Entry | None:
        data = self._folder.read(name)
        if data is None:
            return None
        try:
            version, *lines = data.decode("utf-8").split("\n")
            check_version(version)
            return self._read(lines)
        except ValueError as error:
            raise IllegalStateError(
                f"{self._folder.url_of(name)} cannot be read: {error}. If another program wrote it, give the query a "
                "checkpointLocation of its own; if it was damaged, put it back from a copy or delete the whole "
                "checkpoint to begin anew"
            ) from None


def check_batch_id(batch_id: int) -> None:
    """Raise `IllegalArgumentError` for what is no number of a batch."""
    if batch_id < 0:
        raise IllegalArgumentError(f"batch_id={batch_id!r}: batches are numbered from 0")


def check_version(line: str) -> None:
    """Raise `ValueError` unless this is the first line of an entry of a version that can be read."""
    match = _VERSION_LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"its first line is {line[:40]!r} and not 'v{VERSION}'")
    if int(match[1]) != VERSION:
        raise ValueError(f"its format is {line}, and v{VERSION} is the only one known here")


def json_text(value: Any) -> str:
    """JSON as Spark writes it: no spaces, letters of all languages as they are."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def json_object(line: str) -> dict[str, Any]:
    """The object that a line holds. Raises `ValueError` for a line that holds none."""
    value = json_value(line)
    if not isinstance(value, dict):
        raise ValueError(f"{line[:40]!r} is no JSON object")
    return value


def json_value(line: str) -> Any:
    """What a line holds. Raises `ValueError` for a line that is no JSON."""
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        raise ValueError(f"{line[:40]!r} is no JSON") from None


def whole_number(values: Mapping[str, Any], name: str) -> int:
    """A number of an object. Raises `ValueError` when it has no such whole number."""
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} is {value!r} and not a whole number")
    return value


def text_of(values: Mapping[str, Any], name: str) -> str:
    """A text of an object. Raises `ValueError` when it has no such text."""
    value = values.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name} is {value!r} and not a text")
    return value


def used_twice(log: str, entry: str, checkpoint: str) -> IllegalStateError:
    """The error for an entry, such as "batch 3", that somebody else has written."""
    return IllegalStateError(
        f"the {log} log of {checkpoint} has {entry} already: another query runs on this checkpoint. Give each query a "
        "checkpointLocation of its own"
    )

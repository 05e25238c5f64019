"""A folder whose files appear whole or not at all, on any file system that fsspec knows (Spark: CheckpointFileManager).

A file is written under another name, then the time that writing takes passes, then it gets its name. A process that
dies in between leaves `.<name>.<number>.tmp`, which nobody reads. A name is given once: whoever comes second is told.
"""

from __future__ import annotations

from collections.abc import Callable

import fsspec

Charge = Callable[[int], None]
"""Lets the time pass that so many bytes need to reach the disk; a crash of the process may fall into it."""


def no_time(size_bytes: int) -> None:
    """A `Charge` for files whose time nobody counts."""


class Folder:
    """`url` as a user writes it: /tmp/x, file:///tmp/x, memory://x, sim://x. It is made at the first write."""

    def __init__(self, url: str, charge: Charge = no_time) -> None:
        self.url = url.rstrip("/")
        self._files, path = fsspec.core.url_to_fs(self.url)
        self._path = str(path).rstrip("/")
        self._charge = charge

    def url_of(self, name: str) -> str:
        """What messages call a file of this folder."""
        return f"{self.url}/{name}"

    def names(self) -> list[str]:
        """The names of all that is in it, sorted; unfinished files and checksums, which begin with a dot, left out."""
        self._files.invalidate_cache()
        try:
            listed = self._files.ls(self._path, detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
        names = (str(path).rstrip("/").rpartition("/")[2] for path in listed)
        return sorted(name for name in names if not name.startswith("."))

    def has(self, name: str) -> bool:
        """Whether a file has this name."""
        return bool(self._files.exists(self._path_of(name)))

    def read(self, name: str) -> bytes | None:
        """The content of a file, None when there is none. Raises `OSError`."""
        try:
            data: bytes = self._files.cat_file(self._path_of(name))
        except FileNotFoundError:
            return None
        return data

    def create(self, name: str, data: bytes) -> bool:
        """Write a file that is not there yet; False, and nothing changed, when another came first. Raises `OSError`."""
        final = self._path_of(name)
        self._files.makedirs(self._path, exist_ok=True)
        temporary = self._free_name(name)
        with self._files.open(temporary, "wb") as file:
            file.write(data)
        self._charge(len(data))
        if self._files.exists(final):
            self._files.rm_file(temporary)
            return False
        self._files.mv(temporary, final)
        return True

    def remove(self, name: str) -> None:
        """Delete a file, if it is there."""
        try:
            self._files.rm_file(self._path_of(name))
        except FileNotFoundError:
            return

    def modified_ms(self, name: str) -> float:
        """When a file was written, by the clock of its file system. Raises `FileNotFoundError`."""
        moment: float = self._files.modified(self._path_of(name)).timestamp()
        return moment * 1000

    def _path_of(self, name: str) -> str:
        return f"{self._path}/{name}"

    def _free_name(self, name: str) -> str:
        """A dead process may have left one, and a task that runs twice may be writing another right now."""
        number = 0
        while self._files.exists(path := self._path_of(f".{name}.{number}.tmp")):
            number += 1
        return path

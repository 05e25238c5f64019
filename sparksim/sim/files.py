"""Files in virtual time: each appears at its moment, with the modification time its story gives it.

They are an fsspec file system under the protocol `sim`, so a program reads `sim://in/a.txt` as it reads any other path,
and what it writes there is modified at the virtual now. As on a real disk, a rename keeps the modification time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from io import BytesIO
from math import inf
from typing import Any

import fsspec
from fsspec.spec import AbstractFileSystem

from sparksim.cluster.clock import Clock
from sparksim.core.arguments import is_number
from sparksim.core.errors import IllegalArgumentError

PROTOCOL = "sim"

FileStory = tuple[float, str | bytes] | tuple[float, str | bytes, float]
"""The second in which a file appears, its content and, unless that is the same second, when it was last modified."""


@dataclass(frozen=True)
class SimulatedFile:
    """Nobody sees it before `appears_ms`."""

    data: bytes
    appears_ms: float
    modified_ms: float


class SimulatedFiles:
    """`{path: (seconds, content)}` or `(seconds, content, modified_seconds)`; text is stored as UTF-8.

    `mount` makes them what `sim:` paths mean. Raises `IllegalArgumentError` for a story of another shape.
    """

    def __init__(self, clock: Clock, files: Mapping[str, FileStory] | None = None) -> None:
        self._clock = clock
        self._made: dict[str, float] = {}
        self._files: dict[str, SimulatedFile] = {}
        self._entries: dict[str, dict[str, None]] = {}
        for path, story in (files or {}).items():
            self._place(plain_path(path), _file(path, story))

    def live_by(self, clock: Clock) -> None:
        """From now on this clock says what time it is."""
        self._clock = clock

    def mount(self) -> None:
        """From now on `sim:` paths are these files, in this thread of control and what it starts."""
        fsspec.register_implementation(PROTOCOL, SimulatedFileSystem, clobber=True)
        _mounted.set(self)

    def unmount(self) -> None:
        """From now on `sim:` paths are nothing."""
        _mounted.set(None)

    def info(self, path: str) -> dict[str, Any]:
        """What fsspec says of a path: name, size, type, mtime in seconds. Raises `FileNotFoundError`."""
        file = self._present(path)
        if file is not None:
            return {"name": path, "size": len(file.data), "type": "file", "mtime": file.modified_ms / 1000}
        if path and not self._is_there(path):
            raise FileNotFoundError(f"{PROTOCOL}://{path} does not exist at {self._clock.now_ms / 1000:g} s")
        changed = [file.appears_ms for name in self._entries.get(path, ()) if (file := self._present(name))]
        if path in self._made:
            changed.append(self._made[path])
        return {"name": path, "size": 0, "type": "directory", "mtime": max(changed, default=0.0) / 1000}

    def contents(self) -> dict[str, bytes]:
        """All that is there now, by URL, in order of names."""
        return {f"{PROTOCOL}://{path}": self._files[path].data for path in sorted(self._files) if self._present(path)}

    def children(self, path: str) -> list[str]:
        """The names right below a directory, sorted."""
        return sorted(name for name in self._entries.get(path, ()) if self._is_there(name))

    def read(self, path: str) -> bytes:
        """The content of a file. Raises `FileNotFoundError`, `IsADirectoryError`."""
        if self.info(path)["type"] == "directory":
            raise IsADirectoryError(f"{PROTOCOL}://{path} is a directory")
        return self._files[path].data

    def write(self, path: str, data: bytes) -> None:
        """Write a whole file, now."""
        now_ms = self._clock.now_ms
        self._place(path, SimulatedFile(data, now_ms, now_ms))

    def make_directory(self, path: str) -> None:
        """An empty directory, unless there is one."""
        self._made.setdefault(path, self._clock.now_ms)
        self._enter(path)

    def remove(self, path: str) -> None:
        """Remove a file or an empty directory."""
        self._files.pop(path, None)
        self._made.pop(path, None)
        self._leave(path)

    def rename(self, path: str, new_path: str) -> None:
        """Move a file or a directory; modification times of files go with them."""
        self.info(path)
        for name in list(self._from(path)):
            file = self._present(name)
            if file is not None:
                del self._files[name]
                self._leave(name)
                self._place(new_path + name[len(path) :], replace(file, appears_ms=self._clock.now_ms))
        self._made.pop(path, None)
        self._leave(path)

    def _present(self, path: str) -> SimulatedFile | None:
        """The file at a path, if it has appeared."""
        file = self._files.get(path)
        return file if file is not None and file.appears_ms <= self._clock.now_ms else None

    def _is_there(self, path: str) -> bool:
        """Whether a path is a file that has appeared, or a directory with one in it, or one that was made."""
        if path in self._made or self._present(path) is not None:
            return True
        return any(self._is_there(name) for name in self._entries.get(path, ()))

    def _from(self, path: str) -> Iterator[str]:
        """A path and all below it."""
        yield path
        for name in self._entries.get(path, ()):
            yield from self._from(name)

    def _place(self, path: str, file: SimulatedFile) -> None:
        self._files[path] = file
        self._enter(path)

    def _enter(self, path: str) -> None:
        """Directories know what is right below them, so that no call looks at all files there are."""
        while path and path not in self._entries.setdefault(_parent(path), {}):
            self._entries[_parent(path)][path] = None
            path = _parent(path)

    def _leave(self, path: str) -> None:
        """The directories above forget a path at which nothing is left, and those that become empty by that."""
        while path and not (path in self._files or path in self._made or self._entries.get(path)):
            self._entries.pop(path, None)
            self._entries.get(_parent(path), {}).pop(path, None)
            path = _parent(path)


_mounted: ContextVar[SimulatedFiles | None] = ContextVar("sparksim simulated files", default=None)


class SimulatedFileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec ships no types
    """fsspec's view of the mounted files. Raises `FileNotFoundError` when there are none."""

    protocol = PROTOCOL
    root_marker = ""
    cachable = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        mounted = _mounted.get()
        if mounted is None:
            raise FileNotFoundError(f"{PROTOCOL}: paths exist only inside a simulation that was given files")
        self._mounted = mounted

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        return [plain_path(each) for each in path] if isinstance(path, list) else plain_path(path)

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        return self._mounted.info(plain_path(path))

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> list[Any]:
        info = self.info(path)
        names = self._mounted.children(info["name"]) if info["type"] == "directory" else [info["name"]]
        return [self.info(name) for name in names] if detail else names

    def modified(self, path: str) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.info(path)["mtime"], dt.timezone.utc)

    def mkdir(self, path: str, create_parents: bool = True, **kwargs: Any) -> None:
        self._mounted.make_directory(plain_path(path))

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        if not exist_ok and self.exists(path):
            raise FileExistsError(path)
        self.mkdir(path)

    def rm_file(self, path: str) -> None:
        self._mounted.remove(plain_path(path))

    rmdir = rm_file

    def mv(self, path1: str, path2: str, recursive: bool = False, maxdepth: int | None = None, **kwargs: Any) -> None:
        self._mounted.rename(plain_path(path1), plain_path(path2))

    def cp_file(self, path1: str, path2: str, **kwargs: Any) -> None:
        self._mounted.write(plain_path(path2), self._mounted.read(plain_path(path1)))

    def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> BytesIO:
        if mode == "rb":
            return BytesIO(self._mounted.read(path))
        if mode == "wb":
            return _NewFile(self._mounted, path)
        raise ValueError(
            f"mode {mode!r} of {PROTOCOL}://{path}: simulated files are read ('rb') or written anew ('wb')"
        )


class _NewFile(BytesIO):
    """Becomes a file when it is closed."""

    def __init__(self, files: SimulatedFiles, path: str) -> None:
        super().__init__()
        self._files = files
        self._path = path

    def close(self) -> None:
        if not self.closed:
            self._files.write(self._path, self.getvalue())
        super().close()


def plain_path(path: str) -> str:
    """`in/a.txt` for `sim://in/a.txt`."""
    return str(path).removeprefix(f"{PROTOCOL}:").strip("/")


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _file(path: str, story: Any) -> SimulatedFile:
    problem = f"files[{path!r}]={story!r}: give (seconds, text) or (seconds, text, modified_seconds)"
    if not isinstance(story, tuple | list) or len(story) not in (2, 3):
        raise IllegalArgumentError(problem)
    appears, content, modified = (*story, story[0])[:3]
    if not isinstance(content, str | bytes) or not _is_moment(appears) or not _is_moment(modified):
        raise IllegalArgumentError(problem)
    data = content.encode("utf-8") if isinstance(content, str) else content
    return SimulatedFile(data, round(appears * 1000, 3), round(modified * 1000, 3))


def _is_moment(value: Any) -> bool:
    return is_number(value, least=-inf)

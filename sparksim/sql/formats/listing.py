"""Which files a path names as data (Spark: InMemoryFileIndex, MetadataLogFileIndex).

A folder gives the files in it and in its folders called `column=value`, whose columns become those of the rows. Names
that begin with `_` or `.` are hidden. Where a streaming query wrote (`_spark_metadata`), only what its log lists
counts.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import unquote

import fsspec

from sparksim.core.files import File, glob, is_glob, is_hidden, url_of
from sparksim.sql import types as t
from sparksim.sql.formats import values
from sparksim.sql.streaming.store.file_logs import FileSinkLog
from sparksim.sql.utils import AnalysisException

METADATA = "_spark_metadata"
NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class DataFile:
    """A file, when it was modified, and the columns that its folders name, as texts; None for NULL."""

    file: File
    modified_ms: int
    folders: Mapping[str, str | None]

    @property
    def url(self) -> str:
        """As the logs of queries name it, with an authority: `file:///data/a.txt`."""
        return long_url(self.file.files, self.file.path)


def listed(paths: Sequence[str], options: Mapping[str, str], must_exist: bool = False) -> list[DataFile]:
    """The files below these paths, which may be globs. `options` by names in lower case.

    `pathGlobFilter`: only files of such names. `recursiveFileLookup`: those in all folders, whose names mean nothing.
    Raises `AnalysisException` for a path without anything, if it `must_exist`.
    """
    recursive = options.get("recursivefilelookup", "false").lower() == "true"
    pattern = options.get("pathglobfilter", "*")
    if must_exist:
        check_paths(paths, with_globs=True)
    found = [file for path in paths for file in _files_of(path, recursive)]
    return [each for each in found if fnmatch.fnmatchcase(name_of(each.file.path), pattern)]


def check_paths(paths: Sequence[str], with_globs: bool = False) -> None:
    """Raise `AnalysisException` for a path that does not exist; `with_globs` also for a glob that matches nothing."""
    for path in paths:
        files, root = fsspec.core.url_to_fs(path)
        files.invalidate_cache()
        if (with_globs or not is_glob(root)) and not glob(files, root):
            raise AnalysisException(
                f"[PATH_NOT_FOUND] Path does not exist: {url_of(files, root)}. Make the directory before the program "
                "reads it"
            )


def file_at(url: str, root: str) -> DataFile | None:
    """One file of a log, None when it is gone. `root` is the path that was read, whose folders below name columns."""
    files, path = fsspec.core.url_to_fs(url)
    files.invalidate_cache()
    try:
        return _data_file(files, files.info(path), _root_of(files, path, root))
    except FileNotFoundError:
        return None


def has_log(path: str) -> bool:
    """Whether a streaming query wrote this folder, and its log says what counts."""
    files, root = fsspec.core.url_to_fs(path)
    return not is_glob(root) and bool(files.exists(f"{root.rstrip('/')}/{METADATA}"))


def partition_schema(found: Sequence[DataFile]) -> t.StructType:
    """The columns that folders name: whole numbers, numbers, dates, timestamps or texts, whatever fits all values."""
    names = dict.fromkeys(name for each in found for name in each.folders)
    return t.StructType(
        [t.StructField(name, _common_type([each.folders.get(name) for each in found])) for name in names]
    )


def folder_value(text: str | None, data_type: t.DataType) -> Any:
    """A value of a column that a folder names; None for what is no value of the type."""
    if text is None:
        return None
    try:
        return values.text_converter(data_type)(text)
    except ValueError:
        return None


def name_of(path: str) -> str:
    """The last part of a path."""
    return path.rstrip("/").rpartition("/")[2]


def long_url(files: Any, path: str) -> str:
    """`file:///data/a.txt` for /data/a.txt."""
    return f"file://{path}" if "file" in files.protocol else str(files.unstrip_protocol(path))


# --- listing ----------------------------------------------------------------------------------------------------------


def _files_of(path: str, recursive: bool) -> Iterator[DataFile]:
    files, root = fsspec.core.url_to_fs(path)
    files.invalidate_cache()
    if has_log(path):
        yield from _logged(path, str(root).rstrip("/"))
        return
    for found in glob(files, root):
        info = files.info(found)
        if info["type"] == "directory":
            yield from _below(files, info["name"], info["name"], recursive)
        elif not is_hidden(name_of(found)):
            yield _data_file(files, info, found)


def _below(files: Any, folder: str, root: str, recursive: bool) -> Iterator[DataFile]:
    for info in sorted(files.ls(folder, detail=True), key=lambda info: str(info["name"])):
        name = name_of(info["name"])
        if info["type"] == "directory":
            # A folder whose column begins with _ is no hidden one.
            if "=" in name or (recursive and not is_hidden(name)):
                yield from _below(files, info["name"], root, recursive)
        elif not is_hidden(name):
            yield _data_file(files, info, info["name"] if recursive else root)


def _logged(path: str, root: str) -> Iterator[DataFile]:
    """What the log of a file sink lists. Its times are those of the log, as nobody may change the files."""
    for entry in FileSinkLog(f"{path.rstrip('/')}/{METADATA}", lambda: 0.0).all_entries():
        files, name = fsspec.core.url_to_fs(entry.path)
        file = File(files, name, url_of(files, name), entry.size_bytes)
        yield DataFile(file, entry.modified_ms, _folders(name, root))


def _data_file(files: Any, info: Mapping[str, Any], root: str) -> DataFile:
    name = str(info["name"])
    file = File(files, name, url_of(files, name), int(info["size"]))
    return DataFile(file, _modified_ms(files, info), _folders(name, root))


def _modified_ms(files: Any, info: Mapping[str, Any]) -> int:
    seconds: float = info["mtime"] if "mtime" in info else files.modified(info["name"]).timestamp()
    return round(seconds * 1_000_000) // 1000


def _root_of(files: Any, path: str, root: str) -> str:
    """The folder among those that `root` names in which a file lies."""
    _, pattern = fsspec.core.url_to_fs(root)
    return next((each for each in glob(files, pattern) if path.startswith(f"{each.rstrip('/')}/")), path)


def _folders(path: str, root: str) -> dict[str, str | None]:
    """The columns that the folders between `root` and a file name."""
    inner = path[len(root.rstrip("/")) :].strip("/").split("/")[:-1]
    pairs = (folder.partition("=") for folder in inner if "=" in folder)
    return {unquote(name): None if value == NULL_FOLDER else unquote(value) for name, _, value in pairs}


def _common_type(texts: Sequence[str | None]) -> t.DataType:
    given = [text for text in texts if text is not None]
    for kind, convert in _FOLDER_TYPES:
        if given and _all_convert(convert, given):
            return kind
    return t.StringType()


def _all_convert(convert: values.Convert, texts: Sequence[str]) -> bool:
    try:
        return bool([convert(text) for text in texts])
    except ValueError:
        return False


_FOLDER_TYPES: list[tuple[t.DataType, values.Convert]] = [
    (t.IntegerType(), partial(values.whole_of, 32)),
    (t.LongType(), partial(values.whole_of, 64)),
    (t.DoubleType(), values.float_of),
    (t.DateType(), values.day_of),
    (t.TimestampType(), values.moment_of),
]

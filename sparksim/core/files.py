"""RDDs of files, through fsspec: lines, whole files, records of fixed length, split as Hadoop splits them.

Paths may name files, directories or globs, several joined by commas. Names that start with `_` or `.` are left out.
"""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import fsspec

from sparksim.core.errors import IllegalArgumentError, InvalidInput, SparkException
from sparksim.core.rdd import RDD
from sparksim.core.steps import metered

if TYPE_CHECKING:
    from sparksim.core.context import SparkContext
    from sparksim.core.task_context import TaskContext

BLOCK_BYTES = 32 * 1024 * 1024
"""The block size that Hadoop gives local files (fs.local.block.size)."""

OPEN_COST_BYTES = 4 * 1024 * 1024
MAX_GROUP_BYTES = 128 * 1024 * 1024
"""spark.files.openCostInBytes and spark.files.maxPartitionBytes."""

SPLIT_SLOP = 1.1
"""The last split of a file may be this much longer than the others (FileInputFormat.SPLIT_SLOP)."""

READ_AHEAD_BYTES = 64 * 1024

_DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".deflate": zlib.decompress,
}
_BOM = b"\xef\xbb\xbf"


class File(NamedTuple):
    """A file to read; `url` is what the user sees."""

    files: Any
    path: str
    url: str
    size_bytes: int

    def read(self, start: int = 0, end: int | None = None) -> bytes:
        data: bytes = self.files.cat_file(self.path, start=start, end=end)
        return data


class Split(NamedTuple):
    """Bytes `start` to `end` (excluded) of a file."""

    file: File
    start: int
    end: int


class FileRDD(RDD[Any]):
    """Files looked up when the partitions are first asked for, as in Hadoop: making the RDD touches no file."""

    def __init__(self, ctx: SparkContext, path: str, minPartitions: int = 0) -> None:
        super().__init__(ctx)
        self.setName(path)
        self._path = path
        self._least = minPartitions
        self._splits: list[list[Split]] | None = None

    def getNumPartitions(self) -> int:
        return len(self._partitions())

    def _partitions(self) -> list[list[Split]]:
        if self._splits is None:
            self._splits = self._split(find_files(self._path))
        return self._splits

    def _split(self, files: list[File]) -> list[list[Split]]:
        raise NotImplementedError(f"{type(self).__name__} must define _split(files)")

    def compute(self, index: int, task: TaskContext) -> Iterator[Any]:
        return metered(map(self._read, self._partitions()[index]), task.services.meter, "input")

    def _read(self, split: Split) -> list[Any]:
        raise NotImplementedError(f"{type(self).__name__} must define _read(split)")


class TextFileRDD(FileRDD):
    """The lines of text files (Hadoop: TextInputFormat). A line belongs to the split in which it starts."""

    def __init__(self, ctx: SparkContext, path: str, minPartitions: int, use_unicode: bool) -> None:
        super().__init__(ctx, path, minPartitions)
        self._use_unicode = use_unicode

    def _split(self, files: list[File]) -> list[list[Split]]:
        goal = sum(file.size_bytes for file in files) // max(self._least, 1)
        size = max(1, min(goal, BLOCK_BYTES))
        splits = []
        for file in files:
            start = 0
            if not file.path.endswith((".gz", ".deflate")):
                while (file.size_bytes - start) / size > SPLIT_SLOP:
                    splits.append([Split(file, start, start + size)])
                    start += size
            if start < file.size_bytes:
                splits.append([Split(file, start, file.size_bytes)])
        return splits

    def _read(self, split: Split) -> list[Any]:
        lines = _lines_of(split)
        return [decode(line) for line in lines] if self._use_unicode else lines


class WholeFileRDD(FileRDD):
    """(path, content) pairs; small files share a partition of at most `most(files)` bytes, roughly."""

    def __init__(
        self, ctx: SparkContext, path: str, convert: Callable[[bytes], Any], most: Callable[[list[File]], int]
    ) -> None:
        super().__init__(ctx, path)
        self._convert = convert
        self._most = most

    def _split(self, files: list[File]) -> list[list[Split]]:
        """Fill up partitions, first with the files that have data; what is left over fills up the last ones.

        Hadoop: CombineFileInputFormat, on one machine. Its last pass takes empty files too.
        """
        most = self._most(files)
        full, rest = _fill_up([file for file in files if file.size_bytes], most)
        more, last = _fill_up([file for file in files if file in rest or not file.size_bytes], most)
        groups = [*full, *more, *([last] if last else [])]
        return [[Split(file, 0, file.size_bytes) for file in group] for group in groups]

    def _read(self, split: Split) -> list[Any]:
        return [(split.file.url, self._convert(decompressed(split.file)))]


def text_group_bytes(minPartitions: int, files: list[File]) -> int:
    """How much goes into a partition of `wholeTextFiles` (Spark: WholeTextFileInputFormat)."""
    return -(-sum(file.size_bytes for file in files) // max(minPartitions, 1))


def binary_group_bytes(partitions: int, files: list[File]) -> int:
    """How much goes into a partition of `binaryFiles`; a file costs 4 MiB to open (Spark: StreamFileInputFormat)."""
    total = sum(file.size_bytes + OPEN_COST_BYTES for file in files)
    return min(MAX_GROUP_BYTES, max(OPEN_COST_BYTES, total // partitions))


def _fill_up(files: list[File], most: int) -> tuple[list[list[File]], list[File]]:
    """Groups of at least `most` bytes, in order, and what was not enough for another."""
    groups: list[list[File]] = []
    open_group: list[File] = []
    for file in files:
        open_group.append(file)
        if sum(each.size_bytes for each in open_group) >= most > 0:
            groups.append(open_group)
            open_group = []
    return groups, open_group


class BinaryRecordsRDD(FileRDD):
    """Records of fixed length (Spark: FixedLengthBinaryInputFormat)."""

    def __init__(self, ctx: SparkContext, path: str, recordLength: int) -> None:
        if recordLength <= 0:
            raise IllegalArgumentError(f"recordLength must be positive, got {recordLength!r}")
        super().__init__(ctx, path)
        self._length = recordLength

    def _split(self, files: list[File]) -> list[list[Split]]:
        size = max(BLOCK_BYTES // self._length, 1) * self._length
        return [
            [Split(file, start, min(start + size, file.size_bytes))]
            for file in files
            for start in range(0, file.size_bytes, size)
        ]

    def _read(self, split: Split) -> list[bytes]:
        data = split.file.read(split.start, split.end)
        if len(data) % self._length:
            raise SparkException(
                f"{split.file.url} ends with {len(data) % self._length} bytes, which is no whole record of "
                f"{self._length} bytes"
            )
        return [data[start : start + self._length] for start in range(0, len(data), self._length)]


def find_files(paths: str) -> list[File]:
    """The files that `paths` names, in order of their names. Raises `InvalidInput` for what does not exist."""
    return list(chain.from_iterable(map(_files_at, _split_at_commas(paths))))


def decode(data: bytes) -> str:
    """Text from UTF-8; what is none becomes the replacement character, as in Hadoop's Text."""
    return data.decode("utf-8", "replace")


def glob(files: Any, pattern: str) -> list[str]:
    """The names that match `pattern` in a file system, sorted. A pattern without `*?[{` matches itself if it exists."""
    if not is_glob(pattern):
        return [pattern] if files.exists(pattern) else []
    return sorted(set(chain.from_iterable(map(files.glob, _alternatives(pattern)))))


def url_of(files: Any, path: str) -> str:
    """How Hadoop writes the path of a file: `file:/data/a.txt`, `memory:///data/a.txt`."""
    return f"file:{path}" if "file" in files.protocol else str(files.unstrip_protocol(path))


def _files_at(path: str) -> list[File]:
    files, root = fsspec.core.url_to_fs(path)
    names = [name for name in glob(files, root) if not is_hidden(name)]
    if not names:
        raise InvalidInput(
            f"Input {'pattern matches no file' if is_glob(root) else 'path does not exist'}: {path}. Relative paths "
            "start at the working directory of the driver, and names that start with _ or . are hidden"
        )
    found = []
    for name in names:
        if files.isdir(name):
            inside = sorted(files.ls(name, detail=True), key=lambda info: str(info["name"]))
            found += [info for info in inside if not is_hidden(info["name"])]
        else:
            found.append(files.info(name))
    for info in found:
        if info["type"] == "directory":
            raise SparkException(
                f"not a file: {info['name']}. Directories are read one level deep; use a glob for more"
            )
    return [File(files, info["name"], url_of(files, info["name"]), info["size"]) for info in found]


def is_glob(path: str) -> bool:
    """Whether a path may name several files."""
    return any(sign in path for sign in "*?[{")


def is_hidden(path: str) -> bool:
    """Whether the last name of a path begins with `_` or `.`."""
    return path.rstrip("/").rpartition("/")[2].startswith(("_", "."))


def _split_at_commas(paths: str) -> list[str]:
    """Commas inside braces belong to a glob."""
    parts, depth = [""], 0
    for sign in paths:
        depth += (sign == "{") - (sign == "}")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def _alternatives(glob: str) -> list[str]:
    """Globs without braces for one with: `{a,b}*` is `a*` or `b*`."""
    before, brace, rest = glob.partition("{")
    if not brace:
        return [glob]
    choices, _, after = rest.partition("}")
    return [each for choice in choices.split(",") for each in _alternatives(before + choice + after)]


def _lines_of(split: Split) -> list[bytes]:
    if _decompressor(split.file) is not None:
        # Only whole files can be decompressed, so the first split reads it all.
        return _split_lines(decompressed(split.file)) if split.start == 0 else []
    end = split.end - split.start
    data = split.file.read(split.start, split.end)
    # The line that starts at or before the end belongs to this split, so read on until it is complete.
    while split.start + len(data) < split.file.size_bytes and not _has_line_end(data, end):
        reached = split.start + len(data)
        data += split.file.read(reached, min(reached + READ_AHEAD_BYTES, split.file.size_bytes))
    lines = []
    position = 0
    for line in data.splitlines(keepends=True):
        if position > end:
            break
        if position > 0 or split.start == 0:
            lines.append(line.rstrip(b"\r\n"))
        position += len(line)
    if lines and split.start == 0:
        lines[0] = lines[0].removeprefix(_BOM)
    return lines


def _has_line_end(data: bytes, start: int) -> bool:
    return data.find(b"\n", start) >= 0 or data.find(b"\r", start) >= 0


def _split_lines(data: bytes) -> list[bytes]:
    return data.removeprefix(_BOM).splitlines()


def _decompressor(file: File) -> Callable[[bytes], bytes] | None:
    return next((decompress for suffix, decompress in _DECOMPRESS.items() if file.path.endswith(suffix)), None)


def decompressed(file: File) -> bytes:
    """The content of a file; what is called .gz, .bz2 or .deflate is unpacked."""
    decompress = _decompressor(file)
    return file.read() if decompress is None else decompress(file.read())

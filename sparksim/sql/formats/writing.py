"""Rows into the files of a folder, one for each task (Spark: FileFormatWriter).

A task that fails leaves what it wrote; which files count is for the caller to say, who is told those of the tasks that
succeeded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid4, uuid5

import fsspec

from sparksim.core.rdd import RDD
from sparksim.core.task_context import TaskContext
from sparksim.sql.cells import cell_text
from sparksim.sql.chunks import Table, empty_chunk
from sparksim.sql.formats.format import FileFormat
from sparksim.sql.formats.listing import NULL_FOLDER, long_url
from sparksim.sql.types import DataType, StructType
from sparksim.sql.utils import AnalysisException

if TYPE_CHECKING:
    from sparksim.cluster.backend import ClusterBackend

_SPECIAL = re.compile(r"""[\x00-\x1f"#%'*/:=?\\\x7f{\[\]^]""")
"""Signs that the name of a folder cannot have (Spark: ExternalCatalogUtils.escapePathName)."""


@dataclass(frozen=True)
class Written:
    """A file: its path in its file system, its URL, its size, and when it was written."""

    path: str
    url: str
    size_bytes: int
    modified_ms: int


@dataclass(frozen=True)
class Output:
    """What is written where. Each task's files have a name of their own if `own_names`, else one for all tasks."""

    url: str
    schema: StructType
    form: FileFormat
    partition_by: tuple[str, ...] = ()
    own_names: bool = False

    def check(self) -> None:
        """Raise `AnalysisException` when the columns cannot be written so."""
        refuse_doubles(self.schema)
        names = [name.lower() for name in self.schema.names]
        for name in self.partition_by:
            if name.lower() not in names:
                raise AnalysisException(
                    f"Partition column {name} not found in existing columns ({', '.join(self.schema.names)})."
                )
        if self.partition_by and len(self.partition_by) == len(names):
            raise AnalysisException(
                "[ALL_PARTITION_COLUMNS_NOT_ALLOWED] partitionBy has all columns: one must be left for the files"
            )
        self.form.check(StructType([self.schema.fields[at] for at in self.inner]))

    def aside(self, folder: str) -> Output:
        """The same, into a folder below."""
        return replace(self, url=f"{self.url}/{folder}")

    @property
    def folders(self) -> list[int]:
        """The positions of the columns that become folders, in the order of `partition_by`."""
        names = [name.lower() for name in self.schema.names]
        return [names.index(name.lower()) for name in self.partition_by]

    @property
    def inner(self) -> list[int]:
        """The positions of the other columns."""
        return [at for at in range(len(self.schema)) if at not in self.folders]


def write_files(rdd: RDD[Any], output: Output) -> list[Written]:
    """Run a job that writes the chunks of `rdd`; the files of its tasks, by partition.

    A partition without rows writes nothing, but for the first one of a folder without folders. Raises `SparkJobError`.
    """
    sc = rdd.ctx
    parts = rdd if rdd.getNumPartitions() else sc.parallelize([], 1)
    backend = cast("ClusterBackend", sc._backend)
    draw = backend.seeds.generator(f"files of RDD {parts.id()} in {output.url}")
    job = uuid4() if backend.master.live else UUID(int=draw.getrandbits(128), version=4)
    return list(parts.mapPartitionsWithIndex(partial(_write_part, output, job)).collect())


def refuse_doubles(schema: StructType) -> None:
    """Raise `AnalysisException` when two columns have one name, in any case of letters."""
    names = [name.lower() for name in schema.names]
    for name in schema.names:
        if names.count(name.lower()) > 1:
            raise AnalysisException(
                f"[COLUMN_ALREADY_EXISTS] the column `{name}` is there twice: rename one, as with toDF(...)"
            )


def folder_name(name: str, value: Any, data_type: DataType) -> str:
    """`column=value`, with signs that no folder may have as `%3A`."""
    text = "" if value is None else cell_text(value, data_type)
    return f"{_escaped(name)}={_escaped(text) if text else NULL_FOLDER}"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: f"%{ord(found[0]):02X}", text)


def _write_part(output: Output, job: UUID, index: int, chunks: Iterator[Table]) -> Iterator[Written]:
    """What one task writes."""
    task = TaskContext.get()
    assert task is not None, "only tasks write files"
    own = UUID(bytes=uuid5(job, str(task.taskAttemptId())).bytes, version=4) if output.own_names else job
    inner = StructType([output.schema.fields[at] for at in output.inner])
    files, root = fsspec.core.url_to_fs(output.url)
    parts: dict[str, list[Table]] = {}
    for chunk in chunks:
        for folder, rows in _by_folder(chunk, output):
            part = parts.setdefault(folder, [])
            part.append(_numbered(rows.select(output.inner)))
            if len(part) == 1:
                # A task that dies later leaves its file, as any writer does.
                _write(files, f"{root}{folder}", output.form.write(part, inner), index, own, output)
    if not (parts or index or output.partition_by):
        parts[""] = [empty_chunk(inner)]
    for folder, part in parts.items():
        yield _write(files, f"{root}{folder}", output.form.write(part, inner), index, own, output)


def _write(files: Any, folder: str, data: bytes, index: int, own: UUID, output: Output) -> Written:
    mark = ".c000" if output.partition_by else "-c000"
    path = f"{folder.rstrip('/')}/part-{index:05d}-{own}{mark}{output.form.extension}"
    files.makedirs(folder, exist_ok=True)
    with files.open(path, "wb") as file:
        file.write(data)
    modified_ms = round(files.modified(path).timestamp() * 1_000_000) // 1000
    return Written(path, long_url(files, path), len(data), modified_ms)


def _by_folder(chunk: Table, output: Output) -> Iterator[tuple[str, Table]]:
    """The rows of each folder below the root, `/a=1/b=2`, in the order in which they come first."""
    if not output.partition_by:
        yield "", chunk
        return
    fields = [(output.schema.fields[at], chunk.column(at).to_pylist()) for at in output.folders]
    rows: dict[str, list[int]] = {}
    for row in range(chunk.num_rows):
        names = [folder_name(field.name, column[row], field.dataType) for field, column in fields]
        rows.setdefault("".join(f"/{name}" for name in names), []).append(row)
    for folder, places in rows.items():
        yield folder, chunk.take(places)


def _numbered(chunk: Table) -> Table:
    return chunk.rename_columns([f"c{at}" for at in range(chunk.num_columns)])


def plain_columns(names: Sequence[Any]) -> tuple[str, ...]:
    """Names given one by one or as a list."""
    given = names[0] if len(names) == 1 and isinstance(names[0], list | tuple) else names
    return tuple(map(str, given))

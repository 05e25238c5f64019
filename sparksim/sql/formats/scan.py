"""Files as RDDs of chunks (Spark: FileScanRDD, FilePartition).

A task reads whole files, the largest first; small ones share a partition.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sparksim.core.files import MAX_GROUP_BYTES, OPEN_COST_BYTES, decompressed
from sparksim.core.rdd import RDD
from sparksim.core.steps import metered
from sparksim.sql.chunks import arrow_type, empty_chunk
from sparksim.sql.formats.format import FileFormat
from sparksim.sql.formats.listing import DataFile, folder_value
from sparksim.sql.libraries import pyarrow
from sparksim.sql.types import StructType

if TYPE_CHECKING:
    from sparksim.core.context import SparkContext
    from sparksim.core.task_context import TaskContext

Table = Any


class FilesRDD(RDD[Any]):
    """The rows of files as chunks, one for each file. They are read anew whenever a task runs."""

    def __init__(self, sc: SparkContext, files: Sequence[DataFile], form: FileFormat, schema: StructType) -> None:
        super().__init__(sc)
        self._form = form
        self._schema = schema
        self._groups = grouped(files, sc.defaultParallelism)

    def getNumPartitions(self) -> int:
        return len(self._groups)

    def compute(self, index: int, task: TaskContext) -> Iterator[Any]:
        chunks = ([read_file(each, self._form, self._schema)] for each in self._groups[index])
        return metered(chunks, task.services.meter, "input")


def grouped(files: Sequence[DataFile], parallelism: int) -> list[list[DataFile]]:
    """What each task reads: no group gets more than its share, opening a file counted as 4 MiB."""
    total = sum(each.file.size_bytes + OPEN_COST_BYTES for each in files)
    most = min(MAX_GROUP_BYTES, max(OPEN_COST_BYTES, total // parallelism))
    groups: list[list[DataFile]] = []
    filled = 0
    for each in sorted(files, key=lambda each: -each.file.size_bytes):
        if not groups or filled + each.file.size_bytes > most:
            groups.append([])
            filled = 0
        groups[-1].append(each)
        filled += each.file.size_bytes + OPEN_COST_BYTES
    return groups


def read_file(data_file: DataFile, form: FileFormat, schema: StructType) -> Table:
    """The rows of one file, with the columns that its folders name."""
    data = decompressed(data_file.file)
    inside = StructType([field for field in schema if field.name not in data_file.folders])
    chunk = form.read(data, inside) if data else empty_chunk(inside)
    columns = dict(zip(inside.names, chunk.columns, strict=True))
    for field in schema:
        if field.name in data_file.folders:
            value = folder_value(data_file.folders[field.name], field.dataType)
            columns[field.name] = pyarrow().array([value] * chunk.num_rows, arrow_type(field.dataType))
    names = [f"c{at}" for at in range(len(schema))]
    return pyarrow().table([columns[name] for name in schema.names], names=names)

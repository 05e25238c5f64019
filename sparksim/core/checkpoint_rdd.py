"""An RDD that was checkpointed, read back from its files (Spark: ReliableCheckpointRDD).

The application that wrote them may be gone: a restarted driver finds the state of its streams this way.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import fsspec

from sparksim.core.checkpoint import PARTITIONER, ReliableCheckpoint
from sparksim.core.context import SparkContext
from sparksim.core.errors import SparkException
from sparksim.core.rdd import RDD
from sparksim.core.serializer import loads
from sparksim.core.task_context import TaskContext

T = TypeVar("T")


class CheckpointRDD(RDD[T]):
    """One partition per part file, partitioned as it was. Raises `SparkException` when the files are not all there."""

    def __init__(self, ctx: SparkContext, directory: str) -> None:
        files, path = fsspec.core.url_to_fs(directory)
        try:
            names = sorted(name.rpartition("/")[2] for name in files.ls(path, detail=False))
        except FileNotFoundError as error:
            raise SparkException(f"Invalid checkpoint directory: {directory} does not exist") from error
        parts = [name for name in names if name.startswith("part-") and "." not in name]
        if parts != [f"part-{index:05d}" for index in range(len(parts))]:
            raise SparkException(
                f"Invalid checkpoint directory: {directory} does not hold the parts of an RDD: {names}"
            )
        partitioner = loads(files.cat_file(f"{path}/{PARTITIONER}")) if PARTITIONER in names else None
        super().__init__(ctx, (), partitioner)
        self._parts = len(parts)
        self._checkpoint = ReliableCheckpoint(directory)
        self._checkpoint.done = True

    def getNumPartitions(self) -> int:
        return self._parts

    def compute(self, index: int, task: TaskContext) -> Iterator[Any]:
        assert self._checkpoint is not None
        return self._checkpoint.read(self, index, task)

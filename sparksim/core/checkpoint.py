"""Checkpoints of RDDs: data kept aside so that its lineage can be forgotten (Spark: RDDCheckpointData).

An RDD marked for a checkpoint is written after the first job that used it, by a job of its own. An RDD that was used
before it was marked is never checkpointed, as in Spark (RDD.doCheckpoint). What was written can be read back by
another application: `checkpoint_rdd.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import fsspec

from sparksim.core import local_properties
from sparksim.core.errors import SparkException
from sparksim.core.serializer import dump_records, dumps, load_records

if TYPE_CHECKING:
    from sparksim.core.rdd import RDD
    from sparksim.core.task_context import TaskContext


PARTITIONER = "_partitioner"
"""The file that says how a checkpointed RDD was partitioned."""


class Checkpoint:
    """Where the data of one RDD goes. `done` once it is there."""

    directory: str | None = None

    def __init__(self) -> None:
        self.done = False

    def materialise(self, rdd: RDD[Any], everything_computed: bool) -> None:
        """Keep the data. `everything_computed`: the job before has computed all partitions."""
        raise NotImplementedError

    def read(self, rdd: RDD[Any], index: int, task: TaskContext) -> Iterator[Any]:
        """The records of one partition."""
        raise NotImplementedError


class ReliableCheckpoint(Checkpoint):
    """Data in files, one per partition (Spark: ReliableRDDCheckpointData)."""

    def __init__(self, directory: str) -> None:
        super().__init__()
        self.directory: str = directory

    def materialise(self, rdd: RDD[Any], everything_computed: bool) -> None:
        files, path = fsspec.core.url_to_fs(self.directory)
        files.makedirs(path, exist_ok=True)
        rdd.ctx._run(rdd, partial(_write_part, self.directory), range(rdd.getNumPartitions()))
        if rdd.partitioner is not None:
            with files.open(f"{path}/{PARTITIONER}", "wb") as file:
                file.write(dumps(rdd.partitioner))

    def read(self, rdd: RDD[Any], index: int, task: TaskContext) -> Iterator[Any]:
        path = _part(self.directory, index)
        try:
            with fsspec.open(path, "rb") as file:
                records = load_records(file.read())
        except FileNotFoundError as error:
            raise SparkException(f"checkpoint file {path} of {rdd!r} is gone, and so is its lineage") from error
        return task.services.meter(records, "input")


class LocalCheckpoint(Checkpoint):
    """Data in the caches of the executors only; lost with them (Spark: LocalRDDCheckpointData)."""

    def materialise(self, rdd: RDD[Any], everything_computed: bool) -> None:
        if not everything_computed:
            rdd.ctx._run(rdd, _drain, range(rdd.getNumPartitions()))

    def read(self, rdd: RDD[Any], index: int, task: TaskContext) -> Iterator[Any]:
        raise SparkException(
            f"partition {index} of {rdd!r} was checkpointed locally, the executor that held it is lost or has dropped "
            "it, and its lineage is gone. Use checkpoint() to survive the loss of executors."
        )


def materialise_below(rdd: RDD[Any], partitions: Sequence[int]) -> None:
    """After a job on `rdd`: checkpoint the nearest marked RDDs under it (Spark: RDD.doCheckpoint).

    With the local property `spark.checkpoint.checkpointAllMarkedAncestors`, which streaming sets, also those further
    away, the furthest first: otherwise one state behind another would never be written.
    """
    if local_properties.get(local_properties.CHECKPOINT_ALL_ANCESTORS) == "true":
        for marked in reversed(_marked_ancestors(rdd)):
            # The job may have touched only some of its partitions.
            _materialise_nearest(marked, everything_computed=False)
    _materialise_nearest(rdd, len(set(partitions)) == rdd.getNumPartitions())


def _materialise_nearest(rdd: RDD[Any], everything_computed: bool) -> None:
    waiting = [rdd]
    while waiting:
        each = waiting.pop()
        if each._checkpoint_considered:
            continue
        each._checkpoint_considered = True
        checkpoint = each._checkpoint
        if checkpoint is None:
            waiting += [dependency.rdd for dependency in reversed(each.dependencies)]
        elif not checkpoint.done:
            checkpoint.materialise(each, everything_computed)
            checkpoint.done = True
            each._forget_parents()


def _marked_ancestors(rdd: RDD[Any]) -> list[RDD[Any]]:
    """The marked RDDs that stand behind another marked one, each before those behind it."""
    found: list[RDD[Any]] = []
    seen: set[int] = set()
    waiting = [(rdd, False)]
    while waiting:
        each, behind = waiting.pop()
        if each.id() in seen or each._checkpoint_considered:
            continue
        seen.add(each.id())
        marked = each._checkpoint is not None and not each._checkpoint.done
        if marked and behind:
            found.append(each)
        waiting += [(dependency.rdd, behind or marked) for dependency in each.dependencies]
    return found


def _part(directory: str, index: int) -> str:
    return f"{directory}/part-{index:05d}"


def _write_part(directory: str, task: TaskContext, records: Iterator[Any]) -> None:
    """Written under a name of its own and then renamed, so that a task that dies leaves no half part."""
    part = _part(directory, task.partitionId())
    files, path = fsspec.core.url_to_fs(part)
    attempt = f"{path}.attempt-{task.taskAttemptId()}"
    data = dump_records(list(records))
    with files.open(attempt, "wb") as file:
        file.write(data)
    files.mv(attempt, path)


def _drain(task: TaskContext, records: Iterator[Any]) -> None:
    for _ in records:
        pass

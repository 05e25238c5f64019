"""What one task does: read a partition through the fused chain, and give a result or write shuffle buckets.

Spark: ResultTask, ShuffleMapTask. Time passes inside `task.services` only.
"""

from __future__ import annotations

from typing import Any

from sparksim.core.backend import PartitionFunction
from sparksim.core.combine import combine_partition
from sparksim.core.dependency import ShuffleDependency
from sparksim.core.rdd import RDD
from sparksim.core.serializer import dump_records
from sparksim.core.steps import STOPPED, apply
from sparksim.core.task_context import TaskContext


def run_result_task(rdd: RDD[Any], func: PartitionFunction, index: int, task: TaskContext) -> Any:
    """Compute `func(task, records)` over partition `index`."""
    with task.active():
        try:
            return func(task, rdd.iterator(index, task))
        except StopIteration as error:
            raise RuntimeError(STOPPED) from error


def run_shuffle_map_task(dep: ShuffleDependency, index: int, task: TaskContext) -> int:
    """Sort partition `index` of the map side into buckets, one per reduce partition; returns the records written."""
    with task.active():
        try:
            return _write_buckets(dep, index, task)
        except StopIteration as error:
            raise RuntimeError(STOPPED) from error


def _write_buckets(dep: ShuffleDependency, index: int, task: TaskContext) -> int:
    steps, partition_func, aggregator = dep.closure.load()
    records = dep.rdd.base.iterator(index, task)
    count = dep.partitioner.numPartitions
    buckets: list[list[Any]] = [[] for _ in range(count)]
    if dep.map_side_combine and aggregator is not None:
        for pair in combine_partition(aggregator, steps, index, records).items():
            buckets[partition_func(pair[0]) % count].append(pair)
    else:
        for key, value in apply(steps, index, records):
            buckets[partition_func(key) % count].append((key, value))
    written = sum(map(len, buckets))
    task.services.write_shuffle(dep.shuffle_id, index, [dump_records(bucket) for bucket in buckets], written)
    return written

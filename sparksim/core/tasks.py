"""What one task does: read a partition through the fused chain, and give a result or write shuffle buckets.

Spark: ResultTask, ShuffleMapTask. Time passes inside `task.services` only.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sparksim.core.backend import PartitionFunction
from sparksim.core.combine import combine_partition
from sparksim.core.counted import rows_of_pairs
from sparksim.core.dependency import ShuffleDependency
from sparksim.core.rdd import RDD
from sparksim.core.serializer import dump_records
from sparksim.core.steps import STOPPED, apply
from sparksim.core.task_context import TaskContext

EMPTY_BUCKET = dump_records([])
"""What a map task writes where it has nothing for a reduce partition."""


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
    filled: defaultdict[int, list[Any]] = defaultdict(list)
    if dep.map_side_combine and aggregator is not None:
        for pair in combine_partition(aggregator, steps, index, records).items():
            filled[partition_func(pair[0]) % count].append(pair)
    else:
        for key, value in apply(steps, index, records):
            filled[partition_func(key) % count].append((key, value))
    buckets, written = [EMPTY_BUCKET] * count, 0
    for bucket, pairs in filled.items():
        buckets[bucket] = dump_records(pairs)
        written += rows_of_pairs(pairs)
    task.services.write_shuffle(dep.shuffle_id, index, buckets, written)
    return written

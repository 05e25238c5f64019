"""The pipelines of recordings as streaming programs: their functions do nothing but take the declared time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from operator import add, sub
from typing import Any

from sparksim.core.rdd import RDD
from sparksim.core.task_context import TaskContext
from sparksim.fidelity.recording import Cost, Pipeline, RecordingError
from sparksim.sim.work import work
from sparksim.streaming.dstream import DStream

KEYS = 8
"""How many keys the records of keyed pipelines have."""

EPOCH = dt.datetime(1970, 1, 1)


class TaskFailed(Exception):
    """What a task raises that the scenario lets fail."""


def build(stream: DStream[Any], pipeline: Pipeline, batch_ms: int) -> None:
    """Define the outputs of a pipeline on a stream of record numbers. Raises `RecordingError` for an unknown kind."""
    if pipeline.kind == "map":
        for cost in pipeline.outputs:
            stream.foreachRDD(_spend_in_output(cost, batch_ms))
        return
    if pipeline.kind == "window":
        window_s, slide_s = _seconds(pipeline.window_ms), _seconds(pipeline.slide_ms)
        stream.window(window_s, slide_s).foreachRDD(_spend_in_output(pipeline.outputs[0], batch_ms))
        return
    if pipeline.kind == "map_reduce":
        reduced = _keyed(stream, pipeline.outputs[0]).reduceByKey(add, pipeline.reducers)
        reduced.foreachRDD(_spend_in_output(pipeline.reduce_cost or Cost(), batch_ms))
        return
    pairs = _keyed(stream, pipeline.map_cost or Cost())
    if pipeline.kind == "reduce_window":
        window_s, slide_s = _seconds(pipeline.window_ms), _seconds(pipeline.slide_ms)
        inverse = sub if pipeline.inverse else None
        result = pairs.reduceByKeyAndWindow(add, inverse, window_s, slide_s, pipeline.reducers)
    elif pipeline.kind == "state":
        result = pairs.updateStateByKey(_count_up, pipeline.reducers)
    else:
        raise RecordingError(
            f"pipeline kind {pipeline.kind!r} is none of map, map_reduce, reduce_window, window, state"
        )
    result.foreachRDD(_spend_in_output(pipeline.outputs[0], batch_ms))


def _keyed(stream: DStream[Any], cost: Cost) -> DStream[Any]:
    def count(records: Iterable[Any]) -> Iterator[tuple[int, int]]:
        numbers = list(records)
        spend(cost, 0, len(numbers))
        return ((int(number) % KEYS, 1) for number in numbers)

    return stream.mapPartitions(count)


def _spend_in_output(cost: Cost, batch_ms: int) -> Callable[[dt.datetime, RDD[Any]], None]:
    def output(time: dt.datetime, rdd: RDD[Any]) -> None:
        batch = round((time - EPOCH) / dt.timedelta(milliseconds=batch_ms))
        rdd.foreachPartition(lambda records: spend(cost, batch, sum(1 for _ in records)))

    return output


def spend(cost: Cost, batch: int, records: int) -> None:
    """Take the time that this task declares, and fail if that is what the scenario wants of it."""
    task = TaskContext.get()
    assert task is not None
    cost_ms = cost.fixed_ms + cost.per_record_ms * records
    slow, fail = cost.straggler, cost.fail
    if slow and _is_meant(slow, task, batch) and task.attemptNumber() in slow["on_attempts"]:
        cost_ms += slow["extra_ms"]
    if fail and _is_meant(fail, task, batch) and task.attemptNumber() < fail["times"]:
        work(fail["after_ms"] / 1000)
        raise TaskFailed(f"partition {task.partitionId()} of batch {batch} fails, as the scenario wants it")
    work(cost_ms / 1000)


def _is_meant(what: dict[str, Any], task: TaskContext, batch: int) -> bool:
    return batch in what["batches"] and task.partitionId() == what["partition"]


def _count_up(new: list[int], before: int | None) -> int:
    return sum(new) + (before or 0)


def _seconds(time_ms: int | None) -> float:
    if time_ms is None:
        raise RecordingError("a windowed pipeline needs its 'window_ms' and its 'slide_ms'")
    return time_ms / 1000

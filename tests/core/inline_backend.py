"""A cluster of one thread: runs the stages of a job depth first, where the test stands. Masters: `inline[2]`."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any

from sparksim.core import local_properties
from sparksim.core.accumulators import merge
from sparksim.core.backend import PartitionFunction, register_backend
from sparksim.core.conf import SparkConf
from sparksim.core.errors import SparkJobError
from sparksim.core.failure import describe_failure
from sparksim.core.rdd import RDD
from sparksim.core.serializer import dump_records, load_records
from sparksim.core.stages import StageSpec, split_stages
from sparksim.core.task_context import TaskContext
from sparksim.core.tasks import run_result_task, run_shuffle_map_task

_MASTER = re.compile(r"inline\[(\d+)\]")


class InlineBackend:
    """Counts what it is asked for: `jobs` (partitions of each), `stages` (names), `read` and `shuffled` records."""

    application_id = "inline-0"
    start_time_ms = 0

    def __init__(self, conf: SparkConf) -> None:
        match = _MASTER.fullmatch(conf.get("spark.master", ""))
        assert match is not None
        self.default_parallelism = int(match[1])
        self.jobs: list[list[int]] = []
        self.stages: list[str] = []
        self.read = 0
        self.shuffled = 0
        self.attempts = 0
        self.stopped = 0
        self.cache: dict[tuple[int, int], bytes] = {}
        self.objects: dict[Hashable, Any] = {}
        self.outputs: dict[int, dict[int, list[bytes]]] = {}
        self.fail_first: Callable[[TaskContext], bool] = lambda task: False

    def run_job(self, rdd: RDD[Any], func: PartitionFunction, partitions: Sequence[int]) -> list[Any]:
        self.jobs.append(list(partitions))
        final = split_stages(rdd)
        for parent in final.parents:
            self._run_map_stage(parent)
        self.stages.append(local_properties.get(local_properties.CALL_SITE) or final.name)
        return [
            self._run(final, index, lambda task, i=index: run_result_task(rdd, func, i, task)) for index in partitions
        ]

    def remove_rdd(self, rdd_id: int) -> None:
        self.cache = {key: data for key, data in self.cache.items() if key[0] != rdd_id}

    def remove_shuffle(self, shuffle_id: int) -> None:
        self.outputs.pop(shuffle_id, None)

    def stop(self) -> None:
        self.stopped += 1

    def _run_map_stage(self, stage: StageSpec) -> None:
        shuffle = stage.shuffle
        assert shuffle is not None
        if shuffle.shuffle_id in self.outputs:
            return
        for parent in stage.parents:
            self._run_map_stage(parent)
        self.stages.append(stage.name)
        self.outputs[shuffle.shuffle_id] = {}
        for index in range(stage.rdd.getNumPartitions()):
            self._run(stage, index, lambda task, i=index: run_shuffle_map_task(shuffle, i, task))

    def _run(self, stage: StageSpec, index: int, body: Callable[[TaskContext], Any]) -> Any:
        for attempt in range(2):
            task = TaskContext(
                stage_id=len(self.stages) - 1,
                partition_id=index,
                attempt_number=attempt,
                task_attempt_id=self.attempts,
                services=InlineServices(self),
                local_properties=local_properties.current(),
            )
            self.attempts += 1
            try:
                result = body(task)
            except Exception as error:
                raise SparkJobError(f"Job aborted due to stage failure:\n{describe_failure(error)}") from error
            if attempt == 0 and self.fail_first(task):
                continue
            merge(task.accumulator_updates)
            return result
        raise AssertionError("the second attempt does not fail")


class InlineServices:
    """What a task of the inline cluster may ask for."""

    def __init__(self, backend: InlineBackend) -> None:
        self._backend = backend

    def meter(self, records: Iterable[Any], kind: str) -> Iterator[Any]:
        for record in records:
            if kind == "input":
                self._backend.read += 1
            else:
                self._backend.shuffled += 1
            yield record

    def cached(self, rdd: RDD[Any], index: int, compute: Callable[[], Iterator[Any]]) -> Iterator[Any]:
        key = (rdd.id(), index)
        if key not in self._backend.cache:
            self._backend.cache[key] = dump_records(list(compute()))
        return self.meter(load_records(self._backend.cache[key]), "input")

    def write_shuffle(self, shuffle_id: int, map_index: int, buckets: list[bytes], records: int) -> None:
        self._backend.outputs[shuffle_id][map_index] = buckets

    def read_shuffle(self, shuffle_id: int, reduce_index: int) -> Iterator[bytes]:
        outputs = self._backend.outputs[shuffle_id]
        return (outputs[map_index][reduce_index] for map_index in sorted(outputs))

    def start_worker(self) -> None:
        pass

    def local(self, key: Hashable, make: Callable[[], Any]) -> Any:
        return self._backend.objects.setdefault(key, make())

    @property
    def location(self) -> str:
        return "inline"

    def read_block(self, block_id: str) -> bytes:
        raise AssertionError("the inline cluster has no received blocks")


register_backend(lambda master: _MASTER.fullmatch(master) is not None, InlineBackend)

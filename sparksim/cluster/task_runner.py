"""Runs one task on its fiber: the executor's side of a task (Spark: Executor.TaskRunner).

Time passes where the work happens. Each record that a task pulls is first paid for, then handed to the user's function,
so a task that dies in mid-partition has really done the records before, and not one more.

Cached partitions are pickled, as all data of Python is in Spark. An RDD that Spark itself fills with objects says so
with `keeps_objects`: kept at a deserialised level, its records stay objects, and all tasks of the executor share them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from operator import length_hint
from typing import Any

from sparksim.cluster.clock import Clock
from sparksim.cluster.cost import Prices
from sparksim.cluster.executor import Executor
from sparksim.cluster.processors import Processors
from sparksim.cluster.shuffle import MapOutputTracker
from sparksim.cluster.storage import BlockManagerMaster
from sparksim.cluster.task_set import BATCH_TIME, TaskAttempt, TaskCounters
from sparksim.core.backend import StateChange
from sparksim.core.counted import ROWS, CountedRecords, how_many
from sparksim.core.errors import BlockNotFound
from sparksim.core.rdd import RDD
from sparksim.core.serializer import dump_records, dumps, load_records, loads
from sparksim.core.task_context import TaskContext


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What a successful task sends to the driver."""

    value: Any
    accumulator_updates: dict[int, Any]


class TaskRunner:
    """Shared by all executors; the attempt says where it runs."""

    def __init__(self, clock: Clock, prices: Prices, blocks: BlockManagerMaster, outputs: MapOutputTracker) -> None:
        self._clock = clock
        self._prices = prices
        self._blocks = blocks
        self._outputs = outputs
        self._processors = Processors(clock, prices.model.machine_cores)

    def run(self, attempt: TaskAttempt) -> TaskResult:
        """Compute the task. On a fiber; raises whatever the user's function raises."""
        link = attempt.executor.link
        link.cross(self._clock)
        self._warm_up(attempt)
        self._processors.charge(self._prices.draw(self._overhead_ms(attempt)))
        services = ExecutorServices(
            self._clock,
            self._prices,
            self._blocks,
            self._outputs,
            attempt.executor,
            attempt.counters,
            self._processors,
        )
        task_set = attempt.task_set
        task = TaskContext(
            stage_id=task_set.stage_id,
            partition_id=attempt.index,
            attempt_number=attempt.attempt,
            task_attempt_id=attempt.task_id,
            stage_attempt_number=task_set.stage_attempt,
            local_properties=task_set.properties,
            services=services,
        )
        try:
            value = task_set.body(attempt.index, task)
        finally:
            services.settle()
        if services.shared_objects:
            # Results travel to the driver as bytes: it must not hold what lives on in the executor's memory.
            value = loads(dumps(value))
        link.cross(self._clock)
        return TaskResult(value, task.accumulator_updates)

    def _overhead_ms(self, attempt: TaskAttempt) -> float:
        """Until the first record, without the executor's own start."""
        model = self._prices.model
        return model.task_ms + (model.later_wave_ms if attempt.follows_another else model.first_wave_ms)

    def _warm_up(self, attempt: TaskAttempt) -> None:
        """Wait for what an executor does once, such as starting a server of worker processes. Only batches need one."""
        executor, warm_up_ms = attempt.executor, self._prices.model.warm_up_ms
        if warm_up_ms == 0 or BATCH_TIME not in attempt.task_set.properties:
            return
        if executor.warm_at_ms is None:
            executor.warm_at_ms = self._clock.now_ms + self._prices.draw(warm_up_ms)
        self._clock.charge(executor.warm_at_ms - self._clock.now_ms)


class ExecutorServices:
    """`core.backend.TaskServices` on one executor, for one task.

    `shared_objects`: the task was given records that are kept as objects.
    """

    def __init__(
        self,
        clock: Clock,
        prices: Prices,
        blocks: BlockManagerMaster,
        outputs: MapOutputTracker,
        executor: Executor,
        counters: TaskCounters,
        processors: Processors,
    ) -> None:
        self.executor = executor
        self.shared_objects = False
        self._clock = clock
        self._counters = counters
        self._prices = prices
        self._blocks = blocks
        self._outputs = outputs
        self._processors = processors
        self._factor = prices.factor()
        self._reduces = False
        self._unread: list[tuple[str, int, Iterator[Any]]] = []
        self._record_prices_ms: dict[str, float] = {}

    def meter(self, records: Iterable[Any], kind: str) -> Iterator[Any]:
        price_ms = self._record_prices_ms.get(kind)
        if price_ms is None:  # rounding is slow, and a reduce task asks for every bucket
            model = self._prices.model
            price_ms = round((model.record_ms if kind == "input" else model.shuffle_read_record_ms) * self._factor, 6)
            self._record_prices_ms[kind] = price_ms
        if isinstance(records, list) and records:
            first = type(records[0])
            if first is CountedRecords and kind == "input":
                return self._counted_only(how_many(records), price_ms)
            if first in ROWS:
                return self._chunks(records, ROWS[first], kind, price_ms)
        if price_ms > 0:
            return (
                self._charged_input(records, price_ms) if kind == "input" else self._charged_shuffle(records, price_ms)
            )
        if isinstance(records, list):
            # A free record needs no stop: what is left of the list at the end tells how far the task came.
            iterator = iter(records)
            self._unread.append((kind, len(records), iterator))
            return iterator
        return self._counted(records, kind)

    def cached(self, rdd: RDD[Any], index: int, compute: Callable[[], Iterator[Any]]) -> Iterator[Any]:
        block_id = f"rdd_{rdd.id()}_{index}"
        try:
            block = self._blocks.get(self.executor, block_id)
        except BlockNotFound:
            return self._compute_and_keep(rdd, block_id, compute)
        if isinstance(block, bytes):
            return self.meter(load_records(block), "input")
        self.shared_objects = True
        return self.meter(block, "input")

    def write_shuffle(self, shuffle_id: int, map_index: int, buckets: list[bytes], records: int) -> None:
        self._processors.charge(self._prices.draw(self._prices.model.map_ms))
        self._clock.charge(self._prices.model.shuffle_write_record_ms * records * self._factor)
        self._counters.shuffle_written += records
        self.executor.shuffle_files[shuffle_id, map_index] = buckets

    def read_shuffle(self, shuffle_id: int, reduce_index: int) -> Iterator[bytes]:
        if not self._reduces:
            self._reduces = True
            self._processors.charge(self._prices.draw(self._prices.model.reduce_ms))
        return self._outputs.fetch(shuffle_id, reduce_index)

    def start_worker(self) -> None:
        self._processors.charge(self._prices.draw(self._prices.model.worker_ms))

    def note_block(self, block_id: str) -> None:
        self._counters.blocks.append(block_id)

    def note_state(self, change: StateChange) -> None:
        self._counters.states.append(change)

    def local(self, key: Hashable, make: Callable[[], Any]) -> Any:
        return self.executor.local(key, make)

    @property
    def location(self) -> str:
        return self.executor.location

    def read_block(self, block_id: str) -> bytes:
        self.note_block(block_id)
        block = self._blocks.get(self.executor, block_id)
        assert isinstance(block, bytes), f"received block {block_id} is not serialised"
        return block

    def settle(self) -> None:
        """Bring the counters up to date with what was pulled from free sources."""
        for kind, total, iterator in self._unread:
            self._count(kind, total - length_hint(iterator))
        self._unread.clear()

    def _compute_and_keep(self, rdd: RDD[Any], block_id: str, compute: Callable[[], Iterator[Any]]) -> Iterator[Any]:
        if rdd.runs_functions:
            self.start_worker()  # what is kept passes through Spark on its way to the reader
        records, level = list(compute()), rdd.getStorageLevel()
        if level.deserialized and rdd.keeps_objects:
            self.shared_objects = True
            self._blocks.put(self.executor, block_id, records, level)
        else:
            self._clock.charge(self._prices.draw(self._prices.model.serialize_record_ms * len(records)))
            self._blocks.put(self.executor, block_id, dump_records(records), level)
        return iter(records)

    def _counted_only(self, records: int, price_ms: float) -> Iterator[Any]:
        """Take the time of so many records, and give none."""
        self._charge_together(records, price_ms, "input")
        return iter(())

    def _chunks(self, chunks: list[Any], rows: Callable[[Any], int], kind: str, price_ms: float) -> Iterator[Any]:
        """Each chunk once the time of all its rows is over."""
        for chunk in chunks:
            self._charge_together(rows(chunk), price_ms, kind)
            yield chunk

    def _charge_together(self, records: int, price_ms: float, kind: str) -> None:
        """Take the time of so many records at once; a task that is killed meanwhile has read some of them."""
        clock, began_ms = self._clock, self._clock.now_ms
        try:
            clock.charge(records * price_ms)
        except BaseException:
            pace_ms = price_ms * self.executor.slowness
            self._count(kind, min(int((clock.now_ms - began_ms) / pace_ms), records) if pace_ms else 0)
            raise
        self._count(kind, records)

    # The two loops below run once per record of a simulation, so they share no helper.

    def _charged_input(self, records: Iterable[Any], price_ms: float) -> Iterator[Any]:
        charge, counters = self._clock.charge, self._counters
        for record in records:
            charge(price_ms)
            counters.records_read += 1
            yield record

    def _charged_shuffle(self, records: Iterable[Any], price_ms: float) -> Iterator[Any]:
        charge, counters = self._clock.charge, self._counters
        for record in records:
            charge(price_ms)
            counters.shuffle_read += 1
            yield record

    def _counted(self, records: Iterable[Any], kind: str) -> Iterator[Any]:
        for record in records:
            self._count(kind, 1)
            yield record

    def _count(self, kind: str, records: int) -> None:
        if kind == "input":
            self._counters.records_read += records
        else:
            self._counters.shuffle_read += records

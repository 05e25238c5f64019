"""The tasks of continuous processing: one per partition, which never ends (Spark: ContinuousWriteRDD).

A task reads a record, selects, and writes what is left, before it looks for the next record. Several times a second it
asks the driver which epoch it is; when a new one has begun, it ends its own: it reports how far it has read, commits
what it wrote, and goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sparksim.cluster.backend import ClusterBackend
from sparksim.core.errors import SparkException
from sparksim.core.rdd import RDD
from sparksim.sql.plan.nodes import Plan, Query
from sparksim.sql.streaming.epochs import EpochCoordinator, EpochPart
from sparksim.sql.streaming.metrics_account import shown_rows
from sparksim.sql.streaming.operators.stateless import QueryStep
from sparksim.sql.streaming.physical_steps import Tables
from sparksim.sql.streaming.sink import EpochWriter, WriterFactory
from sparksim.sql.streaming.source import Arrived, PartitionReader
from sparksim.sql.types import StructType
from sparksim.trace.query_events import QueryRowWritten

if TYPE_CHECKING:
    from sparksim.core.context import SparkContext
    from sparksim.core.task_context import TaskContext

POLL_MS = 100.0
"""How often a task asks for the epoch (spark.sql.streaming.continuous.executorPollIntervalMs)."""

Table = Any


class Selects:
    """The SELECTs of a plan that has nothing else above its source, one after the other."""

    def __init__(self, plan: Plan) -> None:
        self.schema: StructType = plan.schema
        self._steps: list[tuple[QueryStep, Tables]] = []
        while isinstance(plan, Query):
            self._steps.insert(0, (QueryStep(plan), Tables.of(plan.source.tables)))
            [plan] = plan.children

    def run(self, chunk: Table) -> Table:
        """What becomes of a chunk of the source."""
        for step, tables in self._steps:
            chunk = step.run(tables.over(chunk, {}), 0)  # there is no present that a query could ask for
        return chunk


@dataclass(frozen=True)
class Told:
    """How tasks tell of rows: `run` is the run's id, `sample` how many rows are shown of a partition and epoch.

    `as_written`: where tasks write; otherwise the driver tells when it shows the rows.
    """

    run: str
    sample: int
    as_written: bool


class ContinuousRDD(RDD[Any]):
    """A partition per reader. Computing one ends only with an error.

    Raises `SparkException` in a second attempt: nobody knows how far the first one came (Spark:
    ContinuousTaskRetryException).
    """

    def __init__(
        self,
        sc: SparkContext,
        backend: ClusterBackend,
        readers: Sequence[Callable[[], PartitionReader]],
        selects: Selects,
        writers: WriterFactory,
        coordinator: EpochCoordinator,
        told: Told,
    ) -> None:
        super().__init__(sc)
        self._backend = backend
        self._readers = readers
        self._selects = selects
        self._writers = writers
        self._coordinator = coordinator
        self._first = coordinator.current
        self._told = told

    def getNumPartitions(self) -> int:
        return len(self._readers)

    def compute(self, index: int, task: TaskContext) -> Iterator[Any]:
        if task.attemptNumber() > 0:
            raise SparkException(
                "Continuous execution does not support task retry: a task that failed ends the query. Start it again, "
                "and it goes on behind the last committed epoch"
            )
        clock, reader = self._backend.clock, self._readers[index]()
        epoch, poll_at_ms = self._first, clock.now_ms + POLL_MS
        part, writer = self._begin(epoch, index)
        try:
            while True:
                arrived = reader.next(poll_at_ms) if clock.now_ms < poll_at_ms else None
                if arrived is not None:
                    self._write(arrived, part, writer, task)
                    continue
                poll_at_ms = max(poll_at_ms + POLL_MS, clock.now_ms)
                for over in range(epoch, clock.call(self._coordinator.epoch_now)):
                    self._end(part, writer, reader)
                    part, writer = self._begin(over + 1, index)
                epoch = part.epoch
        except BaseException as error:
            writer.abort(error)
            raise
        finally:
            reader.close()

    def _begin(self, epoch: int, partition: int) -> tuple[EpochPart, EpochWriter]:
        return EpochPart(epoch, partition), self._writers(partition, epoch)

    def _end(self, part: EpochPart, writer: EpochWriter, reader: PartitionReader) -> None:
        clock = self._backend.clock
        clock.call(self._coordinator.read, part.epoch, part.partition, reader.offset)
        part.message = writer.commit()
        clock.call(self._coordinator.wrote, part)

    def _write(self, arrived: Arrived, part: EpochPart, writer: EpochWriter, task: TaskContext) -> None:
        for chunk in task.services.meter([arrived.chunk], "input"):
            part.rows_read += 1
            rows = self._selects.run(chunk)
            if rows.num_rows:
                writer.write(rows)
                self._tell(rows, arrived.at_ms, part)

    def _tell(self, rows: Table, arrived_ms: float, part: EpochPart) -> None:
        clock, told = self._backend.clock, self._told
        shown = shown_rows(rows, self._selects.schema, max(0, told.sample - len(part.sample)))
        part.sample += shown
        part.arrived_ms += [arrived_ms] * rows.num_rows
        if told.as_written:
            part.latencies_ms += [clock.now_ms - arrived_ms] * rows.num_rows
            for row in shown:
                clock.call(self._emit, part, arrived_ms, row)

    def _emit(self, part: EpochPart, arrived_ms: float, row: tuple[str, ...]) -> None:
        now_ms = self._backend.clock.now_ms
        self._backend.emit(QueryRowWritten(now_ms, self._told.run, part.epoch, part.partition, arrived_ms, row))

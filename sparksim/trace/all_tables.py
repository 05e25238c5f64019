"""The tables of one trace, each made once, when it is first asked for."""

from __future__ import annotations

from functools import cached_property

from sparksim.trace import tables
from sparksim.trace.rows import BatchRow, BlockRow, ExecutorRow, JobRow, ReceiverRow, StageRow, TaskRow
from sparksim.trace.table import Table
from sparksim.trace.trace import Trace


class AllTables:
    """One row per batch, job, stage, task, block, executor, receiver. Times are ms."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    @cached_property
    def batches(self) -> Table[BatchRow]:
        """Batch time, records, delays."""
        return tables.batches(self.trace)

    @cached_property
    def jobs(self) -> Table[JobRow]:
        return tables.jobs(self.trace)

    @cached_property
    def stages(self) -> Table[StageRow]:
        return tables.stages(self.trace)

    @cached_property
    def tasks(self) -> Table[TaskRow]:
        return tables.tasks(self.trace)

    @cached_property
    def blocks(self) -> Table[BlockRow]:
        return tables.blocks(self.trace)

    @cached_property
    def executors(self) -> Table[ExecutorRow]:
        return tables.executors(self.trace, self.tasks)

    @cached_property
    def receivers(self) -> Table[ReceiverRow]:
        return tables.receivers(self.trace)

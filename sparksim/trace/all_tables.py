"""The tables of one trace, each made once, when it is first asked for."""

from __future__ import annotations

from functools import cached_property

from sparksim.trace import epoch_tables, query_tables, tables
from sparksim.trace.epoch_tables import EpochRow, WrittenRow
from sparksim.trace.query_tables import (
    InputRow,
    LateRow,
    QueryRow,
    ResultRow,
    StateChangeRow,
    TriggerRow,
    WatermarkRow,
)
from sparksim.trace.rows import BatchRow, BlockRow, ExecutorRow, JobRow, ReceiverRow, StageRow, TaskRow
from sparksim.trace.table import Table
from sparksim.trace.trace import Trace


class AllTables:
    """One row per batch, job, stage, task, block, executor, receiver, and what streaming queries did. Times are ms."""

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

    @cached_property
    def queries(self) -> Table[QueryRow]:
        """Per run of a streaming query: how it was asked for, how it ended."""
        return query_tables.queries(self.trace)

    @cached_property
    def triggers(self) -> Table[TriggerRow]:
        """Per batch of a streaming query: rows read, late and written, states, watermarks, duration."""
        return query_tables.triggers(self.trace)

    @cached_property
    def input_rows(self) -> Table[InputRow]:
        """The first new rows of each source and batch; `spark.sparksim.queryRows` sets how many of each task."""
        return query_tables.input_rows(self.trace)

    @cached_property
    def late_rows(self) -> Table[LateRow]:
        """Rows, or groups of rows, that a stateful operator dropped."""
        return query_tables.late_rows(self.trace)

    @cached_property
    def state_changes(self) -> Table[StateChangeRow]:
        """What each batch did to single states of streaming queries."""
        return query_tables.state_changes(self.trace)

    @cached_property
    def result_rows(self) -> Table[ResultRow]:
        """The first rows that each batch gave to its sink."""
        return query_tables.result_rows(self.trace)

    @cached_property
    def watermarks(self) -> Table[WatermarkRow]:
        """Per committed batch of a streaming query: the watermark in it and after it."""
        return query_tables.watermarks(self.trace)

    @cached_property
    def epochs(self) -> Table[EpochRow]:
        """Per epoch of continuous processing: when it was committed, rows, latencies."""
        return epoch_tables.epochs(self.trace)

    @cached_property
    def written_rows(self) -> Table[WrittenRow]:
        """Single rows of continuous processing: when their record arrived, and when the sink had them."""
        return epoch_tables.written_rows(self.trace)

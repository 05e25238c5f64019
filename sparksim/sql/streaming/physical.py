"""A plan becomes RDDs, batch by batch (Spark: IncrementalExecution).

The steps of a plan are made once, when a query starts; stateful operators are numbered from the bottom up, and the
numbers are part of the checkpoint. Each batch is one lineage over them: read, select, watch, move by key, process
beside the states, give to the sink.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from sparksim.core.closure import Closure
from sparksim.core.conf import integer, time_ms
from sparksim.core.errors import IllegalArgumentError
from sparksim.sql.chunks import Statement
from sparksim.sql.plan.nodes import (
    Aggregate,
    Deduplicate,
    GroupState,
    Limit,
    Plan,
    Query,
    Scan,
    Sort,
    Static,
    StreamJoin,
    Union,
    Watermark,
)
from sparksim.sql.streaming.legality.questions import aggregates
from sparksim.sql.streaming.metrics import BatchMetrics
from sparksim.sql.streaming.metrics_account import QUERY_ROWS, BatchAccount
from sparksim.sql.streaming.operators.aggregate import AggregateOperator
from sparksim.sql.streaming.operators.contract import StatefulOperator
from sparksim.sql.streaming.operators.dedup import DedupOperator
from sparksim.sql.streaming.operators.group_state import GroupStateOperator
from sparksim.sql.streaming.operators.join import StreamJoinOperator
from sparksim.sql.streaming.operators.limit import LimitOperator
from sparksim.sql.streaming.operators.session import SessionOperator
from sparksim.sql.streaming.physical_steps import (
    Batch,
    GatherStep,
    PlanStep,
    ReadStep,
    ResultStep,
    SelectStep,
    StatefulStep,
    StaticStep,
    Tables,
    UnionStep,
    WatermarkStep,
)
from sparksim.sql.streaming.request import BatchInput
from sparksim.sql.streaming.sink import BatchRows
from sparksim.sql.streaming.source import StreamSource
from sparksim.sql.streaming.stateful_rdd import Travelling
from sparksim.sql.streaming.store.disk_time import executor_disk
from sparksim.sql.streaming.store.provider import StateStoreProvider
from sparksim.sql.types import TimestampType
from sparksim.streaming.state_account import STATE_KEYS, Watch

if TYPE_CHECKING:
    from sparksim.cluster.backend import ClusterBackend
    from sparksim.sql.session import SparkSession

MIN_DELTAS = "spark.sql.streaming.stateStore.minDeltasForSnapshot"
"""A snapshot is written when there are more than so many deltas after the last (10 by default)."""

RETAIN = "spark.sql.streaming.minBatchesToRetain"
"""So many versions of states can be read again (100 by default)."""

MAINTENANCE = "spark.sql.streaming.stateStore.maintenanceInterval"
"""How long after one look at the files of states a batch looks again (60s by default)."""


@dataclass(frozen=True)
class PlannedOperator:
    """A stateful operator and its number in the checkpoint; `node` is what it was made of."""

    number: int
    operator: StatefulOperator
    node: Plan


def operator_for(node: Plan, mode: str) -> StatefulOperator | None:
    """The operator that serves a node, None for one without state. `mode` is the query's: append, update, complete."""
    if not node.is_streaming:
        return None
    if isinstance(node, Aggregate):
        return AggregateOperator(node, mode) if node.session is None else SessionOperator(node, mode)
    if isinstance(node, Deduplicate):
        return DedupOperator(node)
    if isinstance(node, StreamJoin):
        return StreamJoinOperator(node)
    if isinstance(node, GroupState):
        return GroupStateOperator(node)
    if isinstance(node, Limit) and (mode == "append" or not aggregates(node)):
        return LimitOperator(node)
    return None


class PhysicalPlan:
    """The steps of one run of a query. `operators` from the bottom up, `watermarks` in the order of the plan.

    `partitions`: how many partitions states have; `checkpoint`: where states are kept; `run`: the run's id. Raises
    `IllegalArgumentError` for a negative `spark.sparksim.queryRows`.
    """

    def __init__(
        self,
        session: SparkSession,
        plan: Plan,
        mode: str,
        sources: Mapping[Scan, StreamSource],
        checkpoint: str,
        partitions: int,
        run: str,
    ) -> None:
        self.plan = plan
        self._session = session
        self._mode = mode
        self._sources = sources
        self._checkpoint = checkpoint
        self._partitions = partitions
        self._run = run
        conf = session.conf._chosen(QUERY_ROWS, STATE_KEYS, MIN_DELTAS, RETAIN, MAINTENANCE)
        self._sample = integer(conf, QUERY_ROWS, 100)
        if self._sample < 0:
            raise IllegalArgumentError(f"{QUERY_ROWS}={self._sample}: give the number of rows to show, 0 for none")
        self._shown_keys = Watch.of(conf).keys
        self._retention = integer(conf, MIN_DELTAS, 10), integer(conf, RETAIN, 100)
        self._maintenance_ms = time_ms(conf, MAINTENANCE, "60s")
        self._maintained_ms: int | None = None
        self._backend = cast("ClusterBackend", session.sparkContext._backend)
        self._account: BatchAccount | None = None
        self._operators: list[PlannedOperator] = []
        self.watermarks = tuple(_watermarks(plan))
        self._last = ResultStep(self._step(plan), plan.schema)
        self.operators = tuple(self._operators)

    def rows(self, batch: BatchInput) -> BatchRows:
        """The result of one batch, not computed yet. Static tables are read now."""
        self._account = BatchAccount(
            self._run, batch.batch_id, self._sample, lambda: self._backend.clock.now_ms, self._backend.emit
        )
        told = Batch(
            self._session,
            batch.batch_id,
            batch.batch_ms,
            batch.ranges,
            batch.times,
            self._account,
            self._is_time_for_maintenance(batch.batch_ms),
        )
        return BatchRows(self._session, self.plan.schema, self._last.rdd(told))

    def metrics(self) -> BatchMetrics:
        """What the tasks of the last batch have reported so far."""
        return BatchMetrics() if self._account is None else self._account.metrics

    def close(self) -> None:
        """The run is over: executors forget its states."""
        self._backend.clock.call(self._forget)

    def _is_time_for_maintenance(self, batch_ms: int) -> bool:
        """Spark has a thread for it; here the first batch after so much time does it."""
        if self._maintained_ms is None:
            self._maintained_ms = batch_ms
        due = batch_ms - self._maintained_ms >= self._maintenance_ms
        if due:
            self._maintained_ms = batch_ms
        return due

    def _forget(self) -> None:
        for executor in self._backend.executors:
            executor.forget(lambda key: isinstance(key, tuple) and key[0] == self._run)

    # --- from nodes to steps -----------------------------------------------------------------------------------------

    def _step(self, node: Plan) -> PlanStep:
        if isinstance(node, Scan):
            at = list(self._sources).index(node)
            return ReadStep(node, at, self._sources[node], _event_time(node, self.watermarks))
        if isinstance(node, Static):
            return StaticStep(node)
        if isinstance(node, Query):
            return SelectStep(node, self._step(_stream(node)))
        children = [self._step(child) for child in _inputs(node)]
        operator = operator_for(node, self._mode)
        if operator is not None:
            return self._stateful(node, operator, children)
        [first, *_] = children
        if isinstance(node, Union):
            return UnionStep(children)
        if isinstance(node, Watermark):
            comes_so = any(_event_time(scan, [node]) is not None for scan in self._sources)
            return WatermarkStep(node, first, not comes_so)
        if isinstance(node, Sort):
            return GatherStep(first, node.schema, Statement(node.select, node.schema), None)
        assert isinstance(node, Limit), f"{type(node).__name__} has no step: it should have been refused"
        return GatherStep(first, node.schema, None, node.count)

    def _stateful(self, node: Plan, operator: StatefulOperator, children: Sequence[PlanStep]) -> StatefulStep:
        number = len(self._operators)
        self._operators.append(PlannedOperator(number, operator, node))
        travelling = Travelling(
            self._run,
            number,
            Closure((operator,)),
            isinstance(node, GroupState),
            partial(self._provider, number),
        )
        schemas = [child.schema for child in _inputs(node)]
        return StatefulStep(travelling, operator, self._partitions, children, _tables(node), schemas)

    def _provider(self, number: int, partition: int, store: str, location: str) -> StateStoreProvider:
        [executor] = [each for each in self._backend.executors if each.location == location]
        charge = executor_disk(self._backend, executor)
        place = self._checkpoint, number, partition, store
        return StateStoreProvider(*place, *self._retention, charge, self._shown_keys)


def _tables(node: Plan) -> list[Tables]:
    """What `prepare` reads on each side."""
    if isinstance(node, Aggregate):
        return [Tables.of(node.source.tables)]
    if isinstance(node, StreamJoin):
        return [Tables.of(node.left), Tables.of(node.right)]
    return [Tables.this(_inputs(node)[0].schema)]


def _inputs(node: Plan) -> tuple[Plan, ...]:
    """The nodes whose rows flow through this one; static tables beside a stream do not."""
    return (_stream(node),) if isinstance(node, Query | Aggregate) else node.children


def _stream(node: Plan) -> Plan:
    return next(child for child in node.children if child.is_streaming)


def _watermarks(plan: Plan) -> list[Watermark]:
    """All `withWatermark` of a plan, from the bottom up, each once."""
    found: dict[Watermark, None] = {}
    for child in plan.children:
        found.update(dict.fromkeys(_watermarks(child)))
    if isinstance(plan, Watermark):
        found[plan] = None
    return list(found)


def _event_time(scan: Scan, watermarks: Sequence[Watermark]) -> int | None:
    """Which column of a source a watermark watches: one of the same name that is a time as it comes."""
    for watermark in watermarks:
        name = watermark.schema.names[watermark.column]
        if _reads(watermark, scan) and name in scan.schema.names:
            at = scan.schema.names.index(name)
            if isinstance(scan.schema[at].dataType, TimestampType):
                return at
    return None


def _reads(plan: Plan, scan: Scan) -> bool:
    return plan is scan or any(_reads(child, scan) for child in plan.children)

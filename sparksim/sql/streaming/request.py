"""What a program asks for when it starts a query, put together by `DataStreamWriter.start`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sparksim.sql.plan.nodes import Plan, Scan
from sparksim.sql.streaming.sink import BatchRows, StreamSink
from sparksim.sql.streaming.source import Offset, StreamSource
from sparksim.sql.streaming.triggers import Continuous, Trigger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparksim.sql.plan.nodes import Watermark
    from sparksim.sql.session import SparkSession
    from sparksim.sql.streaming.metrics import BatchMetrics
    from sparksim.sql.streaming.operators.contract import Times
    from sparksim.sql.streaming.watermarks import PlannedOperator


@dataclass(frozen=True)
class BatchInput:
    """One batch. `ranges`: what to read of each stream, None for nothing; `times` by the numbers of operators."""

    batch_id: int
    batch_ms: int
    ranges: Mapping[Scan, tuple[Offset, Offset] | None]
    times: Mapping[int, Times]


class Physical(Protocol):
    """A plan that runs: what the loop asks of `physical.PhysicalPlan`."""

    @property
    def operators(self) -> Sequence[PlannedOperator]:
        """The stateful ones."""

    @property
    def watermarks(self) -> Sequence[Watermark]:
        """The nodes of `withWatermark`."""

    def rows(self, batch: BatchInput) -> BatchRows:
        """The result of one batch, of which nothing is computed yet."""

    def metrics(self) -> BatchMetrics:
        """What the batch that ran did."""

    def close(self) -> None:
        """The query has ended."""


PhysicalFactory = Callable[
    ["SparkSession", Plan, str, Mapping[Scan, StreamSource], str, int, str],
    Physical,
]
"""(session, plan, mode, sources, checkpoint, partitions of states, run id)."""


@dataclass(frozen=True)
class QueryRequest:
    """One query to be. `session` is its own copy: settings that change later do not reach it.

    `checkpoint` is where it keeps its logs and states, deleted after a clean end if `is_temporary`.
    """

    session: SparkSession
    plan: Plan
    mode: str
    trigger: Trigger | Continuous
    sink: StreamSink
    checkpoint: str
    is_temporary: bool
    name: str | None
    physical: PhysicalFactory

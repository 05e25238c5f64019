"""What the stories of the loop are told with: a source, a plan and a sink that follow a script and keep a diary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sparksim import SparkContext
from sparksim.cluster.backend import ClusterBackend
from sparksim.sql import SparkSession
from sparksim.sql.plan.nodes import Deduplicate, EventTime, Plan, Scan, Watermark
from sparksim.sql.streaming.metrics import BatchMetrics, EventTimes
from sparksim.sql.streaming.progress import sink_first
from sparksim.sql.streaming.query import StreamingQuery
from sparksim.sql.streaming.request import BatchInput, QueryRequest
from sparksim.sql.streaming.sink import BatchRows
from sparksim.sql.streaming.source import Offset, SourceContext
from sparksim.sql.streaming.triggers import ProcessingTime, Trigger
from sparksim.sql.types import LongType, StructField, StructType, TimestampType

SCHEMA = StructType([StructField("at", TimestampType()), StructField("value", LongType())])


@dataclass
class Script:
    """One query to be: what its source has, what its batches see, and what everybody did, in order.

    `times_ms[n]` are the event times of batch n. `limit`: so many rows a batch at most.
    """

    rows: int = 0
    limit: int | None = None
    times_ms: dict[int, list[int]] = field(default_factory=dict)
    operator: Any = None
    in_batch: Callable[[int], None] = lambda batch_id: None
    diary: list[Any] = field(default_factory=list)
    inputs: list[BatchInput] = field(default_factory=list)
    delay_ms: int = 0

    def plan(self) -> Plan:
        mark = EventTime(self.delay_ms)
        scan = Scan(SCHEMA, (None, None), "scripted", lambda context: ScriptedSource(self, context))
        watermark = Watermark(SCHEMA, (mark, None), scan, 0, self.delay_ms, 0)
        if self.operator is None:
            return watermark
        return Deduplicate(SCHEMA, (mark, None), watermark, (0,))

    def request(
        self,
        session: SparkSession,
        checkpoint: Any,
        trigger: Trigger | None = None,
        *,
        name: str | None = None,
        is_temporary: bool = False,
    ) -> QueryRequest:
        return QueryRequest(
            session.with_own_settings(),
            self.plan(),
            "append",
            ProcessingTime() if trigger is None else trigger,
            ScriptedSink(self),
            str(checkpoint),
            is_temporary,
            name,
            lambda *arguments: ScriptedPlan(self, *arguments),
        )

    def start(
        self, session: SparkSession, checkpoint: Any, trigger: Trigger | None = None, **options: Any
    ) -> StreamingQuery:
        return session.streams.start(self.request(session, checkpoint, trigger, **options))


class ScriptedSource:
    """Offsets count rows: the end of a batch is how many rows were there."""

    description = "Scripted"

    def __init__(self, script: Script, context: SourceContext) -> None:
        self.script = script
        self.limit = script.limit
        self.frozen: int | None = None

    def latest_offset(self, start: Offset) -> Offset:
        there = self.script.rows if self.frozen is None else self.frozen
        if self.limit is not None:
            there = min(there, (start or 0) + self.limit)
        return there or None

    def without_limits(self) -> None:
        self.limit = None

    def freeze(self) -> None:
        self.frozen = self.script.rows

    def batch(self, start: Offset, end: Offset) -> Any:
        raise AssertionError("the scripted plan reads nothing")

    def commit(self, end: Offset) -> None:
        self.script.diary.append(f"forget {end}")

    def stop(self) -> None:
        self.script.diary.append("source stops")


class ScriptedPlan:
    def __init__(
        self,
        script: Script,
        session: SparkSession,
        plan: Plan,
        mode: str,
        sources: Mapping[Scan, Any],
        state_path: str,
        partitions: int,
        run: str,
    ) -> None:
        self.script = script
        self.session = session
        self.operators = () if script.operator is None else (Planned(0, script.operator, plan),)
        self.watermarks = tuple(node for node in sink_first(plan) if isinstance(node, Watermark))
        self._batch = BatchMetrics()
        script.diary.append(f"{partitions} partitions")

    def rows(self, batch: BatchInput) -> BatchRows:
        self.script.inputs.append(batch)
        ends = [span for span in batch.ranges.values() if span is not None]
        self._batch = BatchMetrics(rows_read={0: sum(end - (start or 0) for start, end in ends)})
        times = self.script.times_ms.get(batch.batch_id, [])
        if times:
            self._batch.event_times[0] = EventTimes(len(times), max(times), min(times), sum(times))
        self._batch.rows_written = self._batch.rows_read[0]
        return BatchRows(self.session, SCHEMA, self.session.sparkContext.parallelize([0], 1))

    def metrics(self) -> BatchMetrics:
        return self._batch

    def close(self) -> None:
        self.script.diary.append("plan closes")


class ScriptedSink:
    description = "ScriptedSink"

    def __init__(self, script: Script) -> None:
        self.script = script

    def add_batch(self, batch_id: int, rows: BatchRows) -> None:
        [span] = self.script.inputs[-1].ranges.values()
        self.script.diary.append((batch_id, span))
        self.script.in_batch(batch_id)


class ScriptedOperator:
    """A stateful operator that wants a batch when its watermark moved, and holds back what it gives by `hold_ms`."""

    name = "scripted"
    stores = ("default",)
    is_single = False

    def __init__(self, hold_ms: int | None = 0, wants: bool = True) -> None:
        self.hold_ms = hold_ms
        self.wants = wants

    def prepare(self, side: int, tables: Any, now_ms: int) -> Any:
        raise AssertionError

    def partition_keys(self, side: int) -> Sequence[int]:
        raise AssertionError

    def process(self, inputs: Any, stores: Any, times: Any) -> Any:
        raise AssertionError

    def wants_batch(self, evicted_ms: int, watermark_ms: int) -> bool:
        return self.wants and watermark_ms > evicted_ms

    def output_watermark_ms(self, watermark_ms: int) -> int | None:
        return None if self.hold_ms is None else watermark_ms - self.hold_ms


@dataclass(frozen=True)
class Planned:
    number: int
    operator: Any
    node: Any


def backend_of(session: SparkSession) -> ClusterBackend:
    return cast(ClusterBackend, session.sparkContext._backend)


def trace_of(session: SparkSession, *kinds: type) -> list[Any]:
    return backend_of(session).trace.of(*kinds)


def passes(session: SparkSession, ms: float) -> None:
    """Let time pass, in the main program."""
    backend_of(session).clock.sleep(ms)


def new_session(master: str = "sim[1,1]") -> SparkSession:
    SparkContext(master, "queries")
    return SparkSession.builder.getOrCreate()

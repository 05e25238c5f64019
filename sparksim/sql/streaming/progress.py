"""What a query says of a batch that is done (PySpark: StreamingQueryProgress; Spark: ProgressReporter).

As in PySpark 4, each part is a dictionary whose values are attributes too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from sparksim.sql.plan.nodes import Plan
from sparksim.sql.streaming.metrics import BatchMetrics, EventTimes, OperatorMetrics
from sparksim.sql.streaming.source import Offset
from sparksim.sql.streaming.watermarks import PlannedOperator

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class _Part(dict[str, Any]):
    """A dictionary whose values are attributes, and that shows itself as JSON."""

    def __getattr__(self, name: str) -> Any:
        if name not in self:
            raise AttributeError(f"{type(self).__name__} has no {name!r}; it has {', '.join(self)}")
        return dict.__getitem__(self, name)

    @property
    def json(self) -> str:
        """On one line."""
        return json.dumps(self._shown(), separators=(",", ":"), ensure_ascii=False)

    @property
    def prettyJson(self) -> str:
        """On many lines."""
        return json.dumps(self._shown(), indent=2, separators=(",", " : "), ensure_ascii=False)

    def _shown(self) -> dict[str, Any]:
        """As JSON has it: rates with one digit, offsets as values, nothing that is empty."""
        return {key: _shown(key, value) for key, value in self.items() if value != {}}

    def __str__(self) -> str:
        return self.prettyJson

    __repr__ = __str__


class StateOperatorProgress(_Part):
    """Of one stateful operator."""


class SourceProgress(_Part):
    """Of one source. Offsets are texts of JSON."""


class SinkProgress(_Part):
    """Of the sink; `numOutputRows` is -1 when it does not know."""


class StreamingQueryProgress(_Part):
    """Of one batch. `id` and `runId` are UUIDs as attributes, and texts as items."""

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        return str(value) if isinstance(value, UUID) else value

    def _shown(self) -> dict[str, Any]:
        shown = super()._shown()
        rows = {key: shown.pop(key) for key in ("numInputRows", "inputRowsPerSecond", "processedRowsPerSecond")}
        names = list(shown)
        front = names[: names.index("batchDuration") + 1]
        return {**{name: shown[name] for name in front}, **rows, **{name: shown[name] for name in names}}


@dataclass
class Firing:
    """What is known of the firing under way: `since_ms` is the start of the one before, None for the first."""

    start_ms: float
    since_ms: float | None
    took_ms: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class BatchDone:
    """One batch, for the report."""

    batch_id: int
    watermark_ms: int
    starts: Sequence[Offset]
    ends: Sequence[Offset]
    latest: Sequence[Offset]
    metrics: BatchMetrics
    rows_written: int


@dataclass(frozen=True)
class Reported:
    """What all reports of a run have in common. `plan` and `operators` are those of its physical plan."""

    query_id: str
    run_id: str
    name: str | None
    plan: Plan
    operators: Sequence[PlannedOperator]
    watermarks: Sequence[int]
    sources: Sequence[str]
    sink: str

    def progress(self, done: BatchDone, firing: Firing, now_ms: float) -> StreamingQueryProgress:
        """The report of a batch at the end of its firing, in seconds and rows."""
        took_ms = now_ms - firing.start_ms
        firing.took_ms["triggerExecution"] = int(took_ms)
        passed_ms = 0.0 if firing.since_ms is None else firing.start_ms - firing.since_ms
        rows = [done.metrics.rows_read.get(number, 0) for number in range(len(self.sources))]
        sources = [
            SourceProgress(
                description=description,
                startOffset=offset_json(done.starts[number]),
                endOffset=offset_json(done.ends[number]),
                latestOffset=offset_json(done.latest[number]),
                numInputRows=rows[number],
                inputRowsPerSecond=rate(rows[number], passed_ms),
                processedRowsPerSecond=rate(rows[number], took_ms),
                metrics={},
            )
            for number, description in enumerate(self.sources)
        ]
        return StreamingQueryProgress(
            id=UUID(self.query_id),
            runId=UUID(self.run_id),
            name=self.name,
            timestamp=moment(firing.start_ms),
            batchId=done.batch_id,
            batchDuration=int(took_ms),
            durationMs=dict(sorted(firing.took_ms.items())),
            eventTime=self._event_time(done),
            stateOperators=self._state_operators(done.metrics),
            sources=sources,
            sink=SinkProgress(description=self.sink, numOutputRows=done.rows_written, metrics={}),
            numInputRows=sum(rows),
            inputRowsPerSecond=rate(sum(rows), passed_ms),
            processedRowsPerSecond=rate(sum(rows), took_ms),
            observedMetrics={},
        )

    def _event_time(self, done: BatchDone) -> dict[str, str]:
        """The watermark that the batch ran with, and what the watermark nearest to the sink saw."""
        if not self.watermarks:
            return {}
        found = [done.metrics.event_times.get(number, EventTimes()) for number in self.watermarks]
        times = next((each for each in found if each.count), None)
        seen = {}
        if times is not None:
            average_ms = times.sum_ms // times.count
            seen = {"avg": moment(average_ms), "max": moment(times.max_ms), "min": moment(times.min_ms)}
        return {**seen, "watermark": moment(done.watermark_ms)}

    def _state_operators(self, metrics: BatchMetrics) -> list[StateOperatorProgress]:
        """The one nearest to the sink first."""
        by_node = {id(each.node): each for each in self.operators}
        planned = [by_node[id(node)] for node in sink_first(self.plan) if id(node) in by_node]
        return [_state_operator(each, metrics.operators.get(each.number, OperatorMetrics())) for each in planned]


def _state_operator(planned: PlannedOperator, metrics: OperatorMetrics) -> StateOperatorProgress:
    return StateOperatorProgress(
        operatorName=planned.operator.name,
        numRowsTotal=metrics.total,
        numRowsUpdated=metrics.updated,
        numRowsRemoved=metrics.removed,
        numRowsDroppedByWatermark=metrics.dropped,
        numShufflePartitions=metrics.partitions,
        numStateStoreInstances=metrics.partitions * len(planned.operator.stores),
        customMetrics={},
    )


def sink_first(plan: Plan) -> Iterator[Plan]:
    """The nodes of a plan, each before what is below it, and each once."""
    seen: set[int] = set()
    waiting = [plan]
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            waiting.extend(reversed(node.children))


def moment(time_ms: float) -> str:
    """A time in ms since 1970 as progress reports write it: `1970-01-01T00:00:04.000Z`."""
    return (EPOCH + timedelta(milliseconds=int(time_ms))).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def rate(rows: int, passed_ms: float) -> float:
    """Rows per second; 0 when no time passed."""
    return rows * 1000 / passed_ms if passed_ms > 0 else 0.0


def offset_json(offset: Offset) -> str:
    """An offset as a text of JSON; `None`, in Python's word, where there is none (PySpark)."""
    return str(None) if offset is None else json.dumps(offset, separators=(",", ":"))


def _shown(key: str, value: Any) -> Any:
    if isinstance(value, _Part):
        return value._shown()
    if isinstance(value, list):
        return [_shown("", each) for each in value]
    if isinstance(value, UUID):
        return str(value)
    if key.endswith("PerSecond"):
        return round(value, 1)
    if key.endswith("Offset"):
        return None if value == str(None) else json.loads(value)
    return dict(value) if isinstance(value, Mapping) else value

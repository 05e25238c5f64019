"""What Spark's Streaming tab knows of a run, event by event (Spark: StreamingJobProgressListener).

A finished trace is told to it at once, a live one as it grows; both are the same page. The events cost a moment each,
so a program that is being watched is not slowed down. What is shown of it is made by `viz.streaming_view`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sparksim.trace.events import (
    ApplicationStart,
    BatchCompleted,
    BatchStarted,
    BatchSubmitted,
    DriverDied,
    Event,
    ExecutorRemoved,
    OutputOperationCompleted,
    ReceiverError,
    ReceiverStarted,
    ReceiverStopped,
    StreamingStarted,
    StreamingStopped,
)

RETAINED_BATCHES = 1000
"""The default of `spark.streaming.ui.retainedBatches`."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch as Spark's BatchInfo has it. `failure` is that of its first output operation that failed, else ""."""

    batch_time_ms: int
    records: tuple[tuple[int, int], ...]
    submission_ms: float
    output_ops: int
    status: str = "queued"
    start_ms: float | None = None
    end_ms: float | None = None
    succeeded_ops: int = 0
    failure: str = ""

    @property
    def scheduling_delay_ms(self) -> float | None:
        """From the submission until the first job started."""
        return None if self.start_ms is None else round(self.start_ms - self.submission_ms, 3)

    @property
    def processing_time_ms(self) -> float | None:
        """From the start of the first job to the end of the last."""
        return None if self.start_ms is None or self.end_ms is None else round(self.end_ms - self.start_ms, 3)

    @property
    def total_delay_ms(self) -> float | None:
        """From the submission to the end of the last job."""
        return None if self.end_ms is None else round(self.end_ms - self.submission_ms, 3)


@dataclass(frozen=True, slots=True)
class ReceiverStatus:
    """A receiver as Spark's ReceiverInfo has it. `error_ms` is when its last error was reported."""

    stream_id: int
    name: str
    active: bool
    executor_id: str
    host: str
    error_ms: float | None = None
    error: str = ""


@dataclass
class StreamingStatus:
    """`add` each event of a trace. Keeps the last `retained` batches that ended.

    Raises `ValueError` where that is fewer than 1.
    """

    retained: int = RETAINED_BATCHES
    app_name: str = ""
    master: str = ""
    started: StreamingStarted | None = None
    stopped: bool = False
    first_ms: float | None = None
    now_ms: float = 0.0
    completed: int = 0
    records: int = 0
    active: dict[int, Batch] = field(default_factory=dict)
    ended: deque[Batch] = field(init=False)
    receivers: dict[int, ReceiverStatus] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.retained < 1:
            raise ValueError(f"retained={self.retained!r}: give the number of batches to keep, 1 or more")
        self.ended = deque(maxlen=self.retained)

    @staticmethod
    def of(trace: Iterable[Event], retained: int = RETAINED_BATCHES) -> StreamingStatus:
        """What a trace amounts to."""
        status = StreamingStatus(retained)
        for event in trace:
            status.add(event)
        return status

    def copy(self) -> StreamingStatus:
        """What is known now, for a reader who takes his time."""
        copied = replace(self, active=dict(self.active), receivers=dict(self.receivers))
        copied.ended.extend(self.ended)
        return copied

    def add(self, event: Event) -> None:
        """Hear of an event."""
        self.now_ms = max(self.now_ms, event.time_ms)
        hear = _HEARD.get(type(event))
        if hear is not None:
            hear(self, event)

    def _application(self, event: ApplicationStart) -> None:
        self.app_name, self.master = event.app_name, event.master

    def _streaming(self, event: StreamingStarted) -> None:
        self.started, self.stopped = event, False
        if self.first_ms is None:
            self.first_ms = event.time_ms

    def _streaming_ended(self, _event: StreamingStopped) -> None:
        self.stopped = True
        for stream_id in self.receivers:
            self._turn_off(stream_id)

    def _submitted(self, event: BatchSubmitted) -> None:
        self.active[event.batch_time_ms] = Batch(event.batch_time_ms, event.records, event.time_ms, event.output_ops)

    def _batch_started(self, event: BatchStarted) -> None:
        batch = self.active.get(event.batch_time_ms)
        if batch is not None:
            self.active[event.batch_time_ms] = replace(batch, status="processing", start_ms=event.time_ms)

    def _operation_ended(self, event: OutputOperationCompleted) -> None:
        batch = self.active.get(event.batch_time_ms)
        if batch is not None and event.failure:
            self.active[event.batch_time_ms] = replace(batch, failure=batch.failure or event.failure)
        elif batch is not None:
            self.active[event.batch_time_ms] = replace(batch, succeeded_ops=batch.succeeded_ops + 1)

    def _batch_ended(self, event: BatchCompleted) -> None:
        batch = self.active.pop(event.batch_time_ms, None)
        if batch is not None:
            self.completed += 1
            self.records += sum(count for _, count in batch.records)
            self.ended.append(replace(batch, status="completed", end_ms=event.time_ms))

    def _driver_died(self, _event: DriverDied) -> None:
        self.ended.extend(replace(batch, status="abandoned") for batch in self.active.values())
        self.active.clear()
        for stream_id in self.receivers:
            self._turn_off(stream_id)

    def _receiver_started(self, event: ReceiverStarted) -> None:
        before = self.receivers.get(event.stream_id)
        error = (None, "") if before is None else (before.error_ms, before.error)
        self.receivers[event.stream_id] = ReceiverStatus(
            event.stream_id, event.name, True, event.executor_id, event.host, *error
        )

    def _receiver_failed(self, event: ReceiverError | ReceiverStopped) -> None:
        known = self.receivers.get(event.stream_id)
        if known is not None and (event.error or event.message):
            said = ": ".join(filter(None, (event.message, event.error)))
            self.receivers[event.stream_id] = replace(known, error_ms=event.time_ms, error=said)

    def _receiver_stopped(self, event: ReceiverStopped) -> None:
        if event.error:
            self._receiver_failed(event)
        self._turn_off(event.stream_id)

    def _executor_gone(self, event: ExecutorRemoved) -> None:
        for receiver in list(self.receivers.values()):
            if receiver.executor_id == event.executor_id:
                self._turn_off(receiver.stream_id)

    def _turn_off(self, stream_id: int) -> None:
        if stream_id in self.receivers:
            self.receivers[stream_id] = replace(self.receivers[stream_id], active=False)


_HEARD: Mapping[type[Event], Callable[[StreamingStatus, Any], None]] = {
    ApplicationStart: StreamingStatus._application,
    StreamingStarted: StreamingStatus._streaming,
    StreamingStopped: StreamingStatus._streaming_ended,
    BatchSubmitted: StreamingStatus._submitted,
    BatchStarted: StreamingStatus._batch_started,
    OutputOperationCompleted: StreamingStatus._operation_ended,
    BatchCompleted: StreamingStatus._batch_ended,
    DriverDied: StreamingStatus._driver_died,
    ReceiverStarted: StreamingStatus._receiver_started,
    ReceiverError: StreamingStatus._receiver_failed,
    ReceiverStopped: StreamingStatus._receiver_stopped,
    ExecutorRemoved: StreamingStatus._executor_gone,
}

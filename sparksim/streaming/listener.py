"""What a program may hear of its own run (PySpark: StreamingListener), told from the trace.

The objects that reach a listener have PySpark's methods, such as `batchCompleted.batchInfo().processingDelay()`. Times
and delays are whole ms; -1 stands for "not known yet", as in Spark's Java API.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sparksim.trace.events import (
    BatchCompleted,
    BatchStarted,
    BatchSubmitted,
    Event,
    OutputOperationCompleted,
    OutputOperationStarted,
    ReceiverError,
    ReceiverStarted,
    ReceiverStopped,
    StreamingStarted,
)

UNKNOWN = -1

_HEARD = frozenset(
    {
        StreamingStarted,
        ReceiverStarted,
        ReceiverError,
        ReceiverStopped,
        BatchSubmitted,
        BatchStarted,
        BatchCompleted,
        OutputOperationStarted,
        OutputOperationCompleted,
    }
)


@dataclass(frozen=True, slots=True)
class Time:
    """A batch time."""

    ms: int

    def milliseconds(self) -> int:
        return self.ms

    def __str__(self) -> str:
        return f"{self.ms} ms"


@dataclass(frozen=True, slots=True)
class StreamInputInfo:
    """What one input contributed to a batch."""

    _stream_id: int
    _records: int

    def inputStreamId(self) -> int:
        return self._stream_id

    def numRecords(self) -> int:
        return self._records


@dataclass(slots=True)
class OutputOperationInfo:
    """One output operation of a batch; its name is known from its start on."""

    _batch_time_ms: int
    _id: int
    _name: str = ""
    _start_ms: int = UNKNOWN
    _end_ms: int = UNKNOWN
    _failure: str | None = None

    def batchTime(self) -> Time:
        return Time(self._batch_time_ms)

    def id(self) -> int:
        return self._id

    def name(self) -> str:
        return self._name

    def description(self) -> str:
        return self._name

    def startTime(self) -> int:
        return self._start_ms

    def endTime(self) -> int:
        return self._end_ms

    def failureReason(self) -> str | None:
        return self._failure


@dataclass(slots=True)
class BatchInfo:
    """One batch, as far as it has come."""

    _batch_time_ms: int
    _inputs: dict[int, StreamInputInfo]
    _submission_ms: int
    _start_ms: int = UNKNOWN
    _end_ms: int = UNKNOWN
    _operations: dict[int, OutputOperationInfo] = field(default_factory=dict)

    def batchTime(self) -> Time:
        return Time(self._batch_time_ms)

    def streamIdToInputInfo(self) -> dict[int, StreamInputInfo]:
        return dict(self._inputs)

    def submissionTime(self) -> int:
        return self._submission_ms

    def processingStartTime(self) -> int:
        return self._start_ms

    def processingEndTime(self) -> int:
        return self._end_ms

    def schedulingDelay(self) -> int:
        """Submission to the start of the first job."""
        return UNKNOWN if self._start_ms == UNKNOWN else self._start_ms - self._submission_ms

    def processingDelay(self) -> int:
        """Start of the first job to the end of the last."""
        return UNKNOWN if self._end_ms == UNKNOWN else self._end_ms - self._start_ms

    def totalDelay(self) -> int:
        """Submission to the end of the last job (the driver's log counts from the batch time instead)."""
        return UNKNOWN if self._end_ms == UNKNOWN else self._end_ms - self._submission_ms

    def numRecords(self) -> int:
        return sum(info.numRecords() for info in self._inputs.values())

    def outputOperationInfos(self) -> dict[int, OutputOperationInfo]:
        return dict(self._operations)


@dataclass(frozen=True, slots=True)
class ReceiverInfo:
    """One receiver at the moment of an event."""

    _stream_id: int
    _name: str
    _active: bool
    _location: str
    _executor_id: str
    _message: str = ""
    _error: str = ""
    _error_ms: int = UNKNOWN

    def streamId(self) -> int:
        return self._stream_id

    def name(self) -> str:
        return self._name

    def active(self) -> bool:
        return self._active

    def location(self) -> str:
        return self._location

    def executorId(self) -> str:
        return self._executor_id

    def lastErrorMessage(self) -> str:
        return self._message

    def lastError(self) -> str:
        return self._error

    def lastErrorTime(self) -> int:
        return self._error_ms


class StreamingListener:
    """Override what you want to hear. Each method gets one object; its accessor is named in the docstring."""

    def onStreamingStarted(self, streamingStarted: Any) -> None:
        """`time()`: the context has started."""

    def onReceiverStarted(self, receiverStarted: Any) -> None:
        """`receiverInfo()`: a receiver registered."""

    def onReceiverError(self, receiverError: Any) -> None:
        """`receiverInfo()`: a receiver reported an error."""

    def onReceiverStopped(self, receiverStopped: Any) -> None:
        """`receiverInfo()`: a receiver deregistered."""

    def onBatchSubmitted(self, batchSubmitted: Any) -> None:
        """`batchInfo()`: the jobs of a batch are queued."""

    def onBatchStarted(self, batchStarted: Any) -> None:
        """`batchInfo()`: its first job started."""

    def onBatchCompleted(self, batchCompleted: Any) -> None:
        """`batchInfo()`: all its jobs ended."""

    def onOutputOperationStarted(self, outputOperationStarted: Any) -> None:
        """`outputOperationInfo()`: a job started."""

    def onOutputOperationCompleted(self, outputOperationCompleted: Any) -> None:
        """`outputOperationInfo()`: a job ended."""


class Told:
    """The object a listener gets: one accessor, named as PySpark names it."""

    def __init__(self, accessor: str, value: Any) -> None:
        setattr(self, accessor, lambda: value)


class Narrator:
    """Turns trace events into calls on listeners: `(method name, argument)`, or nothing."""

    def __init__(self) -> None:
        self._batches: dict[int, BatchInfo] = {}
        self._hosts: dict[int, str] = {}

    def tell(self, event: Event) -> tuple[str, Told] | None:
        """Follow one event and say what to call for it."""
        if type(event) not in _HEARD:
            return None
        if isinstance(event, StreamingStarted):
            return "onStreamingStarted", Told("time", int(event.time_ms))
        if isinstance(event, (ReceiverStarted, ReceiverError, ReceiverStopped)):
            return self._receiver(event)
        if isinstance(event, (BatchSubmitted, BatchStarted, BatchCompleted)):
            return self._batch(event)
        assert isinstance(event, (OutputOperationStarted, OutputOperationCompleted))
        return self._operation(event)

    def _receiver(self, event: ReceiverStarted | ReceiverError | ReceiverStopped) -> tuple[str, Told]:
        if isinstance(event, ReceiverStarted):
            self._hosts[event.stream_id] = event.host
            info = ReceiverInfo(event.stream_id, event.name, True, event.host, event.executor_id)
            return "onReceiverStarted", Told("receiverInfo", info)
        stopped = isinstance(event, ReceiverStopped)
        info = ReceiverInfo(
            event.stream_id,
            event.name,
            not stopped,
            self._hosts.get(event.stream_id, ""),
            event.executor_id,
            event.message,
            event.error,
            int(event.time_ms) if stopped and event.error else UNKNOWN,
        )
        return ("onReceiverStopped" if stopped else "onReceiverError"), Told("receiverInfo", info)

    def _batch(self, event: BatchSubmitted | BatchStarted | BatchCompleted) -> tuple[str, Told]:
        if isinstance(event, BatchSubmitted):
            inputs = {stream_id: StreamInputInfo(stream_id, records) for stream_id, records in event.records}
            batch_ms = event.batch_time_ms
            planned = {number: OutputOperationInfo(batch_ms, number) for number in range(event.output_ops)}
            self._batches[batch_ms] = BatchInfo(batch_ms, inputs, int(event.time_ms), _operations=planned)
            return "onBatchSubmitted", self._about(event.batch_time_ms)
        info = self._batches[event.batch_time_ms]
        if isinstance(event, BatchStarted):
            info._start_ms = int(event.time_ms)
            return "onBatchStarted", self._about(event.batch_time_ms)
        info._end_ms = int(event.time_ms)
        told = self._about(event.batch_time_ms)
        del self._batches[event.batch_time_ms]
        return "onBatchCompleted", told

    def _operation(self, event: OutputOperationStarted | OutputOperationCompleted) -> tuple[str, Told]:
        operations = self._batches[event.batch_time_ms]._operations
        if isinstance(event, OutputOperationStarted):
            info = OutputOperationInfo(event.batch_time_ms, event.output_op, event.name, int(event.time_ms))
            operations[event.output_op] = info
            return "onOutputOperationStarted", Told("outputOperationInfo", _copy_operation(info))
        info = operations[event.output_op]
        info._end_ms = int(event.time_ms)
        info._failure = event.failure or None
        return "onOutputOperationCompleted", Told("outputOperationInfo", _copy_operation(info))

    def _about(self, batch_time_ms: int) -> Told:
        """A snapshot: what a listener keeps does not change under it."""
        info = self._batches[batch_time_ms]
        operations = {number: _copy_operation(each) for number, each in info._operations.items()}
        return Told(
            "batchInfo",
            BatchInfo(info._batch_time_ms, info._inputs, info._submission_ms, info._start_ms, info._end_ms, operations),
        )


def _copy_operation(info: OutputOperationInfo) -> OutputOperationInfo:
    return OutputOperationInfo(info._batch_time_ms, info._id, info._name, info._start_ms, info._end_ms, info._failure)

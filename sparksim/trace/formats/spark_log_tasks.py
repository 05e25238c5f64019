"""Tasks in the words of Spark's event log: their starts, their ends, why they failed, what they read and wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sparksim.trace import events as e

Json = dict[str, Any]

_UNKNOWN: Json = dict.fromkeys(
    (
        "Executor Deserialize Time",
        "Executor Deserialize CPU Time",
        "Executor CPU Time",
        "Peak Execution Memory",
        "Result Size",
        "JVM GC Time",
        "Result Serialization Time",
        "Memory Bytes Spilled",
        "Disk Bytes Spilled",
    ),
    0,
)
_UNKNOWN_READ: Json = dict.fromkeys(
    (
        "Remote Blocks Fetched",
        "Local Blocks Fetched",
        "Fetch Wait Time",
        "Remote Bytes Read",
        "Remote Bytes Read To Disk",
        "Local Bytes Read",
    ),
    0,
)
"""What Spark must find, and a trace does not hold."""


class Tasks:
    """Knows the tasks that were started. `time_of` turns the time of an event into epoch ms."""

    def __init__(self, time_of: Callable[[float], int]) -> None:
        self._time_of = time_of
        self._started: dict[int, tuple[str, Json]] = {}

    def start(self, event: e.TaskStart) -> Json:
        info = {
            "Task ID": event.task_id,
            "Index": event.index,
            "Attempt": event.attempt,
            "Partition ID": event.index,
            "Launch Time": self._time_of(event.time_ms),
            "Executor ID": event.executor_id,
            "Host": event.host,
            "Locality": event.locality,
            "Speculative": event.speculative,
            "Getting Result Time": 0,
            "Finish Time": 0,
            "Failed": False,
            "Killed": False,
            "Accumulables": [],
        }
        self._started[event.task_id] = "ResultTask" if event.kind == "Receiver" else event.kind, info
        return {
            "Event": "SparkListenerTaskStart",
            "Stage ID": event.stage_id,
            "Stage Attempt ID": event.stage_attempt,
            "Task Info": dict(info),
        }

    def end(self, event: e.TaskEnd) -> Json:
        """Of a task that was started. One that is resubmitted had ended before: it keeps the time of that."""
        task_type, info = self._started[event.task_id]
        if event.reason != "Resubmitted":
            info["Finish Time"] = self._time_of(event.time_ms)
            info["Killed"] = event.reason == "TaskKilled"
            info["Failed"] = event.reason not in ("Success", "TaskKilled")
        return {
            "Event": "SparkListenerTaskEnd",
            "Stage ID": event.stage_id,
            "Stage Attempt ID": event.stage_attempt,
            "Task Type": task_type,
            "Task End Reason": _reason(event),
            "Task Info": info,
            "Task Metrics": _metrics(event, info["Finish Time"] - info["Launch Time"]),
        }


def _reason(event: e.TaskEnd) -> Json:
    """How a task ended, with what Spark wants to know of each kind of end."""
    detail: Json = {}
    if event.reason == "ExceptionFailure":
        name, _, description = event.message.partition(": ")
        detail = {
            "Class Name": name,
            "Description": description,
            "Stack Trace": [],
            "Full Stack Trace": event.message,
            "Accumulator Updates": [],
        }
    elif event.reason == "FetchFailed":
        detail = {"Shuffle ID": 0, "Map ID": -1, "Map Index": -1, "Reduce ID": event.index, "Message": event.message}
    elif event.reason == "ExecutorLostFailure":
        detail = {"Executor ID": event.executor_id, "Exit Caused By App": True, "Loss Reason": event.message}
    elif event.reason == "TaskKilled":
        detail = {"Kill Reason": event.message, "Accumulator Updates": []}
    return {"Reason": event.reason, **detail}


def _metrics(event: e.TaskEnd, run_ms: int) -> Json:
    return {
        **_UNKNOWN,
        "Executor Run Time": run_ms,
        "Shuffle Read Metrics": {**_UNKNOWN_READ, "Total Records Read": event.shuffle_read},
        "Shuffle Write Metrics": {
            "Shuffle Bytes Written": 0,
            "Shuffle Write Time": 0,
            "Shuffle Records Written": event.shuffle_written,
        },
        "Input Metrics": {"Bytes Read": 0, "Records Read": event.records_read},
        "Output Metrics": {"Bytes Written": 0, "Records Written": 0},
        "Updated Blocks": [],
    }

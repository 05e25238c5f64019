"""A run small enough to check by hand: one receiver, two executors with two cores, two batches of one second.

Block `input-0-400` is stored twice, joins batch 1000 and is processed. Block `input-0-1400` has one copy, on executor
1, which is removed at 2100 ms while batch 2000 reads it: the task dies, its retry finds no copy, the batch fails.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sparksim.trace import events as e
from sparksim.trace.trace import Trace

SOURCE = "localhost:9999"
LOOKS_BACK = (
    e.StateUpdated(1100, 1000, "updateStateByKey at a.py:3", 0, 1, 1, 0, 0, 5, (("'a'", "created", 5, "1"),), 0),
    e.WindowComputed(1100, 1000, "window at a.py:5", (1000,), (1000,), ()),
)
"""A state and a window, of a program that has them."""


@dataclass
class Tasks:
    """Makes the start and the end of tasks; what a test does not name is the same for all."""

    job_id: int = 0

    def start(self, time_ms: float, task_id: int, executor_id: str, core: int, **changes: Any) -> e.TaskStart:
        host = f"host-{executor_id}"
        event = e.TaskStart(
            time_ms, task_id, self.job_id, 0, 0, 0, 0, executor_id, host, core, "NODE_LOCAL", False, "ResultTask"
        )
        return replace(event, **changes)

    def end(self, time_ms: float, task_id: int, executor_id: str, core: int, **changes: Any) -> e.TaskEnd:
        event = e.TaskEnd(time_ms, task_id, self.job_id, 0, 0, 0, 0, executor_id, core, "Success", "", 0, 0, 0, ())
        return replace(event, **changes)


def small_trace() -> Trace:
    receiver, first, second = Tasks(0), Tasks(1), Tasks(2)
    lost = "block input-0-1400 not found: no executor holds a copy of it"
    return Trace(
        [
            e.ApplicationStart(0, "app-0", "word count", "sim[2,2]", 7, 2),
            e.ExecutorAdded(0, "1", "host-1", 2),
            e.ExecutorAdded(0, "2", "host-2", 2),
            e.StreamingStarted(0, 1000, 200, 0, 1),
            e.JobStart(5, 0, "Streaming job running receiver 0", (0,), None, None),
            receiver.start(5, 0, "1", 0, kind="Receiver"),
            e.ReceiverStarted(10, 0, "SocketReceiver-0", "1", "host-1"),
            e.BlockGenerated(600, 0, "input-0-400", "1", 30, ((SOURCE, 0, 29),)),
            e.BlockStored(602, "input-0-400", "1", "MEMORY_AND_DISK_SER_2", 400),
            e.BlockStored(605, "input-0-400", "2", "MEMORY_AND_DISK_SER_2", 400),
            e.BlockAdded(606, 0, "input-0-400", 30),
            e.BlocksAllocated(1000, 1000, 0, ("input-0-400",)),
            e.BatchSubmitted(1001, 1000, ((0, 30),), 1),
            e.BatchStarted(1003, 1000),
            e.OutputOperationStarted(1003, 1000, 0, "pprint at word_count.py:9", (0,)),
            e.JobStart(1004, 1, "pprint at word_count.py:9", (1,), 1000, 0),
            e.StageSubmitted(1004, 1, 1, 0, "pprint at word_count.py:9", 1),
            first.start(1005, 1, "1", 1, stage_id=1),
            first.end(1105.5, 1, "1", 1, stage_id=1, records_read=30, blocks=("input-0-400",)),
            e.StageCompleted(1105.5, 1, 0, ""),
            e.JobEnd(1106, 1, True, ""),
            e.OutputOperationCompleted(1106, 1000, 0, ""),
            e.BatchCompleted(1107, 1000, False),
            e.BlockGenerated(1600, 0, "input-0-1400", "1", 20, ((SOURCE, 30, 49),)),
            e.BlockStored(1602, "input-0-1400", "1", "MEMORY_AND_DISK_SER", 270),
            e.BlockAdded(1603, 0, "input-0-1400", 20),
            e.BlocksAllocated(2000, 2000, 0, ("input-0-1400",)),
            e.BatchSubmitted(2001, 2000, ((0, 20),), 1),
            e.BatchStarted(2004, 2000),
            e.OutputOperationStarted(2004, 2000, 0, "pprint at word_count.py:9", (0,)),
            e.JobStart(2005, 2, "pprint at word_count.py:9", (2,), 2000, 0),
            e.StageSubmitted(2005, 2, 2, 0, "pprint at word_count.py:9", 1),
            second.start(2006, 2, "1", 1, stage_id=2),
            e.FaultInjected(2100, "ExecutorCrash", "1"),
            e.ExecutorRemoved(2100, "1", "crashed"),
            receiver.end(2100, 0, "1", 0, reason="ExecutorLostFailure"),
            second.end(2100, 2, "1", 1, stage_id=2, reason="ExecutorLostFailure", records_read=11),
            e.BlockLost(2100, "input-0-1400", "1"),
            e.RecordsLost(2100, ((SOURCE, 30, 49),), 20, "executor 1 was lost with the only copy", 0, "input-0-1400"),
            second.start(2101, 3, "2", 0, stage_id=2, attempt=1, locality="ANY"),
            second.end(2110, 3, "2", 0, stage_id=2, attempt=1, reason="ExceptionFailure", message=lost),
            e.StageCompleted(2110, 2, 0, lost),
            e.JobEnd(2111, 2, False, lost),
            e.OutputOperationCompleted(2111, 2000, 0, lost),
            e.BatchCompleted(2112, 2000, True),
            e.ApplicationEnd(2500, "app-0"),
        ]
    )

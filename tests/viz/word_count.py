"""Makes the trace of a streaming word count without running one: a stand-in with the shape of real runs.

A receiver cuts blocks, batches take them, tasks go to the first free core, one batch at a time. At `crash_ms` the
executor of the receiver is lost: its tasks run again elsewhere, its receiver moves, its last block has no copy and is
gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from sparksim.trace import Event, Trace
from sparksim.trace import events as e

SOURCE = "localhost:9999"


@dataclass
class WordCount:
    """All times are ms. `load` scales how long tasks take; above about 1 the batches fall behind."""

    executors: int = 3
    cores: int = 2
    batch_ms: int = 2000
    block_ms: int = 200
    until_ms: int = 20_000
    crash_ms: float | None = 7300
    load: float = 0.6
    start_ms: int = 0
    events: list[Event] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)

    def trace(self) -> Trace:
        self.random = Random(7)
        self.free: dict[tuple[str, int], float] = {}
        self.task_id = 0
        self._cluster()
        waiting = self._receive()
        self._process(waiting)
        self.events.append(e.ApplicationEnd(self.start_ms + self.until_ms, "app-0"))
        end_ms = self.start_ms + self.until_ms
        return Trace(sorted(self.events, key=lambda event: event.time_ms)).until(end_ms)

    def _cluster(self) -> None:
        t0 = self.start_ms
        self.events += [
            e.ApplicationStart(t0, "app-0", "word count", f"sim[{self.executors},{self.cores}]", 7, 6),
            e.StreamingStarted(t0, self.batch_ms, self.block_ms, t0, 1),
        ]
        for number in range(1, self.executors + 1):
            self.events.append(e.ExecutorAdded(t0, str(number), f"host-{number}", self.cores))
            self.free |= {(str(number), core): t0 for core in range(self.cores)}
        if self.crash_ms is not None:
            self.events += [
                e.FaultInjected(t0 + self.crash_ms, "ExecutorCrash", "1"),
                e.ExecutorRemoved(t0 + self.crash_ms, "1", "crashed"),
            ]

    def _receiver(self, start_ms: float, executor: str, core: int, end_ms: float | None) -> None:
        job_id = 900 + int(executor)
        self.events += [
            e.JobStart(start_ms, job_id, "Streaming job running receiver 0", (job_id,), None, None),
            self._start(start_ms + 1, job_id, 0, executor, core, "Receiver"),
            e.ReceiverStarted(start_ms + 20, 0, "SocketReceiver-0", executor, f"host-{executor}"),
            e.SourceConnected(start_ms + 20, SOURCE, 0),
        ]
        task_id = self.task_id
        del self.free[executor, core]
        if end_ms is not None:
            self.events.append(
                e.TaskEnd(
                    end_ms, task_id, job_id, job_id, 0, 0, 0, executor, core, "ExecutorLostFailure", "", 0, 0, 0, ()
                )
            )

    def _start(self, time_ms: float, job_id: int, index: int, executor: str, core: int, kind: str) -> e.TaskStart:
        self.task_id += 1
        host = f"host-{executor}"
        return e.TaskStart(
            time_ms, self.task_id, job_id, job_id, 0, index, 0, executor, host, core, "NODE_LOCAL", False, kind
        )

    def _receive(self) -> list[tuple[float, str, int]]:
        """(known to the driver at, block, records) of every block."""
        crash = None if self.crash_ms is None else self.start_ms + self.crash_ms
        self._receiver(self.start_ms + 5, "1", 0, crash)
        moved_ms = None
        if crash is not None:
            moved_ms = crash + 40
            self._receiver(moved_ms, "2", 0, None)
            self.events += [
                e.RecordsLost(crash, ((SOURCE, 700, 730),), 31, "they were in the receiver's buffer", 0, ""),
                e.SourceDisconnected(crash, SOURCE, 0, "executor 1 was lost"),
            ]
        found = []
        first = 0
        for tick in range(self.start_ms + self.block_ms, self.start_ms + self.until_ms, self.block_ms):
            if crash is not None and moved_ms is not None and crash <= tick < moved_ms + self.block_ms:
                continue
            holder, other = ("1", "2") if crash is None or tick < crash else ("2", "3")
            name, records = f"input-0-{tick - self.block_ms}", self.random.randint(12, 28)
            self.events += [
                e.BlockGenerated(tick, 0, name, holder, records, ((SOURCE, first, first + records - 1),)),
                e.BlockStored(tick + 2, name, holder, "MEMORY_AND_DISK_SER_2", records * 14),
                e.BlockAdded(tick + 6, 0, name, records),
            ]
            if crash is not None and tick < crash <= tick + self.block_ms:
                self.lost.add(name)
                lost = ((SOURCE, first, first + records - 1),)
                self.events += [
                    e.BlockLost(crash, name, "1"),
                    e.RecordsLost(crash, lost, records, "executor 1 had the only copy", 0, name),
                ]
            else:
                self.events.append(e.BlockStored(tick + 5, name, other, "MEMORY_AND_DISK_SER_2", records * 14))
            first += records
            found.append((tick + 6, name, records))
        return found

    def _process(self, waiting: list[tuple[float, str, int]]) -> None:
        end = float(self.start_ms)
        last = self.start_ms + self.until_ms
        for number, batch in enumerate(range(self.start_ms + self.batch_ms, last, self.batch_ms), 1):
            mine = [block for block in waiting if block[0] <= batch]
            waiting = [block for block in waiting if block[0] > batch]
            self.events += [
                e.BlocksAllocated(batch, batch, 0, tuple(name for _, name, _ in mine)),
                e.BatchSubmitted(batch + 3, batch, ((0, sum(count for _, _, count in mine)),), 1),
            ]
            start = max(batch + 5.0, end + 1)
            if start >= last:
                continue
            self.events += [
                e.BatchStarted(start, batch),
                e.OutputOperationStarted(start, batch, 0, "pprint at word_count.py:9", (0,)),
                e.JobStart(start, number, "pprint at word_count.py:9", (number,), batch, 0),
            ]
            mapped = max((self._task(start, number, name) for _, name, _ in mine), default=start)
            failed = any(name in self.lost for _, name, _ in mine)
            end = mapped if failed else max(self._task(mapped, number, "") for _ in range(4))
            if end >= last:
                continue
            why = "block not found" if failed else ""
            self.events += [
                e.JobEnd(end, number, not failed, why),
                e.OutputOperationCompleted(end, batch, 0, why),
                e.BatchCompleted(end + 1, batch, failed),
            ]

    def _task(self, ready_ms: float, job_id: int, block: str) -> float:
        """Runs one task on the first free core, again when its executor is lost under it. Gives the time of its end."""
        crash = None if self.crash_ms is None else self.start_ms + self.crash_ms
        (executor, core), free_ms = min(self.free.items(), key=lambda item: (max(item[1], ready_ms), item[0]))
        start = max(free_ms, ready_ms) + 1
        if crash is not None and executor == "1" and start >= crash:
            del self.free[executor, core]
            return self._task(ready_ms, job_id, block)
        length = self.load * self.random.uniform(300, 900) if block else self.load * self.random.uniform(60, 160)
        end, reason = start + length, "Success"
        if crash is not None and executor == "1" and end > crash:
            end, reason = crash, "ExecutorLostFailure"
        elif block in self.lost:
            end, reason = start + 9, "ExceptionFailure"
        self.free[executor, core] = end
        event = self._start(start, job_id, 0, executor, core, "ResultTask")
        self.events.append(event)
        if end < self.start_ms + self.until_ms:
            self.events.append(
                e.TaskEnd(
                    end,
                    event.task_id,
                    job_id,
                    job_id,
                    0,
                    0,
                    0,
                    executor,
                    core,
                    reason,
                    "",
                    20,
                    0,
                    0,
                    (block,) if block else (),
                )
            )
        return self._task(end, job_id, block) if reason == "ExecutorLostFailure" else end

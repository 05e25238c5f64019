"""A trace for Perfetto and chrome://tracing: the driver, the sources and the executors as processes with their threads.

What lasts is a slice: batches with their waiting, jobs, stages, tasks on cores, receivers, connections, blocks on their
way from being cut to being known to the driver. What happens at once is an instant. Arrows lead from a block over its
batch to each task that read it. Numbers over time are counters (`perfetto_counters`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict
from itertools import pairwise

from sparksim.trace import events as e
from sparksim.trace import tables
from sparksim.trace.event import Event
from sparksim.trace.formats.perfetto_counters import add_counters
from sparksim.trace.formats.trace_events import Span, Thread, TraceEvents, in_lanes
from sparksim.trace.rows import BlockRow, JobRow, StageRow, TaskRow
from sparksim.trace.trace import Trace

DRIVER, SOURCES, KAFKA, SINKS = "driver", "sources", "Kafka", "sinks"

DRIVER_EVENTS: dict[type[Event], str] = {
    e.FaultInjected: "faults",
    e.FaultEnded: "faults",
    e.DriverDied: "faults",
    e.ExecutorAdded: "executors",
    e.ExecutorRemoved: "executors",
    e.RecordsLost: "losses",
    e.BlockLost: "losses",
    e.JobGenerationFailed: "losses",
    e.OffsetsSkipped: "losses",
    e.ReceiverError: "receiver errors",
    e.Warned: "warnings",
    e.StreamingStarted: "streaming",
    e.StreamingRecovered: "streaming",
    e.StreamingStopped: "streaming",
    e.CheckpointWritten: "checkpoints",
    e.OutputPrinted: "output",
}
"""The instants that the driver shows, and on which thread."""

OUTSIDE_EVENTS: dict[type[Event], tuple[str, str]] = {
    e.BrokerStarted: (KAFKA, "brokers"),
    e.BrokerStopped: (KAFKA, "brokers"),
    e.LeaderElected: (KAFKA, "leaders"),
    e.TopicChanged: (KAFKA, "topics"),
    e.RecordsTruncated: (KAFKA, "losses"),
    e.RecordsDeleted: (KAFKA, "losses"),
    e.GroupRebalanced: (KAFKA, "groups"),
    e.OffsetsCommitted: (KAFKA, "groups"),
    e.OffsetsReset: (KAFKA, "groups"),
    e.SinkWritten: (SINKS, "sinks"),
    e.SinkRolledBack: (SINKS, "sinks"),
}
"""Those outside of Spark: on which process and thread."""


def write_perfetto(trace: Iterable[Event], path: str | os.PathLike[str]) -> None:
    """Write the trace as Trace Event Format JSON. Times are those of the run: from 0, or since the epoch when live."""
    events = trace if isinstance(trace, Trace) else Trace(trace)
    started = next(iter(events.of(e.ApplicationStart)), None)
    out = TraceEvents()
    outside = [SOURCES] if events.of(e.SourceConnected) else []
    for process in (DRIVER, *outside, *map(executor_name, tables.executors(events).column("executor_id"))):
        out.process(process)
    _Picture(events, out).draw()
    add_counters(events, out, DRIVER, SOURCES, executor_name)
    out.write(path, {} if started is None else {"application": started.app_name, "master": started.master})


def executor_name(executor_id: str) -> str:
    """What the process of an executor is called."""
    return f"executor {executor_id}"


class _Picture:
    """Draws one trace. What has not ended lasts until the trace does, or until its driver died."""

    def __init__(self, trace: Trace, out: TraceEvents) -> None:
        self._trace = trace
        self._out = out
        self._end_ms = trace.end_ms
        self._deaths_ms = [event.time_ms for event in trace.of(e.DriverDied)]
        self._origin_ms = trace[0].time_ms if trace.on_wall_clock else 0.0
        self._batches: dict[int, list[tuple[Thread, float]]] = {}
        self._blocks: dict[str, tuple[Thread, float]] = {}

    def draw(self) -> None:
        self._draw_batches()
        self._draw_jobs()
        self._draw_sources()
        self._draw_receivers()
        self._draw_blocks()
        self._draw_tasks()
        self._draw_instants()

    def _until(self, start_ms: float, end_ms: float | None) -> float:
        if end_ms is not None:
            return end_ms
        return next((died_ms for died_ms in self._deaths_ms if died_ms >= start_ms), self._end_ms)

    def _in_lanes(self, process: str, name: str, category: str, spans: Iterable[Span]) -> list[tuple[Thread, Span]]:
        """Draws the spans on the thread `name`, and on "name (lane 2)" and so on where they overlap."""
        placed = [
            (self._out.thread(process, f"{name} (lane {lane + 1})" if lane else name), span)
            for lane, span in in_lanes(spans)
        ]
        for thread, span in placed:
            self._out.slice(thread, category, span)
        return placed

    # --- the driver -------------------------------------------------------------------------------------------------

    def _draw_batches(self) -> None:
        spans = (
            Span(
                f"batch {self._seconds(row.batch_time_ms)}",
                row.submission_ms,
                self._until(row.submission_ms, row.processing_end_ms),
                asdict(row),
            )
            for row in tables.batches(self._trace)
        )
        for thread, span in self._in_lanes(DRIVER, "batches", "batch", spans):
            self._batches.setdefault(span.args["batch_time_ms"], []).append((thread, span.start_ms))
            began_ms = span.args["processing_start_ms"]
            waiting = Span("waiting", span.start_ms, span.end_ms if began_ms is None else began_ms, {})
            if waiting.end_ms > waiting.start_ms:
                self._out.slice(thread, "batch", waiting)

    def _draw_jobs(self) -> None:
        jobs = (self._span(row.description, row) for row in tables.jobs(self._trace))
        self._in_lanes(DRIVER, "jobs", "job", jobs)
        stages = (self._span(row.name, row) for row in tables.stages(self._trace))
        self._in_lanes(DRIVER, "stages", "stage", stages)

    def _span(self, name: str, row: JobRow | StageRow) -> Span:
        return Span(name, row.start_ms, self._until(row.start_ms, row.end_ms), asdict(row))

    def _seconds(self, batch_time_ms: int) -> str:
        return f"{round((batch_time_ms - self._origin_ms) / 1000, 1):g} s"

    # --- sources and executors --------------------------------------------------------------------------------------

    def _draw_sources(self) -> None:
        connected: dict[tuple[str, int], e.SourceConnected] = {}
        spans: dict[str, list[Span]] = {}

        def end(begin: e.SourceConnected, end_ms: float, reason: str) -> None:
            args = {"stream_id": begin.stream_id, "ended_by": reason}
            span = Span(f"connected to stream {begin.stream_id}", begin.time_ms, end_ms, args)
            spans.setdefault(begin.source, []).append(span)

        for event in self._trace:
            if isinstance(event, e.SourceConnected):
                connected[event.source, event.stream_id] = event
            elif isinstance(event, e.SourceDisconnected):
                begin = connected.pop((event.source, event.stream_id), None)
                if begin is not None:
                    end(begin, event.time_ms, event.reason)
        for begin in connected.values():
            end(begin, self._until(begin.time_ms, None), "")
        for source, of_source in spans.items():
            self._in_lanes(SOURCES, source, "source", of_source)

    def _draw_receivers(self) -> None:
        for row in tables.receivers(self._trace):
            span = Span(row.name, row.started_ms, self._until(row.started_ms, row.stopped_ms), asdict(row))
            thread = self._out.thread(executor_name(row.executor_id), f"receiver {row.stream_id}")
            self._out.slice(thread, "receiver", span)

    def _draw_blocks(self) -> None:
        rows: dict[tuple[str, int], list[BlockRow]] = {}
        for row in tables.blocks(self._trace):
            rows.setdefault((row.executor_id, row.stream_id), []).append(row)
        for (executor_id, stream_id), of_stream in rows.items():
            spans = (Span(row.block_id, *_way_to_the_driver(row), asdict(row)) for row in of_stream)
            name = f"blocks of receiver {stream_id}"
            for thread, span in self._in_lanes(executor_name(executor_id), name, "block", spans):
                self._blocks[span.name] = thread, span.start_ms

    def _draw_tasks(self) -> None:
        for row in tables.executors(self._trace):
            for core in range(row.cores):
                self._out.thread(executor_name(row.executor_id), f"core {core}")
        cores: dict[tuple[str, int], list[TaskRow]] = {}
        for task in tables.tasks(self._trace):
            cores.setdefault((task.executor_id, task.core), []).append(task)
        for (executor_id, core), of_core in cores.items():
            thread = self._out.thread(executor_name(executor_id), f"core {core}")
            # In Spark's own logs the next task of a core may start before the end of the last is on record.
            starts = [after.start_ms for _, after in pairwise(of_core)]
            for task, next_ms in zip(of_core, [*starts, float("inf")], strict=True):
                end_ms = min(self._until(task.start_ms, task.end_ms), next_ms)
                self._out.slice(thread, "task", Span(_task_name(task), task.start_ms, end_ms, asdict(task)))
                self._draw_ways(task, thread)

    def _draw_ways(self, task: TaskRow, thread: Thread) -> None:
        """From each block that the task read, over the latest run of its batch, to the task."""
        of_batch = self._batches.get(-1 if task.batch_time_ms is None else task.batch_time_ms, ())
        runs = [(lane, submitted_ms) for lane, submitted_ms in of_batch if submitted_ms <= task.start_ms]
        for block_id in task.blocks:
            if block_id in self._blocks:
                self._out.flow("record's way", [self._blocks[block_id], *runs[-1:], (thread, task.start_ms)])

    def _draw_instants(self) -> None:
        for event in self._trace:
            if type(event) in DRIVER_EVENTS:
                thread = self._out.thread(DRIVER, DRIVER_EVENTS[type(event)])
            elif type(event) in OUTSIDE_EVENTS:
                thread = self._out.thread(*OUTSIDE_EVENTS[type(event)])
            else:
                continue
            self._out.instant(thread, "event", _said(event), event.time_ms, asdict(event))


def _way_to_the_driver(row: BlockRow) -> tuple[float, float]:
    """From the moment the block was cut to that when the driver knew of it, or to the last that is known of it."""
    known = [time_ms for time_ms in (row.generated_ms, row.stored_ms, row.added_ms) if time_ms is not None]
    return known[0], known[-1]


def _task_name(task: TaskRow) -> str:
    ended = task.reason not in (None, "Success")
    return f"{task.kind} {task.stage_id}.{task.index}" + (f": {task.reason}" if ended else "")


def _said(event: Event) -> str:
    """An event in a few words: what it is about, if it says so, else its kind."""
    for field in ("fault", "reason", "message", "name"):
        if text := str(getattr(event, field, "")):
            return f"{type(event).__name__}: {text}"
    return type(event).__name__

"""A trace as event logs that Spark's own History Server opens (Spark: EventLoggingListener, JsonProtocol).

Each driver of the run is an application, as in Spark: one file, named by its id, `.inprogress` if the driver died.
Point `spark.history.fs.logDirectory` at the folder. Events of streaming, blocks and sources have no place in such a
log; batches are in the properties of their jobs. What a trace does not hold is left at nothing: parents of stages,
lineage, sizes. Every stage shows one RDD, the one that it computes, numbered by the stage.

The log wants epoch ms. Virtual time, which begins at 0, is put after `VIRTUAL_ORIGIN_MS`, the same for every run, so
that the same trace gives the same bytes.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sparksim.trace import events as e
from sparksim.trace.event import Event
from sparksim.trace.formats.spark_log_names import BATCH_TIME, CALL_SITE, DESCRIPTION, OUTPUT_OP
from sparksim.trace.formats.spark_log_tasks import Tasks
from sparksim.trace.trace import Trace

Json = dict[str, Any]

SPARK_VERSION = "3.5.0"
"""The version whose layout of events this is."""

VIRTUAL_ORIGIN_MS = 1_767_225_600_000
"""The first moment of 2026 (UTC), which is when virtual time begins in a log."""

PORT = 7078
"""A trace knows no ports; a block manager must have one."""


def write_event_log(trace: Iterable[Event], folder: str | os.PathLike[str], origin_ms: int | None = None) -> list[Path]:
    """Write one file per driver into `folder`, which is made when it is not there. Gives the files.

    `origin_ms` is the epoch ms of the trace's time 0; by default `VIRTUAL_ORIGIN_MS` for virtual time, and 0 for times
    of a wall clock.
    """
    events = Trace(trace)
    if origin_ms is None:
        origin_ms = 0 if events.on_wall_clock else VIRTUAL_ORIGIN_MS
    Path(folder).mkdir(parents=True, exist_ok=True)
    return [_write(life, Path(folder), origin_ms) for life in _lives(events)]


def _lives(events: Iterable[Event]) -> Iterator[list[Event]]:
    """The events of each driver, from its start on."""
    life: list[Event] = []
    for event in events:
        if isinstance(event, e.ApplicationStart) and life:
            yield life
            life = []
        if life or isinstance(event, e.ApplicationStart):
            life.append(event)
    if life:
        yield life


def _write(life: list[Event], folder: Path, origin_ms: int) -> Path:
    [started] = [event for event in life if isinstance(event, e.ApplicationStart)]
    ended = any(isinstance(event, e.ApplicationEnd) for event in life)
    name = re.sub(r"[^\w-]", "-", started.app_id)  # Spark takes what follows a dot for a compression
    path, other = folder / name, folder / f"{name}.inprogress"
    if not ended:
        path, other = other, path
    other.unlink(missing_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for event in _Application(life, origin_ms).log():
            file.write(json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n")
    return path


class _Application:
    """One driver's events in Spark's words."""

    def __init__(self, life: list[Event], origin_ms: int) -> None:
        self._life = life
        self._origin_ms = origin_ms
        self._submitted = {event.stage_id: event for event in reversed(life) if isinstance(event, e.StageSubmitted)}
        self._hosts: dict[str, str] = {}
        self._properties: dict[int, dict[str, str]] = {}
        """Of the jobs under way."""
        self._stages: dict[tuple[int, int], Json] = {}
        """Those under way, by id and attempt."""
        self._tasks = Tasks(self._time)

    def log(self) -> Iterator[Json]:
        for event in self._life:
            if isinstance(event, e.TaskStart):
                yield self._tasks.start(event)
            elif isinstance(event, e.TaskEnd):
                yield self._tasks.end(event)
            elif isinstance(event, e.JobStart | e.JobEnd | e.StageSubmitted | e.StageCompleted):
                yield from self._job_event(event)
            else:
                yield from self._application_event(event)
        if any(isinstance(event, e.ApplicationEnd) for event in self._life):
            yield from self._cut_off(self._time(self._life[-1].time_ms))

    def _time(self, time_ms: float) -> int:
        return self._origin_ms + round(time_ms)

    def _application_event(self, event: Event) -> Iterator[Json]:
        at_ms = self._time(event.time_ms)
        if isinstance(event, e.ApplicationStart):
            yield from self._start(event, at_ms)
        elif isinstance(event, e.ApplicationEnd):
            yield {"Event": "SparkListenerApplicationEnd", "Timestamp": at_ms}
        elif isinstance(event, e.ExecutorAdded):
            self._hosts[event.executor_id] = event.host
            info = {
                "Host": event.host,
                "Total Cores": event.cores,
                "Log Urls": {},
                "Attributes": {},
                "Resources": {},
                "Resource Profile Id": 0,
            }
            yield {
                "Event": "SparkListenerExecutorAdded",
                "Timestamp": at_ms,
                "Executor ID": event.executor_id,
                "Executor Info": info,
            }
            yield self._block_manager_added(event.executor_id, at_ms)
        elif isinstance(event, e.ExecutorRemoved):
            yield {
                "Event": "SparkListenerExecutorRemoved",
                "Timestamp": at_ms,
                "Executor ID": event.executor_id,
                "Removed Reason": event.reason,
            }
            yield {
                "Event": "SparkListenerBlockManagerRemoved",
                "Block Manager ID": self._block_manager(event.executor_id),
                "Timestamp": at_ms,
            }

    def _start(self, event: e.ApplicationStart, at_ms: int) -> Iterator[Json]:
        self._hosts["driver"] = "driver"
        yield {"Event": "SparkListenerLogStart", "Spark Version": SPARK_VERSION}
        yield self._block_manager_added("driver", at_ms)
        settings = {
            "spark.app.id": event.app_id,
            "spark.app.name": event.app_name,
            "spark.master": event.master,
            "spark.default.parallelism": str(event.default_parallelism),
        }
        for started in self._life:
            if isinstance(started, e.StreamingStarted):
                settings["spark.streaming.blockInterval"] = f"{started.block_ms}ms"
                settings["spark.streaming.concurrentJobs"] = str(started.concurrent_jobs)
        yield {
            "Event": "SparkListenerEnvironmentUpdate",
            "JVM Information": {},
            "Spark Properties": settings,
            "Hadoop Properties": {},
            "System Properties": {},
            "Metrics Properties": {},
            "Classpath Entries": {},
        }
        yield {
            "Event": "SparkListenerApplicationStart",
            "App Name": event.app_name,
            "App ID": event.app_id,
            "Timestamp": at_ms,
            "User": "sparksim",
        }

    def _block_manager(self, executor_id: str) -> Json:
        return {"Executor ID": executor_id, "Host": self._hosts.get(executor_id, ""), "Port": PORT}

    def _block_manager_added(self, executor_id: str, at_ms: int) -> Json:
        return {
            "Event": "SparkListenerBlockManagerAdded",
            "Block Manager ID": self._block_manager(executor_id),
            "Maximum Memory": 0,
            "Timestamp": at_ms,
            "Maximum Onheap Memory": 0,
            "Maximum Offheap Memory": 0,
        }

    # --- jobs and stages --------------------------------------------------------------------------------------------

    def _job_event(self, event: e.JobStart | e.JobEnd | e.StageSubmitted | e.StageCompleted) -> Iterator[Json]:
        at_ms = self._time(event.time_ms)
        if isinstance(event, e.JobStart):
            self._properties[event.job_id] = self._properties_of(event)
            yield {
                "Event": "SparkListenerJobStart",
                "Job ID": event.job_id,
                "Submission Time": at_ms,
                "Stage Infos": [self._stage_of_job(stage_id, event) for stage_id in event.stage_ids],
                "Stage IDs": list(event.stage_ids),
                "Properties": self._properties[event.job_id],
            }
        elif isinstance(event, e.JobEnd):
            self._properties.pop(event.job_id, None)
            yield _job_end(event.job_id, at_ms, None if event.succeeded else event.reason)
        elif isinstance(event, e.StageSubmitted):
            info = _stage_info(event.stage_id, event.attempt, event.name, event.tasks)
            info["Submission Time"] = at_ms
            self._stages[event.stage_id, event.attempt] = info
            yield {
                "Event": "SparkListenerStageSubmitted",
                "Stage Info": info,
                "Properties": self._properties.get(event.job_id, {}),
            }
        elif info := self._stages.pop((event.stage_id, event.attempt), {}):
            yield _stage_completed(info, at_ms, event.failure)

    def _cut_off(self, at_ms: int) -> Iterator[Json]:
        """What was under way when the application ended fails after that, as when Spark's context is stopped."""
        for info in self._stages.values():
            yield _stage_completed(info, at_ms, "it was under way when the application ended")
        for job_id in self._properties:
            yield _job_end(job_id, at_ms, "it was under way when the application ended")

    def _stage_of_job(self, stage_id: int, job: e.JobStart) -> Json:
        """A stage that is never submitted, because its output is there already, shows the name of its job."""
        submitted = self._submitted.get(stage_id)
        if submitted is None:
            return _stage_info(stage_id, 0, job.description, 0)
        return _stage_info(stage_id, 0, submitted.name, submitted.tasks)

    def _properties_of(self, event: e.JobStart) -> dict[str, str]:
        said = {DESCRIPTION: event.description}
        if event.batch_time_ms is None:
            return said
        batch = {BATCH_TIME: str(self._time(event.batch_time_ms)), OUTPUT_OP: str(event.output_op)}
        submitted = [self._submitted[stage_id].name for stage_id in event.stage_ids if stage_id in self._submitted]
        return said | batch | ({CALL_SITE: submitted[-1]} if submitted else {})


def _job_end(job_id: int, at_ms: int, failure: str | None) -> Json:
    result: Json = {"Result": "JobSucceeded"}
    if failure is not None:
        result = {"Result": "JobFailed", "Exception": {"Message": failure, "Stack Trace": []}}
    return {"Event": "SparkListenerJobEnd", "Job ID": job_id, "Completion Time": at_ms, "Job Result": result}


def _stage_completed(info: Json, at_ms: int, failure: str) -> Json:
    ended = {**info, "Completion Time": at_ms} | ({"Failure Reason": failure} if failure else {})
    return {"Event": "SparkListenerStageCompleted", "Stage Info": ended}


def _stage_info(stage_id: int, attempt: int, name: str, tasks: int) -> Json:
    rdd = {
        "RDD ID": stage_id,
        "Name": name,
        "Callsite": name,
        "Parent IDs": [],
        "Storage Level": {"Use Disk": False, "Use Memory": False, "Deserialized": False, "Replication": 1},
        "Barrier": False,
        "Number of Partitions": tasks,
        "Number of Cached Partitions": 0,
        "Memory Size": 0,
        "Disk Size": 0,
    }
    return {
        "Stage ID": stage_id,
        "Stage Attempt ID": attempt,
        "Stage Name": name,
        "Number of Tasks": tasks,
        "RDD Info": [rdd],
        "Parent IDs": [],
        "Details": "",
        "Accumulables": [],
        "Resource Profile Id": 0,
    }

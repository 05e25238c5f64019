"""A real Spark event log as a trace: tables, timeline and figures work on it as on a run of ours.

Each event of Spark's that we have a word for becomes that event; batches are rebuilt afterwards from the jobs
(`spark_log_batches`), because Spark logs nothing of streaming. What the log does not hold is not in the trace: blocks,
records of sources, what was printed. Two things are added: the core of a task, the lowest free one of its executor,
and the life of a receiver, which is that of its task.

Spark's clock reads whole milliseconds, and it launches the next task on a core a little before it puts the end of the
last one on record; so bars of one core may overlap by a few milliseconds.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sparksim.trace import events as e
from sparksim.trace.event import Event
from sparksim.trace.formats.spark_log_batches import with_batches
from sparksim.trace.formats.spark_log_lines import LogLine, log_lines
from sparksim.trace.formats.spark_log_names import BATCH_TIME, CALL_SITE, DESCRIPTION, LINK, OUTPUT_OP, RECEIVER_JOB
from sparksim.trace.jsonl import TraceFormatError, TraceWarning
from sparksim.trace.trace import Trace

Json = dict[str, Any]

MINIMAL_PARALLELISM = 2
"""Spark's default where executors have fewer cores (Spark: CoarseGrainedSchedulerBackend)."""


def read_event_log(path: str | os.PathLike[str]) -> Trace:
    """The trace in a Spark event log: a file, a folder `eventlog_v2_*`, or a folder with one log; plain or gzip.

    Times are epoch ms. A `TraceWarning` says when the log breaks off, or ends before its application does. Raises
    `TraceFormatError`, which names file and line, for what is no event log, and `OSError` for what cannot be read.
    """
    lines = list(log_lines(path))
    converter = _Converter(lines)
    found: list[Event] = []
    for line in lines:
        try:
            found += converter.convert(line.event)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise TraceFormatError(f"{line.where}: {line.event['Event']} is not as Spark 3 writes it: {what}") from None
    if not any(isinstance(event, e.ApplicationStart) for event in found):
        found.insert(0, converter.application(min((each.time_ms for each in found), default=0.0), Path(path).name))
    if not any(isinstance(event, e.ApplicationEnd) for event in found):
        warnings.warn(
            f"{os.fspath(path)} ends before its application does, which was still running or was killed: what has no "
            "end in the log stays open",
            TraceWarning,
            stacklevel=2,
        )
    return Trace(sorted(with_batches(found, converter.settings), key=lambda event: event.time_ms))


class _Cores:
    """Who is on which core of one executor, and until when."""

    def __init__(self, cores: int = 0) -> None:
        self._taken: list[tuple[float, int | None]] = [(0.0, None)] * cores

    def take(self, task_id: int, until_ms: float) -> int:
        """The lowest free core; else the one that is free soonest; else, when nobody's end is known, one more."""
        core = min(range(len(self._taken)), key=lambda core: self._taken[core][0], default=0)
        if core == len(self._taken) or self._taken[core][0] == float("inf"):
            core = len(self._taken)
            self._taken.append((0.0, None))
        self._taken[core] = until_ms, task_id
        return core

    def leave(self, core: int, task_id: int) -> None:
        """The end of this task is in the log now. Another one may have its core by then."""
        if self._taken[core][1] == task_id:
            self._taken[core] = 0.0, None


class _Converter:
    """Goes through the log once; what the start of a task does not say, it looks up in the ends."""

    def __init__(self, lines: Sequence[LogLine]) -> None:
        self.settings: dict[str, str] = {}
        ends = [line.event for line in lines if line.event["Event"] == "SparkListenerTaskEnd"]
        self._finished_ms: dict[Any, Any] = {
            _info(end).get("Task ID"): _info(end).get("Finish Time") for end in reversed(ends)
        }
        self._kind_of_stage: dict[Any, Any] = {end.get("Stage ID"): end.get("Task Type") for end in ends}
        self._app_id = ""
        self._cores: dict[str, _Cores] = {}
        self._core_count = 0
        self._jobs: dict[int, int] = {}
        self._receivers: dict[int, int] = {}
        self._started: dict[int, e.TaskStart] = {}
        self._ended: set[int] = set()
        self._now_ms = 0.0
        self._conversions: dict[str, Callable[[Json], Iterator[Event]]] = {
            "SparkListenerEnvironmentUpdate": self._environment,
            "SparkListenerApplicationStart": self._application_start,
            "SparkListenerApplicationEnd": self._application_end,
            "SparkListenerExecutorAdded": self._executor_added,
            "SparkListenerExecutorRemoved": self._executor_removed,
            "SparkListenerJobStart": self._job_start,
            "SparkListenerJobEnd": self._job_end,
            "SparkListenerStageSubmitted": self._stage_submitted,
            "SparkListenerStageCompleted": self._stage_completed,
            "SparkListenerTaskStart": self._task_start,
            "SparkListenerTaskEnd": self._task_end,
        }

    def convert(self, event: Json) -> list[Event]:
        """What this event of Spark's is in ours; nothing for the kinds that we have no word for."""
        conversion = self._conversions.get(event["Event"])
        found = [] if conversion is None else list(conversion(event))
        self._now_ms = max([self._now_ms, *(each.time_ms for each in found)])
        return found

    def application(self, time_ms: float, name: str) -> e.ApplicationStart:
        parallelism = int(self.settings.get("spark.default.parallelism", max(self._core_count, MINIMAL_PARALLELISM)))
        return e.ApplicationStart(time_ms, self._app_id, name, self.settings.get("spark.master", ""), None, parallelism)

    # --- application and executors ----------------------------------------------------------------------------------

    def _environment(self, event: Json) -> Iterator[Event]:
        self.settings = dict(event["Spark Properties"])
        yield from ()

    def _application_start(self, event: Json) -> Iterator[Event]:
        self._app_id = event.get("App ID") or ""
        yield self.application(float(event["Timestamp"]), event["App Name"])

    def _application_end(self, event: Json) -> Iterator[Event]:
        yield e.ApplicationEnd(float(event["Timestamp"]), self._app_id)

    def _executor_added(self, event: Json) -> Iterator[Event]:
        info = event["Executor Info"]
        self._cores[event["Executor ID"]] = _Cores(info["Total Cores"])
        self._core_count += info["Total Cores"]
        yield e.ExecutorAdded(float(event["Timestamp"]), event["Executor ID"], info["Host"], info["Total Cores"])

    def _executor_removed(self, event: Json) -> Iterator[Event]:
        yield e.ExecutorRemoved(float(event["Timestamp"]), event["Executor ID"], event["Removed Reason"])

    # --- jobs and stages --------------------------------------------------------------------------------------------

    def _job_start(self, event: Json) -> Iterator[Event]:
        job_id, stages = event["Job ID"], event.get("Stage Infos", [])
        said: dict[str, str] = event.get("Properties") or {}
        for stage_id in event["Stage IDs"]:
            self._jobs.setdefault(stage_id, job_id)
        receiver = RECEIVER_JOB.match(said.get(DESCRIPTION, ""))
        if receiver:
            self._receivers[job_id] = int(receiver[1])
        batch, output_op = said.get(BATCH_TIME), said.get(OUTPUT_OP)
        final = max(stages, key=lambda stage: int(stage["Stage ID"]), default={"Stage Name": ""})["Stage Name"]
        description = said.get(DESCRIPTION) or final
        if description.startswith(LINK):
            description = said.get(CALL_SITE) or final
        yield e.JobStart(
            float(event["Submission Time"]),
            job_id,
            description,
            tuple(event["Stage IDs"]),
            None if batch is None else int(batch),
            None if output_op is None else int(output_op),
        )

    def _job_end(self, event: Json) -> Iterator[Event]:
        result = event["Job Result"]
        failure = (result.get("Exception") or {}).get("Message", "")
        yield e.JobEnd(float(event["Completion Time"]), event["Job ID"], result["Result"] == "JobSucceeded", failure)

    def _stage_submitted(self, event: Json) -> Iterator[Event]:
        info = event["Stage Info"]
        stage_id = info["Stage ID"]
        yield e.StageSubmitted(
            float(info.get("Submission Time", self._now_ms)),
            self._jobs.get(stage_id, -1),
            stage_id,
            info["Stage Attempt ID"],
            info["Stage Name"],
            info["Number of Tasks"],
        )

    def _stage_completed(self, event: Json) -> Iterator[Event]:
        info = event["Stage Info"]
        ended_ms = float(info.get("Completion Time", self._now_ms))
        yield e.StageCompleted(ended_ms, info["Stage ID"], info["Stage Attempt ID"], info.get("Failure Reason") or "")

    # --- tasks ------------------------------------------------------------------------------------------------------

    def _task_start(self, event: Json) -> Iterator[Event]:
        info = event["Task Info"]
        task_id, executor_id, start_ms = info["Task ID"], info["Executor ID"], float(info["Launch Time"])
        job_id = self._jobs.get(event["Stage ID"], -1)
        stream_id = self._receivers.get(job_id)
        kind = self._kind_of_stage.get(event["Stage ID"], "ResultTask")
        host = info.get("Host", "")
        self._started[task_id] = started = e.TaskStart(
            start_ms,
            task_id,
            job_id,
            event["Stage ID"],
            event["Stage Attempt ID"],
            info["Index"],
            info["Attempt"],
            executor_id,
            host,
            self._cores.setdefault(executor_id, _Cores()).take(task_id, self._finished_ms.get(task_id, float("inf"))),
            info["Locality"],
            info["Speculative"],
            kind if stream_id is None else "Receiver",
        )
        yield started
        if stream_id is not None:
            yield e.ReceiverStarted(start_ms, stream_id, f"receiver {stream_id}", executor_id, host)

    def _task_end(self, event: Json) -> Iterator[Event]:
        info, reason = event["Task Info"], event["Task End Reason"]
        task_id = info["Task ID"]
        if task_id not in self._started:  # a compacted log forgets starts
            yield from self._task_start(event)
        start = self._started[task_id]
        # A task whose output is lost after its end is told of again, with the time of its first end.
        end_ms = self._now_ms if task_id in self._ended else float(info["Finish Time"])
        self._ended.add(task_id)
        self._cores[start.executor_id].leave(start.core, task_id)
        metrics = event.get("Task Metrics") or {}
        yield e.TaskEnd(
            end_ms,
            task_id,
            start.job_id,
            start.stage_id,
            start.stage_attempt,
            start.index,
            start.attempt,
            start.executor_id,
            start.core,
            reason["Reason"],
            _message(reason),
            metrics.get("Input Metrics", {}).get("Records Read", 0),
            metrics.get("Shuffle Read Metrics", {}).get("Total Records Read", 0),
            metrics.get("Shuffle Write Metrics", {}).get("Shuffle Records Written", 0),
            (),
        )
        if start.kind == "Receiver":
            stream_id = self._receivers[start.job_id]
            error = "" if reason["Reason"] == "Success" else _message(reason)
            yield e.ReceiverStopped(
                end_ms, stream_id, f"receiver {stream_id}", start.executor_id, "its task ended", error
            )


def _info(event: Json) -> Json:
    info: Json = event.get("Task Info", {})
    return info


def _message(reason: Json) -> str:
    """What went wrong with a task, in the words that its kind of reason has for it."""
    if "Class Name" in reason:
        return f"{reason['Class Name']}: {reason.get('Description', '')}"
    said = reason.get("Loss Reason") or reason.get("Kill Reason") or reason.get("Message") or ""
    return str(said)

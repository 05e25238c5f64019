"""What a cost model can learn from a real Spark event log.

Spark logs no streaming events; the jobs of a batch carry its time. A task's own work cannot be told from its overhead,
so a task's time is fitted as a fixed part and a price per record.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

from sparksim.cluster.cost import CostModel
from sparksim.fidelity.measure import summary
from sparksim.fidelity.recording import Measured, RecordingError
from sparksim.trace import TraceFormatError, TraceWarning, tables
from sparksim.trace.formats.spark_log_reader import read_event_log

FIRST_BATCH = 3
"""Earlier batches pay for class loading."""


@dataclass(frozen=True, slots=True)
class LoggedTask:
    """One successful task: its stage, when it ran, and how many records it read."""

    stage: int
    launch: float
    finish: float
    records: int


@dataclass(slots=True)
class LoggedJob:
    """One job of a batch."""

    job: int
    batch_time: int
    submit: float
    end: float | None = None
    tasks: list[LoggedTask] = field(default_factory=list)


def logged_jobs(path: str | Path) -> list[LoggedJob]:
    """The jobs of batches, with their tasks, in order of submission. Raises `RecordingError` when there are none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TraceWarning)  # what is missing at the end is missing in the fit, no more
            trace = read_event_log(path)
    except TraceFormatError as error:
        raise RecordingError(str(error)) from None
    jobs = {
        row.job_id: LoggedJob(row.job_id, row.batch_time_ms, row.start_ms, row.end_ms)
        for row in tables.jobs(trace)
        if row.batch_time_ms is not None
    }
    for task in tables.tasks(trace).where(reason="Success"):
        if task.job_id in jobs and task.end_ms is not None:
            logged = LoggedTask(task.stage_id, task.start_ms, task.end_ms, task.records_read)
            jobs[task.job_id].tasks.append(logged)
    if not jobs:
        raise RecordingError(f"{path} holds no job of a batch: is it the event log of a streaming program?")
    return sorted(jobs.values(), key=lambda each: each.job)


def measured_in_event_log(path: str | Path) -> dict[str, Measured]:
    """The constants that an event log shows: see `prices_of_event_log`."""
    jobs = logged_jobs(path)
    times = sorted({each.batch_time for each in jobs})
    settled = [each for each in jobs if each.batch_time in times[FIRST_BATCH - 1 :] and each.tasks]
    values: dict[str, list[float]] = defaultdict(list)
    for before, job in pairwise(jobs):
        idle = before.end is not None and before.end <= job.batch_time
        if job in settled and idle:  # the first job of its batch, and it did not have to wait
            values["batch_to_job_ms"].append(job.submit - job.batch_time)
    for job in settled:
        if job.end is None:
            continue
        values["job_to_first_task_ms"].append(min(each.launch for each in job.tasks) - job.submit)
        values["last_task_to_job_end_ms"].append(job.end - max(each.finish for each in job.tasks))
        stages = sorted({each.stage for each in job.tasks})
        for first, second in pairwise(stages):
            launch = min(each.launch for each in job.tasks if each.stage == second)
            values["stage_gap_ms"].append(launch - max(each.finish for each in job.tasks if each.stage == first))
    measured = summary(values)
    reading = [task for job in settled for task in job.tasks if task.stage == min(each.stage for each in job.tasks)]
    if reading:
        fixed_ms, record_ms = _line([(task.records, task.finish - task.launch) for task in reading])
        measured["task_ms"] = Measured(len(reading), fixed_ms, fixed_ms)
        measured["record_ms"] = Measured(len(reading), record_ms, record_ms)
    reducing = [task for job in settled for task in job.tasks if task not in reading]
    return {**measured, **summary({"later_stage_task_ms": [task.finish - task.launch for task in reducing]})}


def prices_of_event_log(base: CostModel, measured: Mapping[str, Measured]) -> CostModel:
    """`base` with the prices that an event log tells something about. Tasks cost what the program's tasks did."""
    value = {name: max(each.median, 0.0) for name, each in measured.items()}
    prices: dict[str, float] = {name: round(value[name], 3) for name in ("task_ms", "record_ms") if name in value}
    stage_ms = value.get("stage_gap_ms", base.stage_ms)
    if "job_to_first_task_ms" in value:
        stage_ms = min(stage_ms, value["job_to_first_task_ms"])
        prices["job_start_ms"] = value["job_to_first_task_ms"] - stage_ms
    prices["stage_ms"] = stage_ms
    if "last_task_to_job_end_ms" in value:
        prices["job_end_ms"] = value["last_task_to_job_end_ms"]
    if "batch_to_job_ms" in value:
        known_ms = base.generate_ms + base.dispatch_ms
        prices["output_op_ms"] = max(value["batch_to_job_ms"] - known_ms, 0.0)
    if "later_stage_task_ms" in value:
        prices["reduce_ms"] = max(value["later_stage_task_ms"] - prices["task_ms"], 0.0)
    within = ("first_wave_ms", "later_wave_ms", "map_ms", "reduce_ms", "worker_ms")
    return base.with_(**{**dict.fromkeys(within, 0.0), **prices})


def _line(points: list[tuple[int, float]]) -> tuple[float, float]:
    """Fixed part and slope of duration over records, by least squares; without any spread of records, all is fixed."""
    middle = mean(records for records, _ in points)
    spread = sum((records - middle) ** 2 for records, _ in points)
    typical = median(duration for _, duration in points)
    if spread == 0:
        return typical, 0.0
    center = mean(duration for _, duration in points)
    slope = sum((records - middle) * (duration - center) for records, duration in points) / spread
    if slope <= 0:
        return typical, 0.0
    return max(center - slope * middle, 0.0), slope

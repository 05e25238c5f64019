"""What a recorded run tells about overheads: each constant as the values seen in that run.

The names are those of a recording's `calibration` block, and some more. Batches before the third are left out, except
for the warm-up, which is all about them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, pairwise
from math import log
from statistics import median, quantiles

from sparksim.fidelity.recording import Measured, Recording, TaskRecord

FIRST_BATCH = 3

MEDIAN_OF_A_DIFFERENCE = 0.9539
"""The median distance of two draws from a normal distribution with sigma 1."""

Values = dict[str, list[float]]


def measured_in(recording: Recording) -> dict[str, Measured]:
    """What the run's own calibration says, and what its tasks and events add to that."""
    return {**summary(values_in(recording)), **recording.calibration}


def summary(values: Mapping[str, Iterable[float]]) -> dict[str, Measured]:
    """Number, median and 90th percentile of the values of each constant."""
    lists = {name: sorted(each) for name, each in values.items()}
    return {name: Measured(len(each), median(each), _p90(each)) for name, each in lists.items() if each}


def values_in(recording: Recording) -> Values:
    """Every value that this run shows, by constant."""
    values: Values = defaultdict(list)
    for run in sorted({batch.run for batch in recording.batches}):
        _batches(recording, run, values)
        _first_job(recording, run, values)
        tasks = [task for task in recording.tasks if task.run == run and task.sleep_ms is not None]
        _tasks(recording, tasks, values)
    for event in recording.events:
        if event["what"] == "checkpoint_written":
            values["checkpoint_ms"].append(event["took_ms"])
    _losses(recording, values)
    return dict(values)


def _first_job(recording: Recording, run: int, values: Values) -> None:
    """How much longer than usual the first job of a driver takes to its first task."""
    before: list[float] = []
    for batch in recording.batches:
        launches = [each.launch for each in recording.tasks if (each.run, each.batch) == (run, batch.batch)]
        if batch.run == run and launches and batch.processing_start_time is not None:
            before.append(min(launches) - batch.processing_start_time)
    if len(before) > FIRST_BATCH:
        values["first_job_ms"].append(before[0] - median(before[1:]))


def _batches(recording: Recording, run: int, values: Values) -> None:
    ended = None
    one_at_a_time = recording.scenario.conf.get("spark.streaming.concurrentJobs", "1") == "1"
    for batch in recording.batches:
        start, end = batch.processing_start_time, batch.processing_end_time
        if batch.run != run or batch.batch < FIRST_BATCH or start is None:
            continue
        if batch.num_records:  # not one that is run again
            values["generate_ms"].append(batch.submission_time - batch.batch_time)
        if one_at_a_time and ended is not None and ended > batch.submission_time and len(batch.output_ops) == 1:
            values["job_gap_ms"].append(start - ended)
        ended = end
        tasks = [each for each in recording.tasks if (each.run, each.batch) == (run, batch.batch)]
        finished = [each.finish for each in tasks if each.finish is not None]
        if end is None or len(batch.output_ops) != 1 or batch.failed:
            continue
        if not tasks:
            values["job_without_tasks_ms"].append(end - start)
        elif finished:
            values["job_before_first_task_ms"].append(min(each.launch for each in tasks) - start)
            values["job_after_last_task_ms"].append(end - max(finished))


def _tasks(recording: Recording, tasks: list[TaskRecord], values: Values) -> None:
    """Overheads beside the declared work, by the task's place in its stage.

    `task_overhead_ms` and `task_overhead_later_wave_ms` are what passed on the clock, as in the calibration block. The
    others are the share of it that the task had a core for: they say the same of stages of two and of seven tasks.
    """
    stages: dict[tuple[int, int], list[TaskRecord]] = defaultdict(list)
    for task in tasks:
        if task.finish is not None and task.state == "ok" and task.batch is not None:
            stages[task.job, task.stage].append(task)
    shares = Shares([_overheads(each) for each in tasks if each.finish is not None], recording.machine_cores)
    first_of_job: dict[int, int] = {}
    for job, stage in sorted(stages):
        first_of_job.setdefault(job, stage)
    for (job, stage), members in sorted(stages.items()):
        if (members[0].batch or 0) < FIRST_BATCH:
            continue
        if stage != first_of_job[job]:
            before = stages[job, first_of_job[job]]
            gap = min(each.launch for each in members) - max(_finish(each) for each in before)
            values["stage_gap_ms"].append(gap)
        values["noise"] += _spreads([_overhead(each) for each, follows in _in_waves(members) if not follows])
        for task, follows in _in_waves(members):
            values["task_overhead_later_wave_ms" if follows else "task_overhead_ms"].append(_overhead(task))
            work_ms = sum(shares.of(begin, end) for begin, end in _overheads(task))
            if stage != first_of_job[job]:
                values[reduce_name(recording.scenario.pipeline.workers)].append(work_ms)
            elif recording.scenario.pipeline.shuffles:
                values["map_task_core_ms"].append(work_ms)
            else:
                values["task_later_wave_core_ms" if follows else "task_core_ms"].append(work_ms)
    usual = [_overhead(each) for members in stages.values() for each in members]
    if usual:
        earliest: dict[str, TaskRecord] = {}
        for task in sorted((each for members in stages.values() for each in members), key=lambda each: each.launch):
            earliest.setdefault(task.executor, task)
        values["warm_up_ms"] += [_overhead(task) - median(usual) for task in earliest.values()]


def _spreads(times_ms: list[float]) -> Iterator[float]:
    """For each two times of things that should take the same, a guess at the sigma of a log-normal noise."""
    for one, other in combinations(times_ms, 2):
        if one > 0 and other > 0:
            yield abs(log(one / other)) / MEDIAN_OF_A_DIFFERENCE


def reduce_name(workers: int) -> str:
    """What the constant is called that says how long tasks with so many further workers take to read a shuffle."""
    return f"reduce_task_{workers}_workers_core_ms" if workers else "reduce_task_core_ms"


class Shares:
    """How much of a machine's cores each of those had who were at work at the same time, each for some stretches."""

    def __init__(self, work: Iterable[Iterable[tuple[int, int]]], cores: int) -> None:
        steps = Counter[int]()
        for begin, end in (stretch for stretches in work for stretch in stretches):
            steps[begin] += 1
            steps[end] -= 1
        self._times = sorted(steps)
        self._until = [0.0]
        """What one of them could have got by each of the times."""
        busy = 0
        for time, after in pairwise(self._times):
            busy += steps[time]
            share = min(1.0, cores / busy) if cores and busy else 1.0
            self._until.append(self._until[-1] + (after - time) * share)

    def of(self, begin: int, end: int) -> float:
        """What one of them got between two of the times."""
        return self._until[bisect_left(self._times, end)] - self._until[bisect_left(self._times, begin)]


def _in_waves(members: list[TaskRecord]) -> Iterator[tuple[TaskRecord, bool]]:
    """Each task of a stage, and whether it came when another one of the stage had ended."""
    first_end = min(_finish(each) for each in members)
    for task in members:
        # The next task is launched a little before the end of the last one is on record.
        yield task, task.launch > first_end - 10


def _overheads(task: TaskRecord) -> list[tuple[int, int]]:
    """The stretches in which a task did not do its declared work."""
    if task.py_start is None or task.py_end is None:
        return [(task.launch, max(_finish(task) - round(task.sleep_ms or 0), task.launch))]
    return [(task.launch, max(task.py_start, task.launch)), (min(task.py_end, _finish(task)), _finish(task))]


def _losses(recording: Recording, values: Values) -> None:
    kills = [each["t"] for each in recording.inputs.injected if each["what"] == "executor_killed"]
    for killed in kills:
        lost = [each["t"] for each in recording.events if each["what"] == "executor_lost" and each["t"] >= killed]
        if lost:
            values["detect_loss_ms"].append(lost[0] - killed)
            added = [each["t"] for each in recording.events if each["what"] == "executor_added" and each["t"] > lost[0]]
            values["executor_start_ms"] += [added[0] - lost[0]] if added else []


def _overhead(task: TaskRecord) -> float:
    assert task.sleep_ms is not None
    return _finish(task) - task.launch - task.sleep_ms


def _finish(task: TaskRecord) -> int:
    assert task.finish is not None
    return task.finish


def _p90(values: list[float]) -> float:
    return quantiles(values, n=10, method="inclusive")[-1] if len(values) > 1 else values[0]

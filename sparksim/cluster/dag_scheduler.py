"""Turns jobs into stages and stages into task sets.

Spark: DAGScheduler. `core.stages` says where the lineage is cut; this module knows which pieces are already computed
(map outputs live on executors), submits what is missing, parents first, and runs again what was lost. Hub only.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import simpy

from sparksim.cluster.clock import Clock
from sparksim.cluster.cost import Prices
from sparksim.cluster.executor import Executor
from sparksim.cluster.shuffle import MapOutputTracker
from sparksim.cluster.task_runner import TaskResult
from sparksim.cluster.task_scheduler import TaskScheduler
from sparksim.cluster.task_set import Locality, TaskAttempt, TaskSet
from sparksim.core.backend import PartitionFunction
from sparksim.core.dependency import ShuffleDependency
from sparksim.core.errors import FetchFailed, SparkJobError
from sparksim.core.rdd import RDD
from sparksim.core.local_properties import CALL_SITE, JOB_DESCRIPTION
from sparksim.core.stages import StageSpec, split_stages
from sparksim.core.task_context import TaskContext
from sparksim.core.tasks import run_result_task, run_shuffle_map_task
from sparksim.trace.events import Event, JobEnd, JobStart, StageCompleted, StageSubmitted

RESUBMIT_TIMEOUT_MS = 200.0
"""Pause before a stage is run again after a fetch failure (DAGScheduler.RESUBMIT_TIMEOUT)."""

MAX_CONSECUTIVE_STAGE_ATTEMPTS = 4
"""spark.stage.maxConsecutiveAttempts."""

BATCH_TIME = "spark.streaming.internal.batchTime"
OUTPUT_OP = "spark.streaming.internal.outputOpId"


class Job:
    """One action. `done` succeeds with the results in order of `partitions`, or fails with `SparkJobError`."""

    def __init__(
        self,
        env: simpy.Environment,
        job_id: int,
        rdd: RDD[Any],
        func: PartitionFunction,
        partitions: Sequence[int],
        kind: str,
        properties: Mapping[str, str],
    ) -> None:
        self.job_id = job_id
        self.rdd = rdd
        self.func = func
        self.partitions = list(partitions)
        self.kind = kind
        self.properties = dict(properties)
        self.results: dict[int, Any] = {}
        self.active = True
        self.done: simpy.Event = env.event()


class Stage:
    """A piece of lineage that runs without a shuffle inside. A map stage may serve several jobs."""

    def __init__(self, stage_id: int, spec: StageSpec, parents: list[Stage], job: Job) -> None:
        self.stage_id = stage_id
        self.spec = spec
        self.parents = parents
        self.jobs = [job]
        self.attempt = -1
        self.failed_attempts = 0
        self.submitted = False
        self.task_set: TaskSet | None = None

    @property
    def shuffle_id(self) -> int | None:
        return None if self.spec.shuffle is None else self.spec.shuffle.shuffle_id


class DAGScheduler:
    """Owns jobs and stages; `TaskScheduler` owns tasks."""

    def __init__(
        self,
        clock: Clock,
        prices: Prices,
        tasks: TaskScheduler,
        outputs: MapOutputTracker,
        emit: Callable[[Event], None],
        locate: Callable[[RDD[Any], int], tuple[str, ...]],
        merge_accumulators: Callable[[dict[int, Any]], None],
        max_failures: int,
        locality_wait_ms: Mapping[Locality, float],
    ) -> None:
        self._clock = clock
        self._prices = prices
        self._tasks = tasks
        self._outputs = outputs
        self._emit = emit
        self._locate = locate
        self._merge_accumulators = merge_accumulators
        self._max_failures = max_failures
        self._locality_wait_ms = locality_wait_ms
        self._next_job_id = 0
        self._next_stage_id = 0
        self._dead_shuffles: list[int] = []
        self._map_stages: dict[int, Stage] = {}
        self._result_stages: dict[int, Stage] = {}
        tasks.report_to(self)

    def submit(
        self,
        rdd: RDD[Any],
        func: PartitionFunction,
        partitions: Sequence[int],
        properties: Mapping[str, str],
        kind: str = "ResultTask",
    ) -> Job:
        """Start a job. A job over no partitions is done at once and leaves no event, as in Spark (DAGScheduler.submitJob)."""
        while self._dead_shuffles:
            self._outputs.remove(self._dead_shuffles.pop())
        job = Job(self._clock.env, self._next_job_id, rdd, func, partitions, kind, properties)
        self._next_job_id += 1
        if not job.partitions:
            job.active = False
            job.done.succeed([])
            return job
        final = self._build(split_stages(rdd), job)
        self._result_stages[job.job_id] = final
        batch_time, output_op = job.properties.get(BATCH_TIME), job.properties.get(OUTPUT_OP)
        self._emit(
            JobStart(
                self._clock.now_ms,
                job.job_id,
                job.properties.get(JOB_DESCRIPTION) or self._name(final),
                tuple(sorted(stage.stage_id for stage in self._stages_below(final))),
                None if batch_time is None else int(batch_time),
                None if output_op is None else int(output_op),
            )
        )
        self._after(self._prices.model.job_start_ms, lambda: self._submit_stage(final) if job.active else None)
        return job

    def executor_lost(self, executor: Executor) -> None:
        """Map outputs on this executor are gone. Stages that are done with will run again when somebody needs them."""
        self._outputs.executor_lost(executor)

    def cancel(self, job: Job, message: str) -> None:
        """End a job that is still running, with an error."""
        if job.active:
            self._abort(job, message)

    # --- how tasks fared -----------------------------------------------------------------------------------------------

    def task_succeeded(self, task_set: TaskSet, attempt: TaskAttempt, result: TaskResult) -> None:
        stage = self._stage_of(task_set)
        if stage is None:
            return
        self._merge_accumulators(result.accumulator_updates)
        if stage.shuffle_id is not None:
            self._outputs.add(stage.shuffle_id, attempt.index, attempt.executor)
            if stage.task_set is not None and stage.task_set.finished:
                self._map_stage_ended(stage)
            return
        (job,) = stage.jobs
        job.results[attempt.index] = result.value
        if len(job.results) == len(set(job.partitions)):
            self._finish(job, stage)

    def fetch_failed(self, task_set: TaskSet, attempt: TaskAttempt, error: FetchFailed) -> None:
        """A map output is gone: both stages run again after a pause, at most four times in a row."""
        stage = self._stage_of(task_set)
        if stage is None or stage.task_set is not task_set:
            return
        self._outputs.drop_dead()
        self._emit(StageCompleted(self._clock.now_ms, stage.stage_id, stage.attempt, f"FetchFailed: {error}"))
        stage.task_set = None
        stage.submitted = False
        stage.failed_attempts += 1
        if stage.failed_attempts >= MAX_CONSECUTIVE_STAGE_ATTEMPTS:
            for job in list(stage.jobs):
                self._abort(
                    job,
                    f"ShuffleMapStage or ResultStage {stage.stage_id} ({self._name(stage)}) has failed the maximum allowable "
                    f"number of times: {MAX_CONSECUTIVE_STAGE_ATTEMPTS}. Most recent failure reason: {error}",
                )
            return
        self._after(RESUBMIT_TIMEOUT_MS, lambda: self._submit_stage(stage) if self._wanted(stage) else None)

    def task_set_aborted(self, task_set: TaskSet, message: str) -> None:
        stage = self._stage_of(task_set)
        if stage is None:
            return
        for job in list(stage.jobs):
            self._abort(job, message)

    # --- stages --------------------------------------------------------------------------------------------------------

    def _build(self, final: StageSpec, job: Job) -> Stage:
        """Stages for a lineage: parents first, so that they get the lower ids; a shuffle's stage is shared and keeps its id."""
        built: dict[int, Stage] = {}
        for spec in _parents_first(final):
            parents = [built[id(parent)] for parent in spec.parents]
            stage = None if spec.shuffle is None else self._map_stages.get(spec.shuffle.shuffle_id)
            if stage is None:
                stage = Stage(self._next_stage_id, spec, parents, job)
                self._next_stage_id += 1
                if spec.shuffle is not None:
                    self._register(spec.shuffle, spec.rdd.getNumPartitions())
                    self._map_stages[spec.shuffle.shuffle_id] = stage
            elif job not in stage.jobs:
                stage.jobs.append(job)
            built[id(spec)] = stage
        return built[id(final)]

    def _register(self, shuffle: ShuffleDependency, maps: int) -> None:
        """Outputs live as long as the RDD that needs them (Spark: ContextCleaner)."""
        if self._outputs.register(shuffle.shuffle_id, maps):
            weakref.finalize(shuffle, self._dead_shuffles.append, shuffle.shuffle_id).atexit = False

    def _submit_stage(self, stage: Stage) -> None:
        """Run a stage, or first the parents that it still misses outputs of."""
        if stage.submitted:
            return
        missing = [parent for parent in stage.parents if self._missing(parent)]
        if missing:
            for parent in sorted(missing, key=lambda each: each.stage_id):
                self._submit_stage(parent)
            return
        stage.submitted = True
        self._after(self._prices.model.stage_ms, lambda: self._launch(stage) if self._wanted(stage) else None)

    def _launch(self, stage: Stage) -> None:
        missing = self._missing(stage)
        if stage.shuffle_id is not None and not missing:
            self._map_stage_ended(stage)
            return
        job = min(stage.jobs, key=lambda each: each.job_id)
        stage.attempt += 1
        stage.task_set = TaskSet(
            job_id=job.job_id,
            stage_id=stage.stage_id,
            stage_attempt=stage.attempt,
            kind=job.kind if stage.shuffle_id is None else "ShuffleMapTask",
            indices=missing,
            preferences={index: self._locate(stage.spec.rdd, index) for index in missing},
            body=self._body(stage),
            properties=job.properties,
            max_failures=self._max_failures,
            locality_wait_ms=self._locality_wait_ms,
            now_ms=self._clock.now_ms,
        )
        self._emit(
            StageSubmitted(
                self._clock.now_ms, job.job_id, stage.stage_id, stage.attempt, self._name(stage), len(missing)
            )
        )
        self._tasks.submit(stage.task_set)

    def _name(self, stage: Stage) -> str:
        """A map stage is named after its shuffle, a result stage after the action."""
        action = None if stage.shuffle_id is not None else stage.jobs[0].properties.get(CALL_SITE)
        return action or stage.spec.rdd.call_site

    def _body(self, stage: Stage) -> Callable[[int, TaskContext], Any]:
        shuffle = stage.spec.shuffle
        if shuffle is not None:
            return lambda index, task: run_shuffle_map_task(shuffle, index, task)
        (job,) = stage.jobs
        return lambda index, task: run_result_task(job.rdd, job.func, index, task)

    def _map_stage_ended(self, stage: Stage) -> None:
        """All tasks of a map stage ended: go on with its children, or run again what was lost meanwhile."""
        if stage.task_set is not None:
            self._emit(StageCompleted(self._clock.now_ms, stage.stage_id, stage.attempt, ""))
        stage.task_set = None
        stage.submitted = False
        if self._missing(stage):
            self._submit_stage(stage)
            return
        stage.failed_attempts = 0
        for child in self._children(stage):
            self._submit_stage(child)

    def _missing(self, stage: Stage) -> list[int]:
        if stage.shuffle_id is not None:
            return self._outputs.missing(stage.shuffle_id)
        (job,) = stage.jobs
        return [index for index in dict.fromkeys(job.partitions) if index not in job.results]

    def _stages(self) -> list[Stage]:
        return [*self._map_stages.values(), *self._result_stages.values()]

    def _children(self, stage: Stage) -> list[Stage]:
        children = [each for each in self._stages() if stage in each.parents and self._wanted(each)]
        return sorted(children, key=lambda each: each.stage_id)

    def _wanted(self, stage: Stage) -> bool:
        return any(job.active for job in stage.jobs)

    def _stages_below(self, stage: Stage) -> list[Stage]:
        found: dict[int, Stage] = {}
        waiting = [stage]
        while waiting:
            each = waiting.pop()
            if each.stage_id not in found:
                found[each.stage_id] = each
                waiting.extend(each.parents)
        return list(found.values())

    def _stage_of(self, task_set: TaskSet) -> Stage | None:
        return next((stage for stage in self._stages() if stage.stage_id == task_set.stage_id), None)

    # --- the end of a job ----------------------------------------------------------------------------------------------

    def _finish(self, job: Job, stage: Stage) -> None:
        self._emit(StageCompleted(self._clock.now_ms, stage.stage_id, stage.attempt, ""))
        job.active = False
        self._release(job)

        def end() -> None:
            self._emit(JobEnd(self._clock.now_ms, job.job_id, True, ""))
            job.done.succeed([job.results[index] for index in job.partitions])

        self._after(self._prices.model.job_end_ms, end)

    def _abort(self, job: Job, message: str) -> None:
        for stage in self._stages_below(self._result_stages[job.job_id]):
            if stage.jobs == [job] and stage.task_set is not None:
                self._emit(StageCompleted(self._clock.now_ms, stage.stage_id, stage.attempt, message))
        job.active = False
        self._release(job)
        reason = f"Job aborted due to stage failure: {message}"
        self._emit(JobEnd(self._clock.now_ms, job.job_id, False, reason))
        job.done.fail(SparkJobError(reason))
        job.done.defused = True

    def _release(self, job: Job) -> None:
        """Let go of the job's stages; tasks that nobody waits for any more are stopped."""
        final = self._result_stages.pop(job.job_id)
        for stage in self._stages_below(final):
            stage.jobs = [each for each in stage.jobs if each is not job]
            if not stage.jobs:
                if stage.shuffle_id is not None:
                    self._map_stages.pop(stage.shuffle_id, None)
                if stage.task_set is not None:
                    self._tasks.cancel(stage.task_set)
                    stage.task_set = None

    def _after(self, price_ms: float, action: Callable[[], Any]) -> None:
        delay_ms = self._prices.draw(price_ms)

        def wait() -> Iterator[simpy.Event]:
            yield self._clock.env.timeout(delay_ms)
            action()

        if delay_ms == 0:
            action()
        else:
            self._clock.env.process(wait())


def _parents_first(final: StageSpec) -> list[StageSpec]:
    """Every stage of a lineage once, each after its parents."""
    ordered: dict[int, StageSpec] = {}
    waiting = [(final, False)]
    while waiting:
        spec, parents_done = waiting.pop()
        if parents_done:
            ordered.setdefault(id(spec), spec)
        elif id(spec) not in ordered:
            waiting.append((spec, True))
            waiting.extend((parent, False) for parent in reversed(spec.parents))
    return list(ordered.values())

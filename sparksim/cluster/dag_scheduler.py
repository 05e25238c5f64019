"""Decides which stages run, and when: parents first, only what is missing, and again what was lost.

Spark: DAGScheduler. What stages there are and how they stand is in `jobs`; tasks are the task scheduler's. Hub only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sparksim.cluster.clock import Clock
from sparksim.cluster.cost import Prices
from sparksim.cluster.executor import Executor
from sparksim.cluster.jobs import Job, Stage, StageState, StageTable
from sparksim.cluster.locations import Locator
from sparksim.cluster.shuffle import MapOutputTracker
from sparksim.cluster.task_runner import TaskResult
from sparksim.cluster.task_scheduler import TaskScheduler
from sparksim.cluster.task_set import BATCH_TIME, OUTPUT_OP, Locality, TaskAttempt, TaskSet
from sparksim.core.backend import PartitionFunction
from sparksim.core.errors import FetchFailed, SparkJobError
from sparksim.core.failure import describe_failure
from sparksim.core.local_properties import JOB_DESCRIPTION
from sparksim.core.rdd import RDD
from sparksim.core.task_context import TaskContext
from sparksim.core.tasks import run_result_task, run_shuffle_map_task
from sparksim.trace.events import Event, JobEnd, JobStart, StageCompleted, StageSubmitted

RESUBMIT_TIMEOUT_MS = 200.0
"""Pause before a stage is run again after a fetch failure (DAGScheduler.RESUBMIT_TIMEOUT)."""

MAX_CONSECUTIVE_STAGE_ATTEMPTS = 4
"""spark.stage.maxConsecutiveAttempts."""


class DAGScheduler:
    """Owns jobs and stages; `TaskScheduler` owns tasks."""

    def __init__(
        self,
        clock: Clock,
        prices: Prices,
        tasks: TaskScheduler,
        outputs: MapOutputTracker,
        locator: Locator,
        emit: Callable[[Event], None],
        merge_accumulators: Callable[[Mapping[int, Any]], None],
        max_failures: int,
        locality_wait_ms: Mapping[Locality, float],
    ) -> None:
        self._clock = clock
        self._prices = prices
        self._tasks = tasks
        self._outputs = outputs
        self._locator = locator
        self._emit = emit
        self._merge_accumulators = merge_accumulators
        self._max_failures = max_failures
        self._locality_wait_ms = locality_wait_ms
        self._next_job_id = 0
        self._warm = False
        self._stages = StageTable(outputs, locator)
        tasks.report_to(self)

    def submit(
        self,
        rdd: RDD[Any],
        func: PartitionFunction,
        partitions: Sequence[int],
        properties: Mapping[str, str],
        kind: str = "ResultTask",
    ) -> Job:
        """Start a job. One over no partitions is done at once and leaves no event (Spark: DAGScheduler.submitJob)."""
        self._stages.forget_dead_shuffles()
        job = Job(self._clock.env, self._next_job_id, rdd, func, partitions, kind, properties)
        self._next_job_id += 1
        if not job.partitions:
            job.active = False
            job.done.succeed([])
            return job
        final = self._stages.add(job)
        batch_time, output_op = job.properties.get(BATCH_TIME), job.properties.get(OUTPUT_OP)
        self._emit(
            JobStart(
                self._clock.now_ms,
                job.job_id,
                job.properties.get(JOB_DESCRIPTION) or final.name,
                tuple(stage.stage_id for stage in self._stages.of(job)),
                None if batch_time is None else int(batch_time),
                None if output_op is None else int(output_op),
            )
        )
        start_ms = self._prices.model.job_start_ms
        if batch_time is not None and not self._warm:
            self._warm = True
            start_ms += self._prices.model.first_job_ms
        self._after(self._prices.draw(start_ms), self._submit_stage, final)
        return job

    @property
    def jobs(self) -> list[Job]:
        """The jobs that run, in order of their ids."""
        return self._stages.jobs

    def cancel(self, job: Job, message: str) -> None:
        """End a job that is still running, with an error."""
        if job.active:
            self._fail(job, f"Job {job.job_id} cancelled: {message}")

    def stop(self) -> None:
        """The application ends, and with it the jobs that still run (Spark: cleanUpAfterSchedulerStop)."""
        for job in self.jobs:
            self._fail(job, f"Job {job.job_id} cancelled because SparkContext was shut down")

    def executor_lost(self, executor: Executor) -> None:
        """Map outputs on this executor are gone. Stages that are done with will run again when somebody needs them."""
        self._outputs.executor_lost(executor)

    # --- how tasks fared -------------------------------------------------------------------------------------------

    def task_succeeded(self, task_set: TaskSet, attempt: TaskAttempt, result: TaskResult) -> None:
        """Keep a map output or a result; go on when the stage is complete (Spark: handleTaskCompletion)."""
        stage = self._stages.get(task_set.stage_id)
        if stage is None:
            return
        if stage.shuffle_id is not None:
            self._merge_accumulators(result.accumulator_updates)
            self._outputs.add(stage.shuffle_id, attempt.index, attempt.executor)
            if stage.task_set is not None and stage.task_set.finished:
                self._map_stage_ended(stage)
            return
        (job,) = stage.jobs
        if attempt.index not in job.results:
            self._merge_accumulators(result.accumulator_updates)
            job.results[attempt.index] = result.value
            if job.complete:
                self._finish(job, stage)

    def fetch_failed(self, task_set: TaskSet, error: FetchFailed) -> None:
        """A map output is gone: both stages run again after a pause, at most four times in a row."""
        stage = self._stages.get(task_set.stage_id)
        if stage is None or stage.task_set is not task_set:
            return
        self._outputs.drop_dead()
        self._attempt_over(stage, f"FetchFailed: {error}")
        stage.state = StageState.FAILED
        stage.failed_attempts += 1
        if stage.failed_attempts < MAX_CONSECUTIVE_STAGE_ATTEMPTS:
            self._after(RESUBMIT_TIMEOUT_MS, self._resubmit, stage)
            return
        self._abort(
            stage,
            f"{stage} has failed the maximum allowable number of times: {MAX_CONSECUTIVE_STAGE_ATTEMPTS}. "
            f"Most recent failure reason: {error}",
        )

    def task_set_aborted(self, task_set: TaskSet, message: str) -> None:
        """A task failed too often: the jobs that want its stage fail."""
        stage = self._stages.get(task_set.stage_id)
        if stage is not None:
            self._abort(stage, message)

    # --- stages ----------------------------------------------------------------------------------------------------

    def _submit_stage(self, final: Stage) -> None:
        """Run a stage, or first the parents that it misses outputs of, and so on down (Spark: submitStage)."""
        asked = [final]
        while asked:
            stage = asked.pop()
            if not stage.wanted or stage.state is not StageState.IDLE:
                continue
            missing = self._stages.missing_parents(stage)
            if missing:
                stage.state = StageState.WAITING
                asked.extend(reversed(missing))
            else:
                stage.state = StageState.RUNNING
                self._after(self._prices.draw(self._prices.model.stage_ms), self._launch, stage)

    def _resubmit(self, stage: Stage) -> None:
        stage.state = StageState.IDLE
        self._submit_stage(stage)

    def _launch(self, stage: Stage) -> None:
        """Hand the missing partitions of a stage to the task scheduler (Spark: submitMissingTasks)."""
        if not stage.wanted:
            return
        missing = self._stages.missing_partitions(stage)
        if not missing:
            self._map_stage_ended(stage)
            return
        try:
            preferences = {index: self._locator.preferred(stage.spec.rdd, index) for index in missing}
        except Exception as error:
            self._abort(stage, f"Task creation failed: {describe_failure(error)}")
            return
        job = stage.jobs[0]
        stage.attempt += 1
        stage.task_set = TaskSet(
            job_id=job.job_id,
            stage_id=stage.stage_id,
            stage_attempt=stage.attempt,
            kind=job.kind if stage.shuffle_id is None else "ShuffleMapTask",
            indices=missing,
            preferences=preferences,
            body=_body(stage, job),
            properties=job.properties,
            max_failures=self._max_failures,
            locality_wait_ms=self._locality_wait_ms,
            now_ms=self._clock.now_ms,
            speculation=self._tasks.speculation,
        )
        self._emit(
            StageSubmitted(self._clock.now_ms, job.job_id, stage.stage_id, stage.attempt, stage.name, len(missing))
        )
        self._tasks.submit(stage.task_set)

    def _map_stage_ended(self, stage: Stage) -> None:
        """All tasks of a map stage ended: go on with its children, or run again what was lost meanwhile."""
        self._attempt_over(stage, "")
        stage.state = StageState.IDLE
        stage.failed_attempts = 0
        if self._stages.missing_partitions(stage):
            self._submit_stage(stage)
            return
        for child in self._stages.waiting_children(stage):
            child.state = StageState.IDLE
            self._submit_stage(child)

    def _attempt_over(self, stage: Stage, failure: str) -> None:
        if stage.task_set is not None:
            self._emit(StageCompleted(self._clock.now_ms, stage.stage_id, stage.attempt, failure))
            stage.task_set = None

    # --- the end of a job ------------------------------------------------------------------------------------------

    def _finish(self, job: Job, stage: Stage) -> None:
        self._attempt_over(stage, "")
        self._let_go(job, "no longer needed")

        def end() -> None:
            self._emit(JobEnd(self._clock.now_ms, job.job_id, True, ""))
            job.done.succeed([job.results[index] for index in job.partitions])

        self._after(self._prices.draw(self._prices.model.job_end_ms), end)

    def _abort(self, stage: Stage, message: str) -> None:
        for job in list(stage.jobs):
            self._fail(job, f"Job aborted due to stage failure: {message}")

    def _fail(self, job: Job, reason: str) -> None:
        self._let_go(job, reason)
        self._emit(JobEnd(self._clock.now_ms, job.job_id, False, reason))
        job.done.fail(SparkJobError(reason))
        job.done.defused = True

    def _let_go(self, job: Job, reason: str) -> None:
        """The job is over: stages that nobody else waits for end, and their tasks are stopped."""
        job.active = False
        for stage in self._stages.release(job):
            self._attempt_over(stage, reason)
            self._tasks.cancel(stage.stage_id)

    def _after(self, delay_ms: float, action: Callable[..., None], *args: Any) -> None:
        if delay_ms == 0:
            action(*args)
        else:
            self._clock.env.after(delay_ms, action, *args)


def _body(stage: Stage, job: Job) -> Callable[[int, TaskContext], Any]:
    """What a task of the stage runs."""
    shuffle = stage.spec.shuffle
    if shuffle is not None:
        return lambda index, task: run_shuffle_map_task(shuffle, index, task)
    return lambda index, task: run_result_task(job.rdd, job.func, index, task)

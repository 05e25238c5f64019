"""Puts tasks on cores, and decides what happens when one ends.

Spark: TaskSchedulerImpl with a coarse-grained (or local) backend. Free cores are offered to the task sets in FIFO order
(job, then stage); within a set, nearest locality first, one task per executor and round. A task that succeeds frees its
own executor's core only; everything else, and a timer in clusters, offers all. With speculation, the slow tasks are
looked for at every interval; the first copy of a task to succeed ends the others. Everything here runs in the hub.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from typing import Any, Protocol

import simpy

from sparksim.cluster.clock import Clock, FiberKilled, Killed
from sparksim.cluster.executor import Executor, ExecutorDied
from sparksim.cluster.speculation import Speculation, until_next_look_ms
from sparksim.cluster.task_runner import TaskResult, TaskRunner
from sparksim.cluster.task_set import BATCH_TIME, Locality, TaskAttempt, TaskSet
from sparksim.core.errors import FetchFailed
from sparksim.core.failure import describe_failure
from sparksim.trace.events import Event, StateUpdated, TaskEnd, TaskStart


class TaskSetListener(Protocol):
    """Who hears how the tasks of a set fared: the DAG scheduler."""

    def task_succeeded(self, task_set: TaskSet, attempt: TaskAttempt, result: TaskResult) -> None:
        """The first success of a partition in this set."""

    def fetch_failed(self, task_set: TaskSet, error: FetchFailed) -> None:
        """A task missed a map output. The set launches nothing more; its other tasks go on."""

    def task_set_aborted(self, task_set: TaskSet, message: str) -> None:
        """A task failed too often. The set launches nothing more."""


class TaskCancelled(Killed):
    """What strikes a task whose job was aborted or whose result is no longer wanted."""


class TaskScheduler:
    """`revive_ms` is the period in which a cluster offers its free cores again (None: only when something changes).

    `speculation` says when a task is slow enough for a second copy (None: never).
    """

    def __init__(
        self,
        clock: Clock,
        runner: TaskRunner,
        rng: random.Random,
        emit: Callable[[Event], None],
        revive_ms: float | None,
        speculation: Speculation | None = None,
    ) -> None:
        self.speculation = speculation
        self._clock = clock
        self._runner = runner
        self._rng = rng
        self._emit = emit
        self._revive_ms = revive_ms
        self._reviving = False
        self._looking = False
        self._born_ms = clock.now_ms
        self._executors: list[Executor] = []
        self._task_sets: list[TaskSet] = []
        self._listener: TaskSetListener | None = None
        self._next_task_id = 0

    def report_to(self, listener: TaskSetListener) -> None:
        """Name the DAG scheduler. Once, before the first task set."""
        self._listener = listener

    @property
    def executors(self) -> list[Executor]:
        """The executors that the driver knows, in order of registration."""
        return list(self._executors)

    def executors_running(self, kind: str) -> list[Executor]:
        """The executors on which a task of this kind runs, in order of launch."""
        running = [attempt for each in self._task_sets if each.kind == kind for attempt in each.running.values()]
        return [attempt.executor for attempt in sorted(running, key=lambda each: each.task_id)]

    def running_of_batches(self) -> list[TaskAttempt]:
        """The attempts that run now for a batch, in order of launch."""
        of_batches = [each for each in self._task_sets if BATCH_TIME in each.properties]
        return sorted((one for each in of_batches for one in each.running.values()), key=lambda one: one.task_id)

    def add_executor(self, executor: Executor) -> None:
        """An executor registered: its cores are offered from now on."""
        self._executors.append(executor)
        self._recompute_and_offer()

    def submit(self, task_set: TaskSet) -> None:
        """A stage attempt is ready to run."""
        task_set.recompute_levels(self._executors)
        self._task_sets.append(task_set)
        self._task_sets.sort(key=lambda each: (each.job_id, each.stage_id, each.stage_attempt))
        self._offer(self._executors)

    def cancel(self, stage_id: int) -> None:
        """Launch nothing more of this stage and stop what runs, of all its attempts."""
        for task_set in [each for each in self._task_sets if each.stage_id == stage_id]:
            task_set.give_up()
            for attempt in list(task_set.running.values()):
                assert attempt.fiber is not None
                self._clock.kill(attempt.fiber, TaskCancelled("nobody waits for its result any more"))
            self._drop_if_over(task_set)

    def executor_lost(self, executor: Executor, reason: str, *, counts: bool = True) -> None:
        """The driver learns that an executor is gone: finished map tasks run again, running tasks have failed.

        That counts as a failure of theirs, except when the driver itself had the executor killed.
        """
        self._executors.remove(executor)
        executor.known = False
        for task_set in list(self._task_sets):
            if task_set.kind == "ShuffleMapTask" and not task_set.zombie and not task_set.finished:
                for attempt in task_set.forget_outputs_on(executor):
                    if attempt.task_set is task_set:
                        self._emit_end(attempt, "Resubmitted", "its map output was on the lost executor")
        running = [attempt for each in self._task_sets for attempt in each.running.values()]
        for attempt in sorted(running, key=lambda each: each.task_id):
            if attempt.executor is executor:
                self._end(attempt, "ExecutorLostFailure", reason)
                message = f"ExecutorLostFailure (executor {executor.executor_id} exited): {reason}"
                self._failed(attempt, message, counts=counts)
        self._recompute_and_offer()

    def driver_died(self, reason: str) -> None:
        """Put on record that all running tasks are over. Nothing else happens: there is no driver to make it happen."""
        running = [attempt for each in self._task_sets for attempt in each.running.values()]
        for attempt in sorted(running, key=lambda each: each.task_id):
            self._emit_end(attempt, "ExecutorLostFailure", reason)

    # --- launching -------------------------------------------------------------------------------------------------

    def _offer(self, executors: list[Executor]) -> None:
        """Offer the free cores of these executors to the waiting task sets (Spark: resourceOffers)."""
        offers = [executor for executor in executors if executor.free_cores]
        if len(offers) > 1:
            self._rng.shuffle(offers)
        now_ms = self._clock.now_ms
        # Most offers are of one core after a task, and find nothing that waits: a receiver's task set never does.
        waiting = [each for each in self._task_sets if each.has_pending]
        for task_set in waiting:
            for level in task_set.levels:
                while task_set.has_pending and self._offer_round(task_set, offers, level, now_ms):
                    pass
        if waiting:
            self._keep_reviving(waiting)
        self._keep_looking()

    def _offer_round(self, task_set: TaskSet, offers: list[Executor], level: Locality, now_ms: float) -> bool:
        launched = False
        for executor in offers:
            found = task_set.offer(executor, level, now_ms) if executor.free_cores else None
            if found is not None:
                self._launch(task_set, *found, executor)
                launched = True
                if not task_set.has_pending:
                    break
        return launched

    def _launch(self, task_set: TaskSet, index: int, locality: Locality, executor: Executor) -> None:
        now_ms = self._clock.now_ms
        speculative = task_set.is_running(index)
        attempt = TaskAttempt(
            self._next_task_id, task_set, index, task_set.next_attempt(index), executor, executor.take_core(), now_ms
        )
        self._next_task_id += 1
        task_set.launched(attempt)
        self._emit(
            TaskStart(
                now_ms,
                attempt.task_id,
                task_set.job_id,
                task_set.stage_id,
                task_set.stage_attempt,
                index,
                attempt.attempt,
                executor.executor_id,
                executor.host,
                attempt.core,
                locality.name,
                speculative,
                task_set.kind,
            )
        )
        fiber = self._clock.spawn(f"task {attempt.task_id}", self._runner.run, attempt)
        attempt.fiber = fiber
        executor.run_on(fiber)
        fiber.done.callbacks.append(lambda done: self._ended(attempt, done))
        if not executor.alive:  # launched in the moment between the death and the driver's hearing of it
            self._clock.kill(fiber, ExecutorDied(f"executor {executor.executor_id} is dead"))

    def _keep_reviving(self, task_sets: list[TaskSet]) -> None:
        """A task that waits for a better place is looked at again only when cores are offered again."""
        if self._revive_ms is None or self._reviving:
            return
        if any(each.has_pending for each in task_sets) and any(each.free_cores for each in self._executors):
            self._reviving = True
            self._clock.env.process(self._revive(self._revive_ms))

    def _revive(self, period_ms: float) -> Generator[simpy.Event, Any, None]:
        yield self._clock.env.timeout(period_ms - self._clock.now_ms % period_ms)
        self._reviving = False
        self._offer(self._executors)

    def _keep_looking(self) -> None:
        """Look for slow tasks when the next interval since the start is over, unless there can be none."""
        if self.speculation is None or self._looking:
            return
        if any(each.may_have_slow_tasks for each in self._task_sets):
            self._looking = True
            self._clock.env.process(self._look_for_slow_tasks(self.speculation.interval_ms))

    def _look_for_slow_tasks(self, period_ms: float) -> Generator[simpy.Event, Any, None]:
        """Spark: TaskSchedulerImpl.checkSpeculatableTasks."""
        yield self._clock.env.timeout(until_next_look_ms(self._clock.now_ms, self._born_ms, period_ms))
        self._looking = False
        now_ms = self._clock.now_ms
        marked = [each.mark_slow_tasks(now_ms) for each in self._task_sets]
        if any(marked):
            self._offer(self._executors)
        else:
            self._keep_looking()

    def _recompute_and_offer(self) -> None:
        for task_set in list(self._task_sets):
            task_set.recompute_levels(self._executors)
            self._drop_if_over(task_set)
        self._offer(self._executors)

    # --- ends ------------------------------------------------------------------------------------------------------

    def _ended(self, attempt: TaskAttempt, done: simpy.Event) -> None:
        """The task's fiber came to its end. A dead executor reports nothing: `executor_lost` speaks for it."""
        task_set, executor = attempt.task_set, attempt.executor
        assert attempt.fiber is not None
        executor.fibers.remove(attempt.fiber)
        if not executor.alive:
            return
        if done.ok:
            assert isinstance(done.value, TaskResult)
            self._end(attempt, "Success", "")
            self._succeeded(attempt, done.value)
            self._drop_if_over(task_set)
            self._offer([executor])
            return
        error = done.value.cause if isinstance(done.value, FiberKilled) else done.value
        assert isinstance(error, BaseException)
        if isinstance(error, Killed):
            self._end(attempt, "TaskKilled", str(error))
            task_set.requeue(attempt.index)
        elif isinstance(error, FetchFailed):
            self._end(attempt, "FetchFailed", str(error))
            task_set.give_up()
            self._heard_by.fetch_failed(task_set, error)
        else:
            message = describe_failure(error)
            self._end(attempt, "ExceptionFailure", message)
            self._offer([executor])  # the core is given away before anybody has read why the task failed
            self._failed(attempt, message)
        self._drop_if_over(task_set)
        self._offer(self._executors)

    def _succeeded(self, attempt: TaskAttempt, result: TaskResult) -> None:
        """A partition counts for every attempt at its stage (Spark: markPartitionCompletedInAllTaskSets).

        Other copies of the task are ended; what one of them made in the same moment is ignored.
        """
        task_set = attempt.task_set
        for rival in task_set.rivals(attempt):
            assert rival.fiber is not None
            self._clock.kill(rival.fiber, TaskCancelled("another attempt succeeded"))
        if attempt.index in task_set.done:
            return
        attempt.duration_ms = self._clock.now_ms - attempt.launched_ms
        for each in self._task_sets:
            if each.stage_id == task_set.stage_id:
                each.succeeded(attempt)
        self._heard_by.task_succeeded(task_set, attempt, result)

    def _failed(self, attempt: TaskAttempt, message: str, *, counts: bool = True) -> None:
        """Try again, or give up: a task may fail `max_failures` times (TaskSetManager.handleFailedTask)."""
        task_set, index = attempt.task_set, attempt.index
        if task_set.zombie or index in task_set.done:
            return
        task_set.failures[index] += counts
        if not counts or task_set.failures[index] < task_set.max_failures:
            task_set.requeue(index)
            return
        task_set.give_up()
        stage = f"{task_set.stage_id}.{task_set.stage_attempt}"
        self._heard_by.task_set_aborted(
            task_set,
            f"Task {index} in stage {stage} failed {task_set.failures[index]} times, most recent failure: Lost task "
            f"{index}.{attempt.attempt} in stage {stage} (TID {attempt.task_id}) "
            f"({attempt.executor.host} executor {attempt.executor.executor_id}): {message}",
        )

    def _end(self, attempt: TaskAttempt, reason: str, message: str) -> None:
        del attempt.task_set.running[attempt.task_id]
        attempt.executor.give_back(attempt.core)
        self._emit_end(attempt, reason, message)

    def _emit_end(self, attempt: TaskAttempt, reason: str, message: str) -> None:
        task_set, counters = attempt.task_set, attempt.counters
        if reason == "Success":
            for change in counters.states:
                self._emit(StateUpdated(self._clock.now_ms, *change))
        self._emit(
            TaskEnd(
                self._clock.now_ms,
                attempt.task_id,
                task_set.job_id,
                task_set.stage_id,
                task_set.stage_attempt,
                attempt.index,
                attempt.attempt,
                attempt.executor.executor_id,
                attempt.core,
                reason,
                message,
                counters.records_read,
                counters.shuffle_read,
                counters.shuffle_written,
                tuple(counters.blocks),
            )
        )

    def _drop_if_over(self, task_set: TaskSet) -> None:
        if not task_set.running and (task_set.zombie or task_set.finished) and task_set in self._task_sets:
            self._task_sets.remove(task_set)
            task_set.close()

    @property
    def _heard_by(self) -> TaskSetListener:
        assert self._listener is not None, "no DAG scheduler was named"
        return self._listener

"""Puts tasks on cores, and decides what happens when one ends.

Spark: TaskSchedulerImpl with a coarse-grained (or local) backend. Free cores are offered to the task sets in FIFO order
(job, then stage); within a set, nearest locality first, one task per executor and round. Everything here runs in the hub.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Protocol

import simpy

from sparksim.cluster.clock import Clock, FiberKilled, Killed
from sparksim.cluster.executor import Executor
from sparksim.cluster.task_runner import TaskResult, TaskRunner
from sparksim.cluster.task_set import Locality, TaskAttempt, TaskSet
from sparksim.core.errors import FetchFailed
from sparksim.core.failure import describe_failure
from sparksim.trace.events import Event, TaskEnd, TaskStart


class TaskSetListener(Protocol):
    """Who hears how the tasks of a set fared: the DAG scheduler."""

    def task_succeeded(self, task_set: TaskSet, attempt: TaskAttempt, result: TaskResult) -> None: ...
    def fetch_failed(self, task_set: TaskSet, attempt: TaskAttempt, error: FetchFailed) -> None: ...
    def task_set_aborted(self, task_set: TaskSet, message: str) -> None: ...


class TaskCancelled(Killed):
    """What strikes a task whose job was aborted or whose result is no longer wanted."""


class TaskScheduler:
    """`revive_ms` is the period in which a cluster offers its free cores again (None: only when something changes)."""

    def __init__(
        self, clock: Clock, runner: TaskRunner, rng: random.Random, emit: Callable[[Event], None], revive_ms: float | None
    ) -> None:
        self._clock = clock
        self._runner = runner
        self._rng = rng
        self._emit = emit
        self._revive_ms = revive_ms
        self._reviving = False
        self._executors: list[Executor] = []
        self._task_sets: list[TaskSet] = []
        self._listener: TaskSetListener | None = None
        self._next_task_id = 0

    def report_to(self, listener: TaskSetListener) -> None:
        """Name the DAG scheduler. Once, before the first task set."""
        self._listener = listener

    @property
    def executors(self) -> list[Executor]:
        """The executors that the driver knows."""
        return list(self._executors)

    def executors_running(self, kind: str) -> list[Executor]:
        """The executors on which a task of this kind runs, in order of launch."""
        running = [attempt for each in self._task_sets if each.kind == kind for attempt in each.running.values()]
        return [attempt.executor for attempt in sorted(running, key=lambda each: each.task_id)]

    def add_executor(self, executor: Executor) -> None:
        self._executors.append(executor)
        self._recompute_and_offer()

    def submit(self, task_set: TaskSet) -> None:
        """A stage attempt is ready to run."""
        task_set.recompute_levels(self._executors)
        self._task_sets.append(task_set)
        self._task_sets.sort(key=lambda each: (each.job_id, each.stage_id, each.stage_attempt))
        self.offer()

    def cancel(self, task_set: TaskSet) -> None:
        """Launch nothing more of the set and stop what runs."""
        task_set.give_up()
        for attempt in list(task_set.running.values()):
            assert attempt.fiber is not None
            self._clock.kill(attempt.fiber, TaskCancelled("the job was cancelled"))
        self._drop_if_over(task_set)

    def executor_lost(self, executor: Executor, reason: str) -> None:
        """The driver learns that an executor is gone: its tasks failed, its finished map outputs are missing."""
        self._executors.remove(executor)
        executor.known = False
        lost = [attempt for each in self._task_sets for attempt in each.running.values() if attempt.executor is executor]
        for attempt in sorted(lost, key=lambda each: each.task_id):
            self._end(attempt, "ExecutorLostFailure", reason)
            self._failed(attempt, f"ExecutorLostFailure (executor {executor.executor_id} exited): {reason}")
        for task_set in list(self._task_sets):
            if task_set.kind == "ShuffleMapTask":
                task_set.forget_outputs_on(executor)
        self._recompute_and_offer()

    def offer(self) -> None:
        """Offer every free core to the waiting task sets."""
        offers = [executor for executor in self._executors if executor.free_cores]
        if len(offers) > 1:
            self._rng.shuffle(offers)
        now_ms = self._clock.now_ms
        for task_set in list(self._task_sets):
            for level in list(task_set.levels):
                while task_set.has_pending and self._offer_round(task_set, offers, level, now_ms):
                    pass
        self._keep_reviving()

    def _offer_round(self, task_set: TaskSet, offers: list[Executor], level: Locality, now_ms: float) -> bool:
        launched = False
        for executor in offers:
            found = task_set.offer(executor, level, now_ms) if executor.free_cores and task_set.has_pending else None
            if found is not None:
                self._launch(task_set, *found, executor)
                launched = True
        return launched

    def _launch(self, task_set: TaskSet, index: int, locality: Locality, executor: Executor) -> None:
        attempt = TaskAttempt(
            self._next_task_id, task_set, index, task_set.next_attempt(index), executor, executor.take_core(), locality
        )
        self._next_task_id += 1
        task_set.running[attempt.task_id] = attempt
        self._emit(
            TaskStart(
                self._clock.now_ms,
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
                False,
                task_set.kind,
            )
        )
        fiber = self._clock.spawn(f"task {attempt.task_id}", self._runner.run, attempt)
        attempt.fiber = fiber
        executor.fibers.append(fiber)
        assert fiber.done.callbacks is not None
        fiber.done.callbacks.append(lambda done: self._ended(attempt, done))
        if not executor.alive:  # launched in the moment between the death and the driver's hearing of it
            self._clock.kill(fiber, Killed("the executor is dead"))

    def _ended(self, attempt: TaskAttempt, done: simpy.Event) -> None:
        """The task's fiber came to its end. A dead executor reports nothing: `executor_lost` speaks for it."""
        task_set, executor = attempt.task_set, attempt.executor
        if attempt.fiber in executor.fibers:
            executor.fibers.remove(attempt.fiber)
        if not executor.alive or attempt.task_id not in task_set.running:
            return
        assert self._listener is not None
        if done.ok:
            self._end(attempt, "Success", "")
            if attempt.index not in task_set.done:
                task_set.done[attempt.index] = executor
                self._listener.task_succeeded(task_set, attempt, done.value)
        elif isinstance(done.value, FiberKilled) and isinstance(done.value.cause, Killed):
            self._end(attempt, "TaskKilled", str(done.value.cause))
            task_set.requeue(attempt.index)
        elif isinstance(done.value, FetchFailed):
            self._end(attempt, "FetchFailed", str(done.value))
            task_set.give_up()
            self._listener.fetch_failed(task_set, attempt, done.value)
        else:
            message = describe_failure(done.value.cause if isinstance(done.value, FiberKilled) else done.value)
            self._end(attempt, "ExceptionFailure", message)
            self._failed(attempt, message)
        self._drop_if_over(task_set)
        self.offer()

    def _end(self, attempt: TaskAttempt, reason: str, message: str) -> None:
        task_set, counters = attempt.task_set, attempt.counters
        del task_set.running[attempt.task_id]
        attempt.executor.give_back(attempt.core)
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

    def _failed(self, attempt: TaskAttempt, message: str) -> None:
        """Try again, or give up: a task may fail `max_failures` times (TaskSetManager.handleFailedTask)."""
        task_set, index = attempt.task_set, attempt.index
        if task_set.zombie or index in task_set.done:
            return
        task_set.failures[index] += 1
        if task_set.failures[index] < task_set.max_failures:
            task_set.requeue(index)
            return
        assert self._listener is not None
        task_set.give_up()
        self._listener.task_set_aborted(
            task_set,
            f"Task {index} in stage {task_set.stage_id}.{task_set.stage_attempt} failed {task_set.failures[index]} times, "
            f"most recent failure: Lost task {index}.{attempt.attempt} in stage "
            f"{task_set.stage_id}.{task_set.stage_attempt} (TID {attempt.task_id}) "
            f"({attempt.executor.host} executor {attempt.executor.executor_id}): {message}",
        )

    def _drop_if_over(self, task_set: TaskSet) -> None:
        if not task_set.running and (task_set.zombie or task_set.finished) and task_set in self._task_sets:
            self._task_sets.remove(task_set)

    def _recompute_and_offer(self) -> None:
        for task_set in list(self._task_sets):
            task_set.recompute_levels(self._executors)
            self._drop_if_over(task_set)
        self.offer()

    def _keep_reviving(self) -> None:
        """A task that waits for a better place is looked at again only when cores are offered again."""
        if self._revive_ms is not None and not self._reviving and self._someone_holds_out():
            self._reviving = True
            self._clock.env.process(self._revive())

    def _someone_holds_out(self) -> bool:
        return any(each.has_pending for each in self._task_sets) and any(each.free_cores for each in self._executors)

    def _revive(self) -> Iterator[simpy.Event]:
        assert self._revive_ms is not None
        yield self._clock.env.timeout(self._revive_ms - self._clock.now_ms % self._revive_ms)
        self._reviving = False
        self.offer()

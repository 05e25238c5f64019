"""Speculation and streaming dynamic allocation against rules and scripts taken from Spark's own suites."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

import pytest

from sparksim.cluster.executor import Executor
from sparksim.cluster.speculation import Median, Speculation
from sparksim.cluster.task_set import Locality, TaskAttempt, TaskSet
from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.core.conf import SparkConf
from sparksim.streaming.executor_allocation import MAX_EXECUTORS, MIN_EXECUTORS, ExecutorAllocationManager
from sparksim.streaming.listener import BatchInfo, Told
from tests.conformance.dstream_cases import shared_vectors
from tests.conformance.test_components import Script, Vector, follow


def _of(kind: str, call: str | None) -> Any:
    """The vectors of a kind with this call; None: those that are scripts."""
    found = [vector for vector in shared_vectors() if vector["kind"] == kind and vector.get("call") == call]
    return pytest.mark.parametrize("vector", found, ids=lambda vector: vector["id"])


# --- speculation -----------------------------------------------------------------------------------------------------


class _Scheduled:
    """A task set that is driven by hand, as the task scheduler drives it."""

    def __init__(
        self, preferences: Sequence[Sequence[str]], settings: Mapping[str, Any], executors: Sequence[Executor]
    ) -> None:
        self.executors = {executor.executor_id: executor for executor in executors}
        self._task_ids = count()
        self.tasks = TaskSet(
            job_id=0,
            stage_id=0,
            stage_attempt=0,
            kind="ResultTask",
            indices=range(len(preferences)),
            preferences={index: tuple(wanted) for index, wanted in enumerate(preferences)},
            body=lambda index, task: None,
            properties={},
            max_failures=4,
            locality_wait_ms={},
            now_ms=0,
            speculation=Speculation(
                quantile=settings["quantile"], multiplier=settings["multiplier"], min_ms=settings["min_ms"]
            ),
        )
        self.tasks.recompute_levels(executors)

    def launch(self, index: int, executor_id: str, at_ms: float) -> TaskAttempt:
        attempt = TaskAttempt(
            next(self._task_ids),
            self.tasks,
            index,
            self.tasks.next_attempt(index),
            self.executors[executor_id],
            0,
            at_ms,
        )
        self.tasks.launched(attempt)
        return attempt

    def offer(self, executor_id: str, at_ms: float) -> dict[str, int] | None:
        found = self.tasks.offer(self.executors[executor_id], Locality.ANY, at_ms)
        if found is None:
            return None
        return {"index": found[0], "attempt": self.launch(found[0], executor_id, at_ms).attempt}

    def succeed(self, attempt: TaskAttempt, at_ms: float) -> list[list[Any]]:
        """The attempts that are to be killed, as [index, attempt, executor]."""
        del self.tasks.running[attempt.task_id]
        attempt.duration_ms = at_ms - attempt.launched_ms
        rivals = self.tasks.rivals(attempt)
        self.tasks.succeeded(attempt)
        return [[each.index, each.attempt, each.executor.executor_id] for each in rivals]


@_of("speculation", "check")
def test_slow_tasks_are_marked(vector: Vector) -> None:
    tasks = vector["tasks"]
    executors = [Executor(str(number), f"host-{number}", 2) for number in range(len(tasks) + 1)]
    scheduled = _Scheduled([[] for _ in tasks], vector, executors)
    running = {task["index"]: scheduled.launch(task["index"], str(task["index"]), task["launch_ms"]) for task in tasks}
    for task in sorted((each for each in tasks if each["end_ms"] is not None), key=lambda each: each["end_ms"]):
        scheduled.succeed(running[task["index"]], task["end_ms"])
    for index in vector.get("second_copy", []):
        scheduled.launch(index, str(len(tasks)), vector["at_ms"])
    assert sorted(scheduled.tasks.mark_slow_tasks(vector["at_ms"])) == vector["expected"]


@_of("speculation", "median")
def test_median(vector: Vector) -> None:
    median = Median()
    for duration in vector["durations"]:
        median.add(duration)
    assert median.value == vector["expected"]


def _speculation_script(vector: Vector) -> Script:
    made: list[_Scheduled] = []
    places = dict.fromkeys((step["exec"], step["host"]) for step in vector["steps"] if step["do"] == "offer")
    executors = [Executor(executor_id, host, 2) for executor_id, host in places]

    def succeed(step: dict[str, Any]) -> list[list[Any]]:
        wanted = (step["index"], step["attempt"])
        [attempt] = [each for each in made[0].tasks.running.values() if (each.index, each.attempt) == wanted]
        return made[0].succeed(attempt, step["at"])

    return {
        "tasks": lambda step: made.append(_Scheduled(step["preferred"], step, executors)),
        "offer": lambda step: made[0].offer(step["exec"], step["at"]),
        "succeed": succeed,
        "check": lambda step: sorted(made[0].tasks.mark_slow_tasks(step["at"])),
    }


@_of("speculation", None)
def test_offers_with_speculation(vector: Vector) -> None:
    follow(vector, _speculation_script(vector))


# --- dynamic allocation ----------------------------------------------------------------------------------------------


class _Client:
    """A cluster that only notes what is asked of it."""

    def __init__(self, executor_ids: Sequence[str]) -> None:
        self.executors = [Executor(executor_id, f"host-{executor_id}", 1) for executor_id in executor_ids]
        self.requested: int | None = None
        self.killed: str | None = None

    def request_total_executors(self, total: int) -> bool:
        self.requested = total
        return True

    def kill_executor(self, executor_id: str) -> bool:
        self.killed = executor_id
        return True


def _manager(vector: Vector, client: _Client, with_receivers: Sequence[str] = ()) -> ExecutorAllocationManager:
    keys = {"min": MIN_EXECUTORS, "max": MAX_EXECUTORS}
    conf = SparkConf().setAll([(keys[name], str(value)) for name, value in vector["conf"].items()])
    return ExecutorAllocationManager(
        client,
        VirtualClock(),
        random.Random(0),
        conf,
        vector.get("batch_ms", 1000),
        vector["receivers"],
        lambda: with_receivers,
    )


@_of("allocation", "manage")
def test_a_round_asks_for_executors_or_kills_one(vector: Vector) -> None:
    client = _Client(vector["executors"])
    manager = _manager(vector, client, vector["with_receivers"])
    manager.onBatchCompleted(Told("batchInfo", BatchInfo(0, {}, 0, 0, vector["average_ms"])))
    manager.manage()
    assert {"request": client.requested, "kill": client.killed} == vector["expected"]


@_of("allocation", "request")
def test_how_many_executors_are_asked_for(vector: Vector) -> None:
    def requested(present: int, more: int) -> int | None:
        client = _Client([str(number) for number in range(present)])
        _manager(vector, client).request_executors(more)
        return client.requested

    assert [requested(*case) for case in vector["cases"]] == vector["expected"]


@_of("allocation", "kill")
def test_which_executor_is_killed(vector: Vector) -> None:
    def killed(executors: list[str], with_receivers: list[str]) -> str | None:
        client = _Client(executors)
        _manager(vector, client, with_receivers).kill_executor()
        return client.killed

    assert [killed(*case) for case in vector["cases"]] == vector["expected"]

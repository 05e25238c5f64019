"""The tasks of one stage attempt, and the rule that says which of them a free core gets.

Spark: TaskSetManager. Tasks wait on a stack in order of their partitions; a task that failed goes on top. Delay
scheduling lets a task wait for a core near its data: the set is willing to launch at its current locality level only,
and loosens by one level when nothing is left to launch at it, or when nothing was launched at it for
`spark.locality.wait`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from sparksim.cluster.clock import Fiber
from sparksim.cluster.executor import Executor
from sparksim.core.task_context import TaskContext


class Locality(IntEnum):
    """How near a task runs to its data, nearest first (Spark: TaskLocality; there are no racks here)."""

    PROCESS_LOCAL = 0
    NODE_LOCAL = 1
    NO_PREF = 2
    ANY = 4


@dataclass(slots=True)
class TaskCounters:
    """What a task has done so far; read when it ends, however it ends."""

    records_read: int = 0
    shuffle_read: int = 0
    shuffle_written: int = 0
    blocks: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class TaskAttempt:
    """One try of one task on one core."""

    task_id: int
    task_set: TaskSet
    index: int
    attempt: int
    executor: Executor
    core: int
    counters: TaskCounters = field(default_factory=TaskCounters)
    fiber: Fiber | None = None


class TaskSet:
    """Tasks of one stage attempt. `indices` are partitions; `preferences` gives each its preferred locations.

    `done` holds the attempt that computed a partition; `zombie` means that nothing more will be launched.
    """

    def __init__(
        self,
        *,
        job_id: int,
        stage_id: int,
        stage_attempt: int,
        kind: str,
        indices: Sequence[int],
        preferences: Mapping[int, tuple[str, ...]],
        body: Callable[[int, TaskContext], Any],
        properties: Mapping[str, str],
        max_failures: int,
        locality_wait_ms: Mapping[Locality, float],
        now_ms: float,
    ) -> None:
        self.job_id = job_id
        self.stage_id = stage_id
        self.stage_attempt = stage_attempt
        self.kind = kind
        self.indices = tuple(indices)
        self.body = body
        self.properties = dict(properties)
        self.max_failures = max_failures
        self.zombie = False
        self.running: dict[int, TaskAttempt] = {}
        self.done: dict[int, TaskAttempt] = {}
        self.failures = dict.fromkeys(self.indices, 0)
        self.levels: list[Locality] = []
        self._attempts = dict.fromkeys(self.indices, 0)
        self._pending = list(reversed(self.indices))
        self._executors: dict[int, set[str]] = {}
        self._hosts: dict[int, set[str]] = {}
        for index in self.indices:
            places = [_place(location) for location in preferences.get(index, ())]
            self._hosts[index] = {host for host, _ in places}
            self._executors[index] = {executor_id for _, executor_id in places if executor_id}
        self._wait_ms = locality_wait_ms
        self._last_launch_ms = now_ms
        self._level = 0

    @property
    def has_pending(self) -> bool:
        """Whether a core would be welcome."""
        return bool(self._pending) and not self.zombie

    @property
    def finished(self) -> bool:
        """Whether every partition is computed."""
        return len(self.done) == len(self.indices)

    def recompute_levels(self, executors: Sequence[Executor]) -> None:
        """Which locality levels make sense with the executors there are. Called first, and when they come and go.

        Spark: TaskSetManager.computeValidLocalityLevels, recomputeLocality.
        """
        current = self.levels[self._level] if self.levels else None
        ids = {executor.executor_id for executor in executors}
        hosts = {executor.host for executor in executors}
        self.levels = []
        if any(wanted & ids for wanted in self._executors.values()):
            self.levels.append(Locality.PROCESS_LOCAL)
        if any(wanted & hosts for wanted in self._hosts.values()):
            self.levels.append(Locality.NODE_LOCAL)
        if any(not self._hosts[index] for index in self._pending):
            self.levels.append(Locality.NO_PREF)
        self.levels.append(Locality.ANY)
        self._level = 0 if current is None else self._index_of(current)

    def offer(self, executor: Executor, level: Locality, now_ms: float) -> tuple[int, Locality] | None:
        """The partition to launch on a free core of `executor` at most at `level`, with its locality; or None.

        Spark: TaskSetManager.resourceOffer.
        """
        allowed = level if level == Locality.NO_PREF else min(level, self._allowed_level(now_ms))
        found = self._nearest(executor, allowed)
        if found is None:
            return None
        self._pending.remove(found[0])
        if level != Locality.NO_PREF:
            self._level = self._index_of(found[1])
            self._last_launch_ms = now_ms
        return found

    def next_attempt(self, index: int) -> int:
        """The number of the next try of this partition, from 0."""
        attempt = self._attempts[index]
        self._attempts[index] += 1
        return attempt

    def requeue(self, index: int) -> None:
        """The task has to run again: it goes on top of the stack."""
        if index not in self.done and index not in self._pending and not self.zombie:
            self._pending.append(index)

    def succeeded(self, attempt: TaskAttempt) -> None:
        """A partition is computed, by a task of this set or of an older attempt at the same stage."""
        if attempt.index in self.failures and attempt.index not in self.done:
            self.done[attempt.index] = attempt
            if attempt.index in self._pending:
                self._pending.remove(attempt.index)

    def forget_outputs_on(self, executor: Executor) -> list[TaskAttempt]:
        """Map outputs on a lost executor are lost: their tasks run again (Spark: TaskSetManager.executorLost)."""
        lost = [attempt for attempt in self.done.values() if attempt.executor is executor]
        for attempt in lost:
            del self.done[attempt.index]
            self.requeue(attempt.index)
        return lost

    def give_up(self) -> None:
        """Launch nothing more."""
        self.zombie = True
        self._pending.clear()

    def _index_of(self, locality: Locality) -> int:
        return next(index for index, level in enumerate(self.levels) if level >= locality)

    def _allowed_level(self, now_ms: float) -> Locality:
        """The level the set is willing to launch at by now (Spark: TaskSetManager.getAllowedLocalityLevel)."""
        while self._level < len(self.levels) - 1:
            level = self.levels[self._level]
            wait_ms = self._wait_ms.get(level, 0.0)
            if not self._has_pending_at(level):
                self._last_launch_ms = now_ms
            elif now_ms - self._last_launch_ms >= wait_ms:
                self._last_launch_ms += wait_ms
            else:
                break
            self._level += 1
        return self.levels[self._level]

    def _has_pending_at(self, level: Locality) -> bool:
        if level == Locality.PROCESS_LOCAL:
            return any(self._executors[index] for index in self._pending)
        if level == Locality.NODE_LOCAL:
            return any(self._hosts[index] for index in self._pending)
        return any(not self._hosts[index] for index in self._pending)

    def _nearest(self, executor: Executor, allowed: Locality) -> tuple[int, Locality] | None:
        nearest: tuple[int, Locality] | None = None
        for index in reversed(self._pending):
            locality = self._locality_on(index, executor)
            if locality <= allowed and (nearest is None or locality < nearest[1]):
                nearest = (index, locality)
                if locality <= self.levels[0]:
                    break
        # A task without preference is shown as PROCESS_LOCAL, as Spark does.
        if nearest is not None and nearest[1] == Locality.NO_PREF:
            return nearest[0], Locality.PROCESS_LOCAL
        return nearest

    def _locality_on(self, index: int, executor: Executor) -> Locality:
        if executor.executor_id in self._executors[index]:
            return Locality.PROCESS_LOCAL
        if executor.host in self._hosts[index]:
            return Locality.NODE_LOCAL
        return Locality.ANY if self._hosts[index] else Locality.NO_PREF


def _place(location: str) -> tuple[str, str]:
    """Host and executor id (or "") of a location: `executor_<host>_<id>` or `<host>` (Spark: TaskLocation)."""
    if not location.startswith("executor_"):
        return location, ""
    host, _, executor_id = location.removeprefix("executor_").rpartition("_")
    return host, executor_id

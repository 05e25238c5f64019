"""The tasks of one stage attempt, and the rule that says which of them a free core gets.

Spark: TaskSetManager. Tasks wait on a stack in order of their partitions; a task that failed goes on top. Delay
scheduling lets a task wait for a core near its data: the set is willing to launch at its current locality level only,
and loosens by one level when nothing is left to launch at it, or when nothing was launched at it for
`spark.locality.wait`. With speculation, a core that finds no task waiting may get a second copy of a slow one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import Any

from sparksim.cluster.clock import Fiber
from sparksim.cluster.executor import Executor
from sparksim.cluster.speculation import Median, Speculation
from sparksim.cluster.waiting_tasks import WaitingTasks
from sparksim.core.backend import StateChange
from sparksim.core.task_context import TaskContext

BATCH_TIME = "spark.streaming.internal.batchTime"
OUTPUT_OP = "spark.streaming.internal.outputOpId"
"""Local properties of the jobs of a streaming batch."""


_NOWHERE: frozenset[str] = frozenset()


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
    states: list[StateChange] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class TaskAttempt:
    """One try of one task on one core. `duration_ms` is known when it has succeeded.

    `follows_another`: a task of the same set ran on this core before it.
    """

    task_id: int
    task_set: TaskSet
    index: int
    attempt: int
    executor: Executor
    core: int
    launched_ms: float = 0.0
    duration_ms: float = 0.0
    follows_another: bool = False
    counters: TaskCounters = field(default_factory=TaskCounters)
    fiber: Fiber | None = None


class TaskSet:
    """Tasks of one stage attempt. `indices` are partitions; `preferences` gives each its preferred locations.

    `done` holds the attempt that computed a partition; `zombie` means that nothing more will be launched. With
    `speculation` a slow task may run twice at a time.
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
        speculation: Speculation | None = None,
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
        self._speculation = speculation
        self._durations_ms = Median()
        self._slow: list[int] = []
        self._cores_used: set[tuple[str, int]] = set()
        self._tried_hosts: defaultdict[int, set[str]] = defaultdict(set)
        self._launched: defaultdict[int, list[TaskAttempt]] = defaultdict(list)
        self._executors: dict[int, frozenset[str]] = dict.fromkeys(self.indices, _NOWHERE)
        self._hosts: dict[int, frozenset[str]] = dict.fromkeys(self.indices, _NOWHERE)
        for index, locations in preferences.items():
            if locations:
                places = [_place(location) for location in locations]
                self._hosts[index] = frozenset([host for host, _ in places])
                self._executors[index] = frozenset([executor_id for _, executor_id in places if executor_id])
        self._pending = WaitingTasks(reversed(self.indices), self._executors, self._hosts)
        self._wait_ms = locality_wait_ms
        self._last_launch_ms = now_ms
        self._level = 0

    @property
    def has_pending(self) -> bool:
        """Whether a core would be welcome, be it for a second copy."""
        return not self.zombie and bool(self._pending.stack or self._slow)

    @property
    def finished(self) -> bool:
        """Whether every partition is computed."""
        return len(self.done) == len(self.indices)

    @property
    def may_have_slow_tasks(self) -> bool:
        """Whether it is worth while to look for slow tasks again; never in a set of one task, such as a receiver's."""
        watched = self._speculation is not None and len(self.indices) > 1
        return watched and bool(self.running) and not self.zombie and not self.finished

    def recompute_levels(self, executors: Sequence[Executor]) -> None:
        """Which locality levels make sense with the executors there are. Called first, and when they come and go.

        Only what still waits counts: nothing is gained by waiting for an executor that is gone, because a task that
        is done preferred another one. Spark: TaskSetManager.computeValidLocalityLevels, recomputeLocality.
        """
        current = self.levels[self._level] if self.levels else None
        ids = {executor.executor_id for executor in executors}
        hosts = {executor.host for executor in executors}
        self.levels = []
        if any(not self._executors[index].isdisjoint(ids) for index in self._pending):
            self.levels.append(Locality.PROCESS_LOCAL)
        if any(not self._hosts[index].isdisjoint(hosts) for index in self._pending):
            self.levels.append(Locality.NODE_LOCAL)
        if self._pending.any_without_preference:
            self.levels.append(Locality.NO_PREF)
        self.levels.append(Locality.ANY)
        self._level = 0 if current is None else self._index_of(current)

    def offer(self, executor: Executor, level: Locality, now_ms: float) -> tuple[int, Locality] | None:
        """The partition to launch on a free core of `executor` at most at `level`, with its locality; or None.

        A partition that `is_running` gets a second copy: only when nothing else suits this core, and never on a host
        where it was tried. Spark: TaskSetManager.resourceOffer, dequeueSpeculativeTask.
        """
        allowed = level if level == Locality.NO_PREF else min(level, self._allowed_level(now_ms))
        found = self._waiting_for(executor, allowed)
        if found is not None:
            self._pending.remove(found[0])
        elif self._slow:
            untried = (index for index in self._slow if executor.host not in self._tried_hosts[index])
            found = self._nearest(untried, executor, allowed)
            if found is not None:
                self._slow.remove(found[0])
        if found is None:
            return None
        if level != Locality.NO_PREF:
            self._level = self._index_of(found[1])
            self._last_launch_ms = now_ms
        return found

    def next_attempt(self, index: int) -> int:
        """The number of the next try of this partition, from 0."""
        attempt = self._attempts[index]
        self._attempts[index] += 1
        return attempt

    def launched(self, attempt: TaskAttempt) -> None:
        """An attempt at a task of this set runs from now on."""
        core = (attempt.executor.executor_id, attempt.core)
        attempt.follows_another = core in self._cores_used
        self._cores_used.add(core)
        self.running[attempt.task_id] = attempt
        self._launched[attempt.index].append(attempt)
        self._tried_hosts[attempt.index].add(attempt.executor.host)

    def is_running(self, index: int) -> bool:
        """Whether an attempt at this partition runs, as far as the driver knows."""
        return any(attempt.task_id in self.running for attempt in self._launched[index])

    def rivals(self, attempt: TaskAttempt) -> list[TaskAttempt]:
        """The other attempts at the same partition that still run."""
        launched = self._launched[attempt.index]
        return [each for each in launched if each is not attempt and each.task_id in self.running]

    def mark_slow_tasks(self, now_ms: float) -> list[int]:
        """The partitions that from now on may have a second copy (Spark: TaskSetManager.checkSpeculatableTasks)."""
        if self._speculation is None or not self.may_have_slow_tasks:
            return []
        limit_ms = self._speculation.slower_than_ms(len(self.indices), len(self.done), self._durations_ms)
        if limit_ms is None:
            return []
        unmarked = [
            attempt.index
            for attempt in self.running.values()
            if now_ms - attempt.launched_ms > limit_ms
            and attempt.index not in self.done
            and attempt.index not in self._slow
            and not self.rivals(attempt)
        ]
        self._slow.extend(unmarked)
        return unmarked

    def requeue(self, index: int) -> None:
        """The task has to run again: it goes on top of the stack, unless another copy of it still runs."""
        if index not in self.done and index not in self._pending and not self.zombie and not self.is_running(index):
            self._pending.push(index)

    def succeeded(self, attempt: TaskAttempt) -> None:
        """A partition is computed, by a task of this set or of an older attempt at the same stage."""
        if attempt.index in self.failures and attempt.index not in self.done:
            self.done[attempt.index] = attempt
            self._durations_ms.add(attempt.duration_ms)
            if attempt.index in self._pending:
                self._pending.remove(attempt.index)
            if attempt.index in self._slow:
                self._slow.remove(attempt.index)

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

    def close(self) -> None:
        """Nobody will ask any more: let go of the attempts, which know this set, so that no cycle keeps them alive."""
        self.done.clear()
        self._launched.clear()

    def _index_of(self, locality: Locality) -> int:
        return bisect_left(self.levels, locality)

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
            return self._pending.any_executor_wanted
        if level == Locality.NODE_LOCAL:
            return self._pending.any_host_wanted
        return self._pending.any_without_preference

    def _waiting_for(self, executor: Executor, allowed: Locality) -> tuple[int, Locality] | None:
        """What `_nearest` would find among all that wait, without looking at each of them."""
        waiting = self._pending
        if not waiting.stack:
            return None
        if self.levels[0] == Locality.ANY == allowed:  # nobody is near anything: first come, first served
            index = waiting.top()
            return None if index is None else self._shown(index, self._locality_on(index, executor))
        index = waiting.top_on_executor(executor.executor_id)
        if index is not None:
            return index, Locality.PROCESS_LOCAL
        if allowed >= Locality.NODE_LOCAL and (index := waiting.top_on_host(executor.host)) is not None:
            return index, Locality.NODE_LOCAL
        if allowed >= Locality.NO_PREF and (index := waiting.top_without_preference()) is not None:
            return self._shown(index, Locality.NO_PREF)
        if allowed >= Locality.ANY and (index := waiting.top()) is not None:
            return index, Locality.ANY
        return None

    def _nearest(self, indices: Iterable[int], executor: Executor, allowed: Locality) -> tuple[int, Locality] | None:
        nearest: tuple[int, Locality] | None = None
        for index in indices:
            locality = self._locality_on(index, executor)
            if locality <= allowed and (nearest is None or locality < nearest[1]):
                nearest = (index, locality)
                if locality <= self.levels[0]:
                    break
        return None if nearest is None else self._shown(*nearest)

    def _shown(self, index: int, locality: Locality) -> tuple[int, Locality]:
        """A task without preference is shown as PROCESS_LOCAL, as Spark does."""
        return index, Locality.PROCESS_LOCAL if locality == Locality.NO_PREF else locality

    def _locality_on(self, index: int, executor: Executor) -> Locality:
        if executor.executor_id in self._executors[index]:
            return Locality.PROCESS_LOCAL
        if executor.host in self._hosts[index]:
            return Locality.NODE_LOCAL
        return Locality.ANY if self._hosts[index] else Locality.NO_PREF


@lru_cache(maxsize=4096)
def _place(location: str) -> tuple[str, str]:
    """Host and executor id (or "") of a location: `executor_<host>_<id>` or `<host>` (Spark: TaskLocation)."""
    if not location.startswith("executor_"):
        return location, ""
    host, _, executor_id = location.removeprefix("executor_").rpartition("_")
    return host, executor_id

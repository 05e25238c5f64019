"""The tasks of a set that wait for a core: one stack, and the same stack as each place sees it.

A core is offered far more often than a stage is submitted, so nobody looks through all that wait: each executor and
host that tasks prefer has a stack of its own. As in Spark (TaskSetManager.addPendingTask), a task that was taken from
one of them stays in the others until it comes up there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping


class WaitingTasks:
    """Partitions, the next one on top. `executors` and `hosts` are where each would like to run, if anywhere.

    `stack` is for reading: those that wait, the next one last.
    """

    def __init__(
        self,
        indices: Iterable[int],
        executors: Mapping[int, Collection[str]],
        hosts: Mapping[int, Collection[str]],
    ) -> None:
        self._executors = executors
        self._hosts = hosts
        self.stack: dict[int, None] = {}
        self._free: list[int] = []
        self._on_executor: defaultdict[str, list[int]] = defaultdict(list)
        self._on_host: defaultdict[str, list[int]] = defaultdict(list)
        self._counts = [0, 0, 0]
        for index in indices:
            self.push(index)

    @property
    def some(self) -> bool:
        """Whether anybody waits."""
        return bool(self.stack)

    def __iter__(self) -> Iterator[int]:
        return iter(self.stack)

    def __contains__(self, index: int) -> bool:
        return index in self.stack

    def push(self, index: int) -> None:
        """It waits, before all others."""
        self.stack[index] = None
        self._count(index, 1)
        hosts = self._hosts[index]
        if not hosts:
            self._free.append(index)
            return
        for host in hosts:
            self._on_host[host].append(index)
        for executor_id in self._executors[index]:
            self._on_executor[executor_id].append(index)

    def remove(self, index: int) -> None:
        """It waits no longer. Raises `KeyError` when it did not."""
        del self.stack[index]
        self._count(index, -1)

    def clear(self) -> None:
        """Nobody waits any more."""
        self.stack.clear()
        self._counts = [0, 0, 0]

    @property
    def any_executor_wanted(self) -> bool:
        """Whether one of them prefers an executor."""
        return self._counts[0] > 0

    @property
    def any_host_wanted(self) -> bool:
        """Whether one of them prefers a host, be it for an executor there."""
        return self._counts[1] > 0

    @property
    def any_without_preference(self) -> bool:
        """Whether one of them is as well off everywhere."""
        return self._counts[2] > 0

    def top(self) -> int | None:
        """The next one."""
        return next(reversed(self.stack), None)

    def top_on_executor(self, executor_id: str) -> int | None:
        """The next one that prefers this executor."""
        return self._top(self._on_executor.get(executor_id))

    def top_on_host(self, host: str) -> int | None:
        """The next one that prefers this host."""
        return self._top(self._on_host.get(host))

    def top_without_preference(self) -> int | None:
        """The next one that is as well off everywhere."""
        return self._top(self._free)

    def _top(self, stack: list[int] | None) -> int | None:
        while stack:
            if stack[-1] in self.stack:
                return stack[-1]
            stack.pop()
        return None

    def _count(self, index: int, change: int) -> None:
        counts = self._counts
        if self._hosts[index]:
            counts[1] += change
            if self._executors[index]:
                counts[0] += change
        else:
            counts[2] += change

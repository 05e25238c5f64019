"""An executor: a process with cores that run tasks and memory that holds blocks.

Its tasks run on fibers. Whatever else lives in the process (a receiver's supervisor, say) attaches itself, so that it
dies with the executor.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Protocol

from sparksim.cluster.block_store import BlockStore
from sparksim.cluster.clock import Clock, Fiber, Killed
from sparksim.cluster.link import Link


class Resident(Protocol):
    """Something that lives inside an executor's process."""

    stream_id: int

    def executor_died(self, reason: str) -> None:
        """The process is gone: drop everything that was only in its memory, and say what was lost."""

    def fail(self, restarts: bool) -> None:
        """It fails, and the process goes on; `restarts`: it asks to be started again where it is."""


class ExecutorDied(Killed):
    """What strikes the fibers of an executor whose process died."""


class Executor:
    """`cores` slots, numbered from 0; `alive` until the process dies; `known` until the driver hears of it.

    `host` is where its cores are offered, `block_host` where its blocks are said to lie. In local mode Spark calls the
    two by different names, so that no block is ever local and no task waits for one. From `warm_at_ms` on its tasks
    run at full speed; None before its first task. `slowness` and `disk_slowness` are how many times as long as on
    other executors its work and its writing to files take; `link` leads to the driver, who knows it from
    `registered_ms` on.
    """

    def __init__(self, executor_id: str, host: str, cores: int, block_host: str | None = None) -> None:
        self.executor_id = executor_id
        self.host = host
        self.block_host = block_host or host
        self.cores = cores
        self.alive = True
        self.known = True
        self.blocks = BlockStore()
        self.shuffle_files: dict[tuple[int, int], list[bytes]] = {}
        self._objects: dict[Hashable, Any] = {}
        self.fibers: list[Fiber] = []
        self.residents: list[Resident] = []
        self.warm_at_ms: float | None = None
        self.registered_ms = 0.0
        self.slowness = 1.0
        self.disk_slowness = 1.0
        self.link = Link()
        self._free = list(range(cores))

    @property
    def location(self) -> str:
        """How a preferred location names this executor (Spark: TaskLocation)."""
        return f"executor_{self.block_host}_{self.executor_id}"

    @property
    def free_cores(self) -> int:
        """How many slots the driver may use now."""
        return len(self._free) if self.known else 0

    def take_core(self) -> int:
        """The lowest free slot, now busy."""
        assert self._free, f"executor {self.executor_id} has no free core"
        return self._free.pop(0)

    def give_back(self, core: int) -> None:
        """The slot is free again."""
        assert core not in self._free, f"core {core} of executor {self.executor_id} was already free"
        self._free.append(core)
        self._free.sort()

    def local(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The object that was left in this process's memory under `key`; made when there is none."""
        found = self._objects.get(key)
        return self._objects.setdefault(key, make()) if found is None else found

    def forget(self, unwanted: Callable[[Hashable], bool]) -> None:
        """Drop the objects whose key is unwanted."""
        for key in [key for key in self._objects if unwanted(key)]:
            del self._objects[key]

    def run_on(self, fiber: Fiber) -> None:
        """This fiber is part of the process: it has its pace, and dies with it."""
        fiber.slowness = self.slowness
        self.fibers.append(fiber)

    def keep_pace(self, slowness: float) -> None:
        """From now on everything takes `slowness` times as long as elsewhere."""
        self.slowness = slowness
        for fiber in self.fibers:
            fiber.slowness = self.slowness

    def die(self, clock: Clock, reason: str) -> None:
        """The process ends here and now: its fibers, residents, blocks and shuffle files are gone."""
        self.alive = False
        cause = ExecutorDied(reason)
        for fiber in self.fibers:
            clock.kill(fiber, cause)
        for resident in list(self.residents):
            resident.executor_died(reason)
        self.blocks.clear()
        self.shuffle_files.clear()
        self._objects.clear()

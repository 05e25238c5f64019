"""Faults are values: what breaks, and when.

The simulation gives them to the cluster; no engine class has a flag for them.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Protocol

import simpy

from sparksim.cluster.clock import Clock
from sparksim.cluster.executor import Executor
from sparksim.core.arguments import is_number
from sparksim.core.errors import IllegalArgumentError


class Victim(Protocol):
    """What a fault may do to a cluster."""

    clock: Clock

    def executor_for_fault(self, target: str) -> Executor | None:
        """The living executor that `target` means now: an id, "receiver", "other" (one without) or "random"."""

    def crash_executor(self, executor: Executor | None, fault: str, restart_after_ms: float | None) -> None:
        """Kill its process; a replacement registers after `restart_after_ms`, if that is a number."""

    def crash_driver(self, fault: str, restart_after_ms: float | None) -> None:
        """End the driver's process, and the executors; the program starts again after `restart_after_ms`."""


class Fault(Protocol):
    """Something that will go wrong, in second `at` of the run."""

    @property
    def at(self) -> float:
        """When, in seconds from the start."""

    def strike(self, victim: Victim) -> Generator[simpy.Event, Any, None]:
        """The process that waits for the moment and does the damage."""


@dataclass(frozen=True)
class ExecutorCrash:
    """The process of an executor dies: with its tasks, its blocks, its receiver and its shuffle files.

    `executor` is an executor's id (such as "2"), "receiver" (the executor that runs the first receiver at that moment),
    "other" (the first one without a receiver) or "random". `at` is in seconds of virtual time. With `restart_after`
    (seconds after the driver noticed) the cluster manager starts a replacement under a new id, as standalone mode and
    YARN do; without it the executor stays away.
    Raises `IllegalArgumentError` for times that are not numbers, 0 or more.
    """

    executor: str | int
    at: float
    restart_after: float | None = None

    def __post_init__(self) -> None:
        if not is_number(self.at):
            raise IllegalArgumentError(
                f"ExecutorCrash(at={self.at!r}): give the moment in seconds from the start, 0 or more"
            )
        if self.restart_after is not None and not is_number(self.restart_after):
            raise IllegalArgumentError(
                f"ExecutorCrash(restart_after={self.restart_after!r}): give the seconds until the replacement, 0 or "
                "more, or None for no replacement"
            )

    def strike(self, victim: Victim) -> Generator[simpy.Event, Any, None]:
        yield _moment(victim, self.at)
        restart_ms = None if self.restart_after is None else self.restart_after * 1000
        target = victim.executor_for_fault(str(self.executor))
        victim.crash_executor(target, f"ExecutorCrash({str(self.executor)!r})", restart_ms)


@dataclass(frozen=True)
class DriverCrash:
    """The process of the driver dies, and the executors die with it; so does everything in their memory.

    `at` is in seconds of virtual time. With `restart_after` (seconds) something outside starts the program again from
    its first line, as `spark-submit --supervise` or YARN do; what it then knows, it knows from files: see
    `StreamingContext.getOrCreate`. Raises `IllegalArgumentError` for times that are not numbers, 0 or more.
    """

    at: float
    restart_after: float | None = None

    def __post_init__(self) -> None:
        if not is_number(self.at):
            raise IllegalArgumentError(
                f"DriverCrash(at={self.at!r}): give the moment in seconds from the start, 0 or more"
            )
        if self.restart_after is not None and not is_number(self.restart_after):
            raise IllegalArgumentError(
                f"DriverCrash(restart_after={self.restart_after!r}): give the seconds until the program starts again, "
                "0 or more, or None for never"
            )

    def strike(self, victim: Victim) -> Generator[simpy.Event, Any, None]:
        yield _moment(victim, self.at)
        victim.crash_driver("DriverCrash()", None if self.restart_after is None else self.restart_after * 1000)


def _moment(victim: Victim, at: float) -> simpy.Event:
    return victim.clock.env.timeout(at * 1000 - victim.clock.now_ms)

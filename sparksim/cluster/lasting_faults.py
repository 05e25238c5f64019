"""Faults that last: slow executors and disks, slow and broken connections, sources that are away.

`duration` is in seconds; None means to the end of the run. An executor's troubles end with its process.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, ClassVar

import simpy

from sparksim.cluster.faults import SuddenFault, Undo, Victim
from sparksim.cluster.moments import Moment, moment
from sparksim.core.arguments import is_positive
from sparksim.core.errors import IllegalArgumentError


class LastingFault(SuddenFault):
    """A fault that begins at its moment and is over `duration` seconds later."""

    duration: float | None

    def happen(self, victim: Victim) -> None:
        """Begin; the end comes by itself."""
        undo = self.begin(victim)
        if self.duration is not None:
            victim.clock.env.process(_end(victim, undo, self.duration * 1000))

    def begin(self, victim: Victim) -> Undo:
        """Do the damage; gives what undoes it."""
        raise NotImplementedError


def _end(victim: Victim, undo: Undo, duration_ms: float) -> Generator[simpy.Event, Any, None]:
    yield victim.clock.env.timeout(duration_ms)
    undo()


def _check(fault: Any, **positive: float) -> None:
    """Raise for a moment, duration or number that makes no sense."""
    owner = type(fault).__name__
    moment(owner, fault.at)
    if fault.duration is not None and not is_positive(fault.duration):
        raise IllegalArgumentError(
            f"{owner}(duration={fault.duration!r}): give a positive number of seconds, or None for the rest of the run"
        )
    for name, value in positive.items():
        if not is_positive(value):
            raise IllegalArgumentError(f"{owner}({name}={value!r}): give a positive number")


@dataclass(frozen=True)
class _Slowness(LastingFault):
    """Something of an executor takes `factor` times as long."""

    executor: str | int
    at: float | Moment
    factor: float = 10.0
    duration: float | None = None
    of_disk: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _check(self, factor=self.factor)

    def begin(self, victim: Victim) -> Undo:
        target = str(self.executor)
        fault = f"{type(self).__name__}({target!r}, factor={self.factor:g})"
        return victim.slow_down(target, fault, self.factor, disk=self.of_disk)


class SlowExecutor(_Slowness):
    """Everything an executor computes takes `factor` times as long: its tasks, and its receiver's storing of blocks.

    `executor` as for `ExecutorCrash`. What is under way when it begins or ends keeps its pace to the next record. A
    factor below 1 is a faster machine. This is how a straggler comes about; `spark.speculation` is against it.
    """


class SlowDisk(_Slowness):
    """What an executor writes to files takes `factor` times as long: above all its receiver's write-ahead log.

    `executor` as for `ExecutorCrash`, or "driver": then its checkpoints take as long.
    """

    of_disk = True


@dataclass(frozen=True)
class NetworkDelay(LastingFault):
    """Each message between an executor and the driver takes `ms` milliseconds more: tasks, results, block reports.

    `executor` as for `ExecutorCrash`.
    """

    executor: str | int
    at: float | Moment
    ms: float = 100.0
    duration: float | None = None

    def __post_init__(self) -> None:
        _check(self, ms=self.ms)

    def begin(self, victim: Victim) -> Undo:
        return victim.delay_messages(
            str(self.executor), f"NetworkDelay({str(self.executor)!r}, {self.ms:g} ms)", self.ms
        )


@dataclass(frozen=True)
class NetworkPartition(LastingFault):
    """Nothing gets through between an executor and the driver; both go on as far as they can.

    `executor` as for `ExecutorCrash`. What was sent arrives when the network is whole again. If the driver hears no
    heartbeat for longer than `spark.network.timeout` (120 s), it gives the executor up before that: its tasks have
    failed, its blocks are gone, and the cluster manager is asked to kill and replace it (HeartbeatReceiver).
    """

    executor: str | int
    at: float | Moment
    duration: float | None = None

    def __post_init__(self) -> None:
        _check(self)

    def begin(self, victim: Victim) -> Undo:
        return victim.break_connection(str(self.executor), f"NetworkPartition({str(self.executor)!r})")


@dataclass(frozen=True)
class SourceOutage(SuddenFault):
    """A source is away for `duration` seconds: it hangs up, and refuses connections.

    `source` is its address, such as "localhost:9999". What a plain socket server would have sent meanwhile is lost; a
    queue or a log keeps it. It is there again also for a driver that starts later. Raises `IllegalArgumentError` for
    a duration that is not positive.
    """

    source: str
    at: float | Moment
    duration: float

    def __post_init__(self) -> None:
        _check(self)

    def happen(self, victim: Victim) -> None:
        until_ms = victim.clock.now_ms + self.duration * 1000
        victim.take_source_down(self.source, f"SourceOutage({self.source!r})", until_ms)

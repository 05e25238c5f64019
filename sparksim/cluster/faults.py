"""Faults are values: what breaks, and when.

The simulation gives them to the cluster; no engine class has a flag for them. `at` is a moment: a number of seconds, or
a step of a batch or a record, or a seeded rate (`moments.py`). Here are the faults that end or fail something at once;
those that last a while are in `lasting_faults.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol

import simpy

from sparksim.cluster.moments import AtSecond, Moment, Surroundings, moment
from sparksim.core.arguments import is_count, is_number
from sparksim.core.errors import IllegalArgumentError

Undo = Callable[[], None]
"""Ends what a fault did."""


class Victim(Surroundings, Protocol):
    """What a fault may do to a cluster."""

    def has_struck(self, fault: Fault) -> bool:
        """Whether this fault, which strikes once, has struck in this run."""

    def note_struck(self, fault: Fault) -> None:
        """It strikes now, and never again."""

    def crash_executor(self, target: str, fault: str, restart_after_ms: float | None) -> None:
        """Kill the process of the executor that `target` means now; another one registers after `restart_after_ms`."""

    def crash_driver(self, fault: str, restart_after_ms: float | None) -> None:
        """End the driver's process, and the executors; the program starts again after `restart_after_ms`."""

    def crash_receiver(self, stream_id: int, fault: str, restarts: bool) -> None:
        """The receiver of this stream fails where it runs."""

    def fail_tasks(self, partition: int | None, times: int) -> None:
        """A task of a batch raises, and its next `times - 1` attempts too."""

    def slow_down(self, target: str, fault: str, factor: float, disk: bool) -> Undo:
        """Work of an executor, or only what it writes to disk, takes `factor` times as long until it is undone."""

    def delay_messages(self, target: str, fault: str, delay_ms: float) -> Undo:
        """Messages between an executor and the driver take longer until it is undone."""

    def break_connection(self, target: str, fault: str) -> Undo:
        """Messages between an executor and the driver do not arrive until it is undone."""

    def take_source_down(self, source: str, fault: str, until_ms: float) -> None:
        """The server at this address hangs up and refuses connections until then."""

    def crash_broker(self, crash: BrokerCrash, fault: str, at_ms: float | None) -> None:
        """A broker's process dies now, or at this time, whoever lives then."""


class Fault(Protocol):
    """Something that will go wrong at a moment of the run."""

    @property
    def at(self) -> float | Moment:
        """When: seconds from the start, or a moment."""

    def strike(self, victim: Victim) -> Generator[simpy.Event, Any, None]:
        """The process that waits for the moment and does the damage."""


class SuddenFault:
    """A fault that happens in one instant: each time its moment comes, `happen` is called."""

    at: float | Moment

    def strike(self, victim: Victim) -> Generator[simpy.Event, Any, None]:
        """Wait for each occurrence of the moment; then do the damage."""
        when = moment(type(self).__name__, self.at)
        if when.once and victim.has_struck(self):
            return
        for come in when.occurrences(victim):
            yield come
            if when.once:
                victim.note_struck(self)
            self.happen(victim)

    def happen(self, victim: Victim) -> None:
        """Do the damage now."""
        raise NotImplementedError


@dataclass(frozen=True)
class ExecutorCrash(SuddenFault):
    """The process of an executor dies: with its tasks, its blocks, its receiver and its shuffle files.

    `executor` is an executor's id (such as "2"), "receiver" (the executor that runs the first receiver at that moment),
    "other" (the first one without a receiver) or "random". `at` is in seconds of virtual time, or a moment. With
    `restart_after` (seconds after the driver noticed) the cluster manager starts a replacement under a new id, as
    standalone mode and YARN do; without it the executor stays away. Raises `IllegalArgumentError` for times that are
    not numbers, 0 or more.
    """

    executor: str | int
    at: float | Moment
    restart_after: float | None = None

    def __post_init__(self) -> None:
        moment("ExecutorCrash", self.at)
        if self.restart_after is not None and not is_number(self.restart_after):
            raise IllegalArgumentError(
                f"ExecutorCrash(restart_after={self.restart_after!r}): give the seconds until the replacement, 0 or "
                "more, or None for no replacement"
            )

    def happen(self, victim: Victim) -> None:
        restart_ms = None if self.restart_after is None else self.restart_after * 1000
        victim.crash_executor(str(self.executor), f"ExecutorCrash({str(self.executor)!r})", restart_ms)


@dataclass(frozen=True)
class BrokerCrash(SuddenFault):
    """The process of a broker of a simulated Kafka cluster dies; its log stays on its disk.

    `broker` is a broker's number, from 0, or "leader of TOPIC/PARTITION" (whoever leads it at that moment). `at` is in
    seconds of virtual time, or a moment; seconds come also while no driver lives. With `restart_after` (seconds) it
    starts again. `cluster` is the cluster's address, which may be left out if there is only one. Raises
    `IllegalArgumentError` for times that are not numbers, 0 or more, and for what cannot be a broker.
    """

    broker: int | str
    at: float | Moment
    restart_after: float | None = None
    cluster: str | None = None

    def __post_init__(self) -> None:
        moment("BrokerCrash", self.at)
        if not is_count(self.broker, least=0) and not str(self.broker).startswith("leader of "):
            raise IllegalArgumentError(
                f"BrokerCrash(broker={self.broker!r}): give a broker's number, from 0, or 'leader of TOPIC/PARTITION'"
            )
        if self.restart_after is not None and not is_number(self.restart_after):
            raise IllegalArgumentError(
                f"BrokerCrash(restart_after={self.restart_after!r}): give the seconds until the broker starts again, 0 "
                "or more, or None for never"
            )

    def strike(self, victim: Victim) -> Generator[simpy.Event, Any, None]:
        """Tell the cluster when it will happen, if that is known; else wait for the moment."""
        when = moment("BrokerCrash", self.at)
        if not isinstance(when, AtSecond):
            yield from super().strike(victim)
        elif not victim.has_struck(self):
            victim.note_struck(self)
            victim.crash_broker(self, self._name, when.seconds * 1000)

    def happen(self, victim: Victim) -> None:
        victim.crash_broker(self, self._name, None)

    @property
    def _name(self) -> str:
        return f"BrokerCrash({self.broker!r})"


@dataclass(frozen=True)
class DriverCrash(SuddenFault):
    """The process of the driver dies, and the executors die with it; so does everything in their memory.

    `at` is in seconds of virtual time, or a moment. With `restart_after` (seconds) something outside starts the program
    again from its first line, as `spark-submit --supervise` or YARN do; what it then knows, it knows from files: see
    `StreamingContext.getOrCreate`. Raises `IllegalArgumentError` for times that are not numbers, 0 or more.
    """

    at: float | Moment
    restart_after: float | None = None

    def __post_init__(self) -> None:
        moment("DriverCrash", self.at)
        if self.restart_after is not None and not is_number(self.restart_after):
            raise IllegalArgumentError(
                f"DriverCrash(restart_after={self.restart_after!r}): give the seconds until the program starts again, "
                "0 or more, or None for never"
            )

    def happen(self, victim: Victim) -> None:
        victim.crash_driver("DriverCrash()", None if self.restart_after is None else self.restart_after * 1000)


@dataclass(frozen=True)
class ReceiverCrash(SuddenFault):
    """A receiver fails with an exception; its executor and what it has stored stay.

    `stream` is the number of its input stream, from 0. With `restarts`, it does what Spark's own receivers do on an
    error: it asks to be started again, on the same executor, after `spark.streaming.receiverRestartDelay`
    (ReceiverSupervisor.restartReceiver). Without it, its task fails, and the driver finds a place for it at once
    (ReceiverTracker.RestartReceiver). Raises `IllegalArgumentError` for a stream that is not a number from 0.
    """

    at: float | Moment
    stream: int = 0
    restarts: bool = True

    def __post_init__(self) -> None:
        moment("ReceiverCrash", self.at)
        if not is_count(self.stream, least=0):
            raise IllegalArgumentError(f"ReceiverCrash(stream={self.stream!r}): input streams are counted from 0")

    def happen(self, victim: Victim) -> None:
        victim.crash_receiver(self.stream, f"ReceiverCrash({self.stream})", self.restarts)


@dataclass(frozen=True)
class TaskFailure(SuddenFault):
    """A task of a batch raises an exception in the midst of its work; what it has written is written.

    It strikes the running task of the lowest partition, or of `partition`; if there is none, the next that starts. With
    `times`, the next attempts of the same task raise as soon as they begin: with `spark.task.maxFailures` of them the
    job is aborted (TaskSetManager.handleFailedTask). Raises `IllegalArgumentError` for numbers that are no counts.
    """

    at: float | Moment
    partition: int | None = None
    times: int = 1

    def __post_init__(self) -> None:
        moment("TaskFailure", self.at)
        if self.partition is not None and not is_count(self.partition, least=0):
            raise IllegalArgumentError(f"TaskFailure(partition={self.partition!r}): partitions are counted from 0")
        if not is_count(self.times):
            raise IllegalArgumentError(f"TaskFailure(times={self.times!r}): give the number of failures, 1 or more")

    def happen(self, victim: Victim) -> None:
        victim.fail_tasks(self.partition, self.times)

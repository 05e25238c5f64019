"""The small interface that hides what kind of time a run lives in.

The engine is a set of simpy processes. They are driven in one place, the *hub*; engine state changes only there. User
code blocks (`rdd.count()` waits for a job), so it runs on *fibers* beside the hub: greenlets in virtual time
(`virtual_clock.py`), threads in live time (`live_clock.py`). No other module asks which of the two it is.
"""

from __future__ import annotations

import datetime as dt
import gc
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import simpy
from simpy.events import URGENT

T = TypeVar("T")

YOUNG_OBJECTS = 100_000
"""How many new objects the garbage collector waits for while virtual time is driven; Python's own number is 700."""

STOPPED = "The SparkContext was stopped while this call was waiting."


class Timeline(simpy.Environment):
    """simpy's environment, which may also step forward over a stretch of time in which nothing is due."""

    def __init__(self, initial_time: float = 0.0) -> None:
        super().__init__(float(initial_time))  # a time that began as a whole number would stay one

    def advance(self, to_ms: float) -> None:
        """Move `now` to `to_ms`. Raises `ValueError` when something is due before it."""
        if not self._now <= to_ms <= self.peek():
            raise ValueError(f"cannot step from {self._now} to {to_ms} ms: something is due at {self.peek()} ms")
        self._now = float(to_ms)

    def after(self, delay_ms: float, action: Callable[..., None], *args: Any) -> None:
        """Call `action(*args)` after a while: when a process that was started now, and waits so long, would."""

        def begin(_event: simpy.Event) -> None:
            simpy.Timeout(self, delay_ms).callbacks.append(lambda _timeout: action(*args))

        start = simpy.Event(self)
        start._ok, start._value = True, None
        start.callbacks.append(begin)
        self.schedule(start, URGENT)

    def skip(self, ms: float, limit_ms: float) -> bool:
        """Let `ms` pass at once if nothing is due meanwhile and `limit_ms` is not passed; whether that was so."""
        to_ms = self._now + ms
        if to_ms > limit_ms or (self._queue and self._queue[0][0] <= to_ms):
            return False
        self._now = to_ms
        return True


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let the garbage collector look less often for a while: what a simulation makes, its trace above all, stays."""
    young, *older = gc.get_threshold()
    if young > 0:
        gc.set_threshold(max(young, YOUNG_OBJECTS), *older)
    try:
        yield
    finally:
        gc.set_threshold(young, *older)


class Killed(BaseException):
    """Raised inside a fiber whose executor died or whose task was cancelled; not for user code to catch."""


class TimeLimitReached(BaseException):
    """The main program waited past the last moment of the simulation; it ends here."""


class DriverCrashed(BaseException):
    """The process of the program dies here and now; another one starts at `restart_ms`, if that is not None."""

    def __init__(self, restart_ms: float | None) -> None:
        super().__init__("the driver crashed")
        self.restart_ms = restart_ms


class FiberKilled(Exception):
    """How `Fiber.done` reports a fiber that was killed; `cause` is what struck it."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Fiber:
    """One piece of blocking code on its way.

    `done` is a simpy event: it succeeds with the code's result, or fails with what it raised (already defused, so a
    failure nobody waits for does not stop the run). `killed` is the cause, once it is set nothing else is the outcome.
    `slowness`: how many times as long as elsewhere its work takes.
    """

    def __init__(self, env: simpy.Environment, name: str) -> None:
        self.name = name
        self.done = simpy.Event(env)
        self.killed: BaseException | None = None
        self.slowness = 1.0

    def finish(self, result: Any, error: BaseException | None) -> None:
        """Settle `done`. Called once, in the hub."""
        error = self.killed or error
        if error is None:
            self.done.succeed(result)
        else:
            self.done.fail(error if isinstance(error, Exception) else FiberKilled(error))
            self.done.defused = True


class Clock(ABC):
    """Time, and the ways of code that blocks to meet it. All times are milliseconds."""

    env: Timeline
    _exact_ms = _rounded_ms = 0.0
    """The moment that was asked for last: rounding is slow, and everybody asks."""

    @property
    def now_ms(self) -> float:
        """The present in ms (virtual, or since the epoch), to the microsecond."""
        exact_ms = self.env._now
        if exact_ms != self._exact_ms:
            self._exact_ms, self._rounded_ms = exact_ms, round(exact_ms, 3)
        return self._rounded_ms

    @abstractmethod
    def spawn(self, name: str, fn: Callable[..., Any], *args: Any) -> Fiber:
        """Start `fn(*args)` on a new fiber, with a copy of the caller's context variables."""

    @abstractmethod
    def call(self, fn: Callable[..., T], *args: Any) -> T:
        """Run `fn(*args)` in the hub, with the caller's context variables, and return its result. From anywhere."""

    @abstractmethod
    def wait(self, event: simpy.Event) -> Any:
        """Block until `event` was processed; its value, or its failure raised. From a fiber or the main program."""

    @abstractmethod
    def sleep(self, ms: float) -> None:
        """Let `ms` pass; a moment that is over is not waited for. From a fiber or the main program."""

    @abstractmethod
    def charge(self, ms: float) -> None:
        """Let modelled work take its time at the fiber's pace: `sleep` in virtual time, nothing in live time."""

    @abstractmethod
    def kill(self, fiber: Fiber, cause: BaseException) -> None:
        """Raise `cause` in the fiber at the call of the clock where it stands, or at its next one. Hub only.

        From then on every call of the clock raises it, and the fiber's outcome is `cause`, whatever it makes of it.
        """

    def crash(self, cause: DriverCrashed) -> None:
        """Go no further: whoever waits in the main program, or calls from now on, gets `cause` raised. Hub only."""
        raise NotImplementedError("a live driver is crashed from outside: kill -9")

    @abstractmethod
    def current(self) -> Fiber | None:
        """The fiber that is running now, or None in the hub and the main program."""

    @abstractmethod
    def datetime(self, time_ms: float) -> dt.datetime:
        """The moment as PySpark shows it: local time when live, UTC from 1970 in a simulation."""

    @abstractmethod
    def time_ms(self, moment: dt.datetime) -> int:
        """The inverse of `datetime`, in whole ms."""

    @abstractmethod
    def stop(self) -> None:
        """Drive no further: calls that wait, or come to wait, raise."""

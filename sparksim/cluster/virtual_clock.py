"""Virtual time: fibers are greenlets, and whoever waits outside a fiber drives the simulation.

When a fiber sleeps and nothing else is due before it would wake, time simply steps forward: no event, no switch. So an
undisturbed stretch of work costs almost nothing, and yet any event that falls into it (a crash, a block tick) finds the
fiber exactly at the record it had reached.
"""

from __future__ import annotations

import contextvars
import datetime as dt
import threading
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import Any, TypeVar

import greenlet
import simpy
from simpy.events import URGENT

from sparksim.cluster.clock import STOPPED, Clock, DriverCrashed, Fiber, TimeLimitReached, Timeline, rare_collections
from sparksim.core.errors import SparkException

T = TypeVar("T")

EPOCH = dt.datetime(1970, 1, 1)


class VirtualFiber(Fiber):
    """A greenlet's work. `blocked_on` is the event that will resume it; None while it runs, and once it is over.

    `body` is the greenlet, from the fiber's start on. `nap` is the event of its start and of all its sleeps, one after
    the other: a simulation sleeps once per record.
    """

    def __init__(self, clock: VirtualClock, name: str, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        super().__init__(clock.env, name)
        self.clock = clock
        self.blocked_on: simpy.Event | None = None
        self.nap = simpy.Event(clock.env)
        self.nap._ok, self.nap._value = True, None
        self.body: greenlet.greenlet | None = None
        self._work = fn, args
        self._context = contextvars.copy_context()

    def wake_soon(self) -> None:
        """Go on at once, before everything else that is due now."""
        nap = self.blocked_on = self.nap
        nap.callbacks = [self.resume]
        self.clock.env.schedule(nap, URGENT)

    def run(self) -> None:
        """All of its work, in a greenlet."""
        fn, args = self._work
        try:
            result, error = fn(*args), None
        except (KeyboardInterrupt, greenlet.GreenletExit):
            raise  # the user ends the program, or the garbage collector a fiber of a clock that nobody drives any more
        except BaseException as raised:
            result, error = None, raised
        self.finish(result, error)

    def resume(self, _event: simpy.Event) -> None:
        """Go on with the fiber until it blocks again. The callback of the one event it waits for."""
        clock, body = self.clock, self.body
        self.blocked_on = None
        if body is None:
            if self.killed is not None:  # it never started, and never will
                clock._alive.pop(self, None)
                self.finish(None, None)
                return
            body = self.body = clock._idle.pop() if clock._idle else _new_body()
            body.gr_context = self._context
        body.parent = clock.driver
        before, clock.running = clock.running, self
        try:
            body.switch(self)  # `VirtualClock._block` raises the cause in a fiber that was killed
        finally:
            clock.running = before
            if self.done.triggered:
                clock._alive.pop(self, None)
                body.gr_context = None
                clock._idle.append(body)


def _new_body() -> greenlet.greenlet:
    """A greenlet that does one fiber's work after the other's: to make one takes longer than most fibers."""

    def work() -> None:
        while True:
            hub = greenlet.getcurrent().parent
            assert hub is not None
            fiber = hub.switch()
            fiber.run()
            del fiber  # nobody can see what a greenlet that stands still holds: it must not keep its clock alive

    body = greenlet.greenlet(work)
    body.switch()
    return body


class VirtualClock(Clock):
    """Simulated milliseconds, driven by the thread that made it. `limit_ms` is the last moment simulated.

    After a `crash` it goes no further: whoever waits, or calls, gets the crash raised.
    """

    def __init__(self, start_ms: float = 0.0) -> None:
        self.env = Timeline(start_ms)
        self._crashed: DriverCrashed | None = None
        self.limit_ms: float = inf
        self.running: VirtualFiber | None = None
        self.driver = greenlet.getcurrent()
        self._thread = threading.get_ident()
        self._stopped = False
        self._alive: dict[VirtualFiber, None] = {}
        self._idle: list[greenlet.greenlet] = []

    def spawn(self, name: str, fn: Callable[..., Any], *args: Any) -> Fiber:
        fiber = VirtualFiber(self, name, fn, args)
        self._alive[fiber] = None
        fiber.wake_soon()
        return fiber

    def call(self, fn: Callable[..., T], *args: Any) -> T:
        fiber = self._caller()
        self.running = None
        try:
            result = fn(*args)
        finally:
            self.running = fiber
        if fiber is not None and fiber.killed is not None:
            raise fiber.killed
        return result

    def wait(self, event: simpy.Event) -> Any:
        fiber = self._caller()
        if fiber is None:
            self._drive_until(event)
        elif not event.processed:
            # Others may wait for the same event at the same moment: wake by an event of our own, so that this fiber
            # cannot step time forward before they had their turn.
            def relay(_event: simpy.Event) -> None:
                if fiber.blocked_on is event:
                    fiber.wake_soon()

            event.callbacks.append(relay)
            fiber.blocked_on = event
            self._block(fiber)
        if not event.ok:
            event.defused = True
            assert isinstance(event.value, BaseException)
            raise event.value
        return event.value

    def sleep(self, ms: float) -> None:
        ms = max(ms, 0)  # time does not go back
        fiber = self.running
        if fiber is None:
            self.wait(self.env.timeout(ms))
        elif fiber.killed is not None:
            raise fiber.killed
        elif not self.env.skip(ms, self.limit_ms):
            nap = fiber.blocked_on = fiber.nap
            nap.callbacks = [fiber.resume]
            self.env.schedule(nap, delay=ms)
            self._block(fiber)

    def charge(self, ms: float) -> None:
        if ms > 0:
            self.sleep(ms if self.running is None else ms * self.running.slowness)

    def kill(self, fiber: Fiber, cause: BaseException) -> None:
        assert isinstance(fiber, VirtualFiber)
        if fiber.done.triggered or fiber.killed is not None:
            return
        fiber.killed = cause
        blocked_on = fiber.blocked_on
        if blocked_on is None:
            return  # it is running, and meets `killed` at its next call
        if not blocked_on.processed and fiber.resume in blocked_on.callbacks:
            blocked_on.callbacks.remove(fiber.resume)
        fiber.nap = simpy.Event(self.env)  # the old one may still be due, and then wakes nobody
        fiber.nap._ok, fiber.nap._value = True, None
        fiber.wake_soon()

    def crash(self, cause: DriverCrashed) -> None:
        self._crashed = cause

    def current(self) -> Fiber | None:
        return self.running

    def datetime(self, time_ms: float) -> dt.datetime:
        return EPOCH + dt.timedelta(milliseconds=time_ms)

    def time_ms(self, moment: dt.datetime) -> int:
        return (moment - EPOCH) // dt.timedelta(milliseconds=1)

    def run_until(self, time_ms: float) -> None:
        """Drive everything that is due up to `time_ms` (included) and leave the clock there. From the main program."""
        self.limit_ms = time_ms
        self.driver = greenlet.getcurrent()
        env = self.env
        queue = env._queue
        with rare_collections():
            while queue and queue[0][0] <= time_ms:
                env.step()
                if self._crashed is not None:
                    raise self._crashed
        self.env.advance(max(time_ms, self.env.now))

    def stop(self) -> None:
        self._stopped = True

    def bury(self) -> None:
        """Nobody will drive this clock any more: end what is left of its fibers, and free what they hold.

        The garbage collector cannot see into a fiber that stands still. What unwinds can do nothing on this clock.
        """
        self._crashed = self._crashed or DriverCrashed(None)
        self.driver = greenlet.getcurrent()
        for body in [*[fiber.body for fiber in self._alive if fiber.body is not None], *self._idle]:
            body.parent = self.driver
            with suppress(BaseException):
                body.throw(greenlet.GreenletExit)
        self._alive.clear()
        self._idle.clear()

    def _block(self, fiber: VirtualFiber) -> None:
        self.driver.switch()
        if fiber.killed is not None:
            raise fiber.killed

    def _caller(self) -> VirtualFiber | None:
        """The fiber that calls, or None for the main program. Raises when it must not go on."""
        if threading.get_ident() != self._thread:
            raise SparkException(
                "A simulated cluster belongs to the thread that made it, and this call comes from another one. "
                "Start several jobs at once from several output operations, or run the program on local[2]."
            )
        if self._crashed is not None:
            raise self._crashed
        fiber = self.running
        if fiber is not None and fiber.killed is not None:
            raise fiber.killed
        return fiber

    def _drive_until(self, event: simpy.Event) -> None:
        env = self.env
        self.driver = greenlet.getcurrent()
        with rare_collections():
            while not event.processed:
                due_ms = env.peek()
                if self._stopped:
                    raise SparkException(STOPPED)
                if due_ms == inf:
                    raise SparkException(
                        "The simulation stands still: the program waits for something that can never happen, for "
                        "example a job while every executor is gone, or awaitTermination() with nothing left to do."
                    )
                if due_ms > self.limit_ms:
                    env.advance(max(self.limit_ms, env.now))
                    raise TimeLimitReached(f"the simulation ends at {self.limit_ms / 1000:g} s")
                env.step()
                if self._crashed is not None:
                    raise self._crashed

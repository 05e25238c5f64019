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
from functools import partial
from math import inf
from typing import Any, TypeVar

import greenlet
import simpy
from simpy.events import NORMAL, URGENT

from sparksim.cluster.clock import STOPPED, Clock, DriverCrashed, Fiber, TimeLimitReached, Timeline, rare_collections
from sparksim.core.errors import SparkException

T = TypeVar("T")

EPOCH = dt.datetime(1970, 1, 1)


class VirtualFiber(Fiber):
    """A greenlet's work. `blocked_on` is the event that will resume it; None while it runs, and once it is over.

    `body` is the greenlet, from the fiber's first step on. `nap` is the event of its start and of all its sleeps, one
    after the other: a simulation sleeps once per record.
    """

    def __init__(self, clock: VirtualClock, name: str, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        super().__init__(clock.env, name)
        self.clock = clock
        self.blocked_on: simpy.Event | None = None
        self.nap = simpy.Event(clock.env)
        self.nap._ok, self.nap._value = True, None
        self.body: greenlet.greenlet | None = None
        self._work: partial[Any] | None = partial(fn, *args)
        self._context = contextvars.copy_context()

    def wake_soon(self) -> None:
        """Go on at once, before everything else that is due now."""
        nap = self.blocked_on = self.nap
        nap.callbacks = [self.resume]
        self.clock.env.schedule(nap, URGENT)

    def hear(self, event: simpy.Event) -> None:
        """The event that the fiber waits for has come.

        Others may wait for the same one at the same moment: the fiber goes on by an event of its own, so that it cannot
        step time forward before they had their turn.
        """
        if self.blocked_on is event:
            self.wake_soon()

    def run(self) -> None:
        """All of its work, in a greenlet."""
        work, self._work = self._work, None  # often it knows this fiber: no cycle shall outlive it
        assert work is not None
        try:
            if self.killed is not None:  # before it started
                raise self.killed
            result, error = self._context.run(work), None
        except (KeyboardInterrupt, greenlet.GreenletExit):
            raise  # the user ends the program, or the garbage collector a fiber of a clock that nobody drives any more
        except BaseException as raised:
            result, error = None, raised
        self.finish(result, error)

    def resume(self, _event: simpy.Event) -> None:
        """Go on with the fiber until it blocks again. The callback of the one event it waits for."""
        clock = self.clock
        self.blocked_on = None
        body = clock._give_body(self) if self.body is None else self.body
        body.parent = clock.driver
        clock.running = self
        try:
            body.switch(self)  # in a fiber that was killed, the call of the clock where it stands raises the cause
        finally:
            clock.running = None


def _work_on() -> None:
    """What a greenlet does: one fiber's work after the other's. To make a greenlet takes longer than most fibers."""
    while True:
        hub = greenlet.getcurrent().parent
        assert hub is not None
        fiber = hub.switch()
        fiber.run()
        fiber.clock._take_body(fiber)
        del fiber  # nobody can see what a greenlet that stands still holds: it must not keep its clock alive


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
            event.callbacks.append(fiber.hear)
            fiber.blocked_on = event
            self.driver.switch()
            if fiber.killed is not None:
                raise fiber.killed
        value = event.value
        if not event.ok:
            event.defused = True
            assert isinstance(value, BaseException)
            raise value
        return value

    def sleep(self, ms: float) -> None:
        ms = max(ms, 0)  # time does not go back
        if self.running is None:
            self.wait(self.env.timeout(ms))
        else:
            self._nap(self.running, ms)

    def charge(self, ms: float) -> None:
        if ms > 0:
            fiber = self.running
            if fiber is None:
                self.sleep(ms)
            else:
                self._nap(fiber, ms * fiber.slowness)

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
        self._drive()
        self.env.advance(max(time_ms, self.env.now))

    def stop(self) -> None:
        self._stopped = True

    def bury(self) -> None:
        """Nobody will drive this clock any more: end what is left of its fibers, and free what they hold.

        The garbage collector cannot see into a fiber that stands still. What unwinds can do nothing on this clock.
        """
        self._crashed = self._crashed or DriverCrashed(None)
        self.driver = greenlet.getcurrent()
        for body in [*[fiber.body for fiber in self._alive], *self._idle]:
            assert body is not None
            body.parent = self.driver
            with suppress(BaseException):
                body.throw(greenlet.GreenletExit)
        self._alive.clear()
        self._idle.clear()

    def _give_body(self, fiber: VirtualFiber) -> greenlet.greenlet:
        self._alive[fiber] = None
        if self._idle:
            body = self._idle.pop()
        else:
            body = greenlet.greenlet(_work_on, self.driver)
            body.switch()
        fiber.body = body
        return body

    def _take_body(self, fiber: VirtualFiber) -> None:
        """The fiber is over, and its greenlet may do the work of another one."""
        del self._alive[fiber]
        assert fiber.body is not None
        self._idle.append(fiber.body)

    def _nap(self, fiber: VirtualFiber, ms: float) -> None:
        if fiber.killed is not None:
            raise fiber.killed
        if not self.env.skip(ms, self.limit_ms):
            nap = fiber.blocked_on = fiber.nap
            nap.callbacks = [fiber.resume]
            self.env.schedule(nap, NORMAL, ms)
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
        self._drive(event)
        if event.processed:
            return
        if self._stopped:
            raise SparkException(STOPPED)
        if self.env.peek() == inf:
            raise SparkException(
                "The simulation stands still: the program waits for something that can never happen, for "
                "example a job while every executor is gone, or awaitTermination() with nothing left to do."
            )
        self.env.advance(max(self.limit_ms, self.env.now))
        raise TimeLimitReached(f"the simulation ends at {self.limit_ms / 1000:g} s")

    def _drive(self, until: simpy.Event | None = None) -> None:
        """Handle what is due, in order, up to the last moment, until `until` was handled, or until we are stopped."""
        self.driver = greenlet.getcurrent()
        step, queue, limit_ms = self.env.step, self.env._queue, self.limit_ms
        with rare_collections():
            while queue and queue[0][0] <= limit_ms:
                if until is not None and (until.processed or self._stopped):
                    return
                step()
                if self._crashed is not None:
                    raise self._crashed

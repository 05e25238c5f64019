"""Virtual time: fibers are greenlets, and whoever waits outside a fiber drives the simulation.

When a fiber sleeps and nothing else is due before it would wake, time simply steps forward: no event, no switch. So an
undisturbed stretch of work costs almost nothing, and yet any event that falls into it (a crash, a block tick) finds the
fiber exactly at the record it had reached.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from datetime import datetime, timedelta
from math import inf
from typing import Any, TypeVar

import greenlet
import simpy
from simpy.events import URGENT

from sparksim.cluster.clock import Clock, Fiber, Killed, TimeLimitReached, Timeline
from sparksim.core.errors import SparkException

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1)


class VirtualFiber(Fiber):
    """A greenlet. `wake` is the callback that a pending event holds while the fiber is blocked."""

    def __init__(self, clock: VirtualClock, name: str, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        super().__init__(clock.env, name)
        self.clock = clock
        self.blocked_on: simpy.Event | None = None
        self.body = greenlet.greenlet(lambda: self._run(fn, args))
        self.body.gr_context = contextvars.copy_context()

    def _run(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            result, error = fn(*args), None
        except KeyboardInterrupt:
            raise
        except BaseException as raised:
            result, error = None, raised
        self.finish(result, error)

    def resume(self, _event: simpy.Event) -> None:
        """Go on with the fiber until it blocks again. The callback of the one event it waits for."""
        clock = self.clock
        self.blocked_on = None
        self.body.parent = clock.driver
        before, clock.running = clock.running, self
        try:
            if self.killed is None:
                self.body.switch()
            elif self.body:
                self.body.throw(self.killed)
            else:
                self.body.throw(greenlet.GreenletExit)
                self.finish(None, self.killed)
        finally:
            clock.running = before


class VirtualClock(Clock):
    """Simulated milliseconds from 0. `limit_ms` is the last moment that will be simulated."""

    def __init__(self) -> None:
        self.env = Timeline()
        self.limit_ms: float = inf
        self.running: VirtualFiber | None = None
        self.driver = greenlet.getcurrent()

    def spawn(self, name: str, fn: Callable[..., Any], *args: Any) -> Fiber:
        fiber = VirtualFiber(self, name, fn, args)
        self._wake_with(fiber, self._soon())
        return fiber

    def call(self, fn: Callable[..., T], *args: Any) -> T:
        self._check_alive()
        return fn(*args)

    def wait(self, event: simpy.Event) -> Any:
        self._check_alive()
        fiber = self.running
        if fiber is None:
            self._drive_until(event)
        elif event.callbacks is not None:
            # Others may wait for the same event at the same moment: wake by an event of our own, so that this fiber
            # cannot step time forward before they had their turn.
            def relay(_event: simpy.Event) -> None:
                if fiber.blocked_on is event:
                    self._wake_with(fiber, self._soon())

            event.callbacks.append(relay)
            fiber.blocked_on = event
            self._switch_to_driver()
        if not event.ok:
            event.defused = True
            raise event.value
        return event.value

    def sleep(self, ms: float) -> None:
        env = self.env
        fiber = self.running
        if fiber is None:
            self.wait(env.timeout(ms))
            return
        if fiber.killed is not None:
            raise fiber.killed
        wake_ms = env.now + ms
        if wake_ms < env.peek() and wake_ms <= self.limit_ms:
            env._now = wake_ms
            return
        self._wake_with(fiber, env.timeout(ms))
        self._switch_to_driver()

    def charge(self, ms: float) -> None:
        if ms > 0:
            self.sleep(ms)

    def kill(self, fiber: Fiber, cause: BaseException) -> None:
        assert isinstance(fiber, VirtualFiber)
        if fiber.done.triggered or fiber.killed is not None:
            return
        fiber.killed = cause
        if fiber is self.running:
            return  # it meets `killed` at its next step
        blocked_on = fiber.blocked_on
        if blocked_on is not None and blocked_on.callbacks is not None and fiber.resume in blocked_on.callbacks:
            blocked_on.callbacks.remove(fiber.resume)
        self._wake_with(fiber, self._soon())

    def current(self) -> Fiber | None:
        return self.running

    def datetime(self, time_ms: float) -> datetime:
        return EPOCH + timedelta(milliseconds=time_ms)

    def time_ms(self, moment: datetime) -> int:
        return int((moment - EPOCH).total_seconds() * 1000)

    def run_until(self, time_ms: float) -> None:
        """Drive everything that is due up to `time_ms` (included) and leave the clock there."""
        self.limit_ms = time_ms
        self.driver = greenlet.getcurrent()
        while self.env.peek() <= time_ms:
            self.env.step()
        self.env.advance(max(time_ms, self.env.now))

    def stop(self) -> None:
        self.limit_ms = self.env.now

    def _soon(self) -> simpy.Event:
        event = simpy.Event(self.env)
        event._ok, event._value = True, None
        self.env.schedule(event, URGENT)
        return event

    def _wake_with(self, fiber: VirtualFiber, event: simpy.Event) -> None:
        assert event.callbacks is not None
        event.callbacks.append(fiber.resume)
        fiber.blocked_on = event

    def _switch_to_driver(self) -> None:
        fiber = self.running
        self.driver.switch()
        assert fiber is not None
        if fiber.killed is not None:
            raise fiber.killed

    def _check_alive(self) -> None:
        if self.running is not None and self.running.killed is not None:
            raise self.running.killed

    def _drive_until(self, event: simpy.Event) -> None:
        env = self.env
        self.driver = greenlet.getcurrent()
        while event.callbacks is not None:
            due_ms = env.peek()
            if due_ms == inf:
                raise SparkException(
                    "The simulation stands still: the program waits for something that can never happen, for example a "
                    "job while every executor is gone, or awaitTermination() with nothing left to do."
                )
            if due_ms > self.limit_ms:
                env.advance(max(self.limit_ms, env.now))
                raise TimeLimitReached(f"the simulation ends at {self.limit_ms / 1000:g} s")
            env.step()


__all__ = ["Killed", "VirtualClock", "VirtualFiber"]

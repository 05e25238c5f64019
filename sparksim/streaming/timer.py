"""A timer that never skips a tick (Spark: RecurringTimer).

It calls back at every multiple of its period. If it is late, the overdue ticks follow one another at once. A gentle
stop lets the pending tick and one more go by, which is why a graceful stop can make up to two more batches.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy

from sparksim.cluster.clock import Clock
from sparksim.streaming.times import restart_time_ms, start_time_ms

Callback = Callable[[int], Generator[simpy.Event, Any, None] | None]
"""What a tick does. It may be a simpy process; the timer then waits for it, as Spark's timer thread is held up."""


class RecurringTimer:
    """Ticks of one component. `callback(tick_ms)` is called in the hub."""

    def __init__(self, clock: Clock, period_ms: int, callback: Callback) -> None:
        self._clock = clock
        self._callback = callback
        self.period_ms = period_ms
        self.last_tick_ms = -1
        self._next_ms = 0
        self._started = False
        self._stopped = False
        self._interrupt: simpy.Event = clock.env.event()
        assert self._interrupt.callbacks is not None
        self._interrupt.callbacks.append(self._wake)
        self._woken: simpy.Event | None = None
        self.ended: simpy.Event = clock.env.event()

    def next_start_ms(self) -> int:
        """When a timer that is started now would tick first."""
        return start_time_ms(self._clock.now_ms, self.period_ms)

    def next_restart_ms(self, zero_ms: int) -> int:
        """When a timer that goes on with the grid of `zero_ms` would tick first."""
        return restart_time_ms(self._clock.now_ms, self.period_ms, zero_ms)

    def start(self, first_ms: int) -> None:
        """Tick at `first_ms` and every period from then on. Hub only."""
        self._next_ms = first_ms
        self._started = True
        self._clock.env.process(self._run())

    def stop(self, interrupt: bool) -> simpy.Event:
        """End the timer: at once when interrupted, else after the pending tick and one more. Hub only.

        The event fires when it has ended, with the last tick in ms (-1 if there was none).
        """
        self._stopped = True
        if interrupt and not self._interrupt.triggered:
            self._interrupt.succeed()
        if not self._started and not self.ended.triggered:
            self.ended.succeed(self.last_tick_ms)
        return self.ended

    def _run(self) -> Generator[simpy.Event, Any, None]:
        while not self._stopped:
            yield from self._tick()
        yield from self._tick()
        self.ended.succeed(self.last_tick_ms)

    def _wake(self, _event: simpy.Event) -> None:
        if self._woken is not None and not self._woken.triggered:
            self._woken.succeed()

    def _tick(self) -> Generator[simpy.Event, Any, None]:
        env = self._clock.env
        if env.now < self._next_ms and not self._interrupt.triggered:
            # As `timeout | interrupt`, but a run has millions of ticks, and such a condition is costly to build.
            timeout = simpy.Timeout(env, self._next_ms - env.now)
            timeout.callbacks.append(self._wake)
            self._woken = simpy.Event(env)
            yield self._woken
            self._woken = None
        if self._interrupt.triggered:
            return
        tick_ms, self._next_ms = self._next_ms, self._next_ms + self.period_ms
        work = self._callback(tick_ms)
        self.last_tick_ms = tick_ms
        if work is not None:
            yield from work

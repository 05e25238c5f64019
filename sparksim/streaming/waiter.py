"""How a program waits for its streaming context to end or to fail (Spark: ContextWaiter)."""

from __future__ import annotations

import simpy

from sparksim.cluster.clock import Clock


class Waiter:
    """Ends once: with the first error that is reported, or when the context has stopped."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._error: BaseException | None = None
        self._ended: simpy.Event = clock.call(clock.env.event)

    def notify_error(self, error: BaseException) -> None:
        """A batch failed: whoever waits hears of it; the application itself goes on. Hub only."""
        if self._error is None:
            self._error = error
        self.notify_stop()

    def notify_stop(self) -> None:
        """The context has stopped. Hub only."""
        if not self._ended.triggered:
            self._ended.succeed()

    def wait(self, timeout_ms: float | None) -> bool:
        """Block until the end, or for `timeout_ms`; whether the end came. Raises the error that was reported."""

        def either() -> simpy.Event:
            if timeout_ms is None or self._ended.processed:
                return self._ended
            return self._ended | self._clock.env.timeout(max(0.0, timeout_ms))

        self._clock.wait(self._clock.call(either))
        if self._error is not None:
            raise self._error
        return self._ended.triggered

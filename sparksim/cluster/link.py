"""The connection between an executor and the driver: how long a message takes, and whether it arrives at all."""

from __future__ import annotations

import simpy

from sparksim.cluster.clock import Clock


class Link:
    """Messages take `delay_ms`; while the connection is broken they wait, as TCP sends again what was not heard.

    `severed_ms`: since when it is broken, or was last.
    """

    def __init__(self) -> None:
        self.delay_ms = 0.0
        self.severed_ms = 0.0
        self._breaks = 0
        self._whole: simpy.Event | None = None

    @property
    def works(self) -> bool:
        """Whether messages get through."""
        return self._whole is None

    def sever(self, env: simpy.Environment) -> None:
        """Nothing gets through until each `sever` has had its `mend`. Hub only."""
        self._breaks += 1
        if self._whole is None:
            self._whole = env.event()
            self.severed_ms = env.now

    def mend(self) -> None:
        """One of the causes is gone; with the last, what waits arrives. Hub only."""
        self._breaks -= 1
        if self._breaks == 0 and self._whole is not None:
            self._whole.succeed()
            self._whole = None

    def cross(self, clock: Clock) -> None:
        """Send a message: returns when it has arrived at the other end. On a fiber."""
        while self._whole is not None:
            clock.wait(self._whole)
        if self.delay_ms > 0:
            clock.charge(self.delay_ms)

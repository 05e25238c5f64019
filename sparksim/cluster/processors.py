"""The processors of a machine, shared by whoever computes on it: with more at work than cores, all get slower alike.

A recorded run puts a driver, its executors and their workers on one small machine. What tasks do beside their own work
then takes the longer the more of them do it at once; a stage of seven tasks on two cores starts three times slower
than each of them alone. A cluster with a core for every task knows nothing of this.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import count

import simpy

from sparksim.cluster.clock import Clock

_ROUNDING_MS = 0.001


class Processors:
    """`cores` of one machine, 0 for as many as there is work."""

    def __init__(self, clock: Clock, cores: float) -> None:
        self._clock = clock
        self._cores = cores
        self._done_ms = 0.0
        """How much work each share has got so far."""
        self._counted_ms = 0.0
        self._shares: list[tuple[float, int, simpy.Event]] = []
        self._numbers = count()
        self._alarm = 0

    def charge(self, work_ms: float) -> None:
        """Let `work_ms` of one core pass. On a fiber."""
        if self._cores == 0 or work_ms <= 0:
            self._clock.charge(work_ms)
            return
        over = self._clock.call(self._begin, work_ms)
        try:
            self._clock.wait(over)
        except BaseException:
            # Not by way of the clock, which a killed fiber can ask nothing more. Cores are shared in virtual time only,
            # where one fiber runs at a time.
            self._drop(over)
            raise

    def _begin(self, work_ms: float) -> simpy.Event:
        self._count()
        over = self._clock.env.event()
        heappush(self._shares, (self._done_ms + work_ms, next(self._numbers), over))
        self._set_alarm()
        return over

    def _drop(self, over: simpy.Event) -> None:
        self._count()
        self._shares = [share for share in self._shares if share[2] is not over]
        heapify(self._shares)
        self._set_alarm()

    def _count(self) -> None:
        """Give every share what it got since the last time."""
        now_ms = self._clock.env.now
        self._done_ms += (now_ms - self._counted_ms) * self._speed()
        self._counted_ms = now_ms

    def _speed(self) -> float:
        return min(1.0, self._cores / max(len(self._shares), 1))

    def _set_alarm(self) -> None:
        """Wake when the next share is over; an older alarm rings for nothing."""
        self._alarm += 1
        if self._shares:
            alarm, left_ms = self._alarm, max(self._shares[0][0] - self._done_ms, 0.0)
            ring = self._clock.env.timeout(round(left_ms / self._speed(), 3))
            ring.callbacks.append(lambda _: self._ring(alarm))

    def _ring(self, alarm: int) -> None:
        if alarm != self._alarm:
            return
        self._count()
        # The alarm is in whole microseconds: what is over by then is over now.
        while self._shares and self._shares[0][0] <= self._done_ms + _ROUNDING_MS:
            heappop(self._shares)[2].succeed()
        self._set_alarm()

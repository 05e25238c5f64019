"""What every server of the simulated network is: an address, a load, and whether it is up.

A server that is down has closed its connections and refuses new ones, until a moment or until it is told to come back.
Its load goes on meanwhile; what becomes of the records that are due then is the business of each kind of server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import Any

import simpy

from sparksim.cluster.clock import Clock
from sparksim.cluster.network import Connection
from sparksim.trace.events import Event


class Server:
    """One address and its load, counted from 0 by whoever keeps it. A subclass says what it does with the records."""

    def __init__(
        self, clock: Clock, address: str, arrivals: Iterator[tuple[float, Any]], emit: Callable[[Event], None]
    ) -> None:
        self.address = address
        self._clock = clock
        self._arrivals = arrivals
        self._emit = emit
        self._next = next(arrivals, None)
        self._down_until_ms = -inf

    @property
    def next_arrival_ms(self) -> float | None:
        """When the next record is due; None after the last."""
        return None if self._next is None else self._next[0]

    @property
    def is_down(self) -> bool:
        """Whether it refuses everybody now."""
        return self._clock.now_ms < self._down_until_ms

    def go_down(self, until_ms: float = inf) -> None:
        """Close all connections, and refuse new ones until this moment (ms) or until `come_back`. Hub only."""
        self.settle()
        self._hang_up()
        self._down_until_ms = until_ms

    def come_back(self) -> None:
        """Be there again. Hub only; does nothing to a server that is up."""
        self.settle()
        self._down_until_ms = -inf

    def connect(self, stream_id: int) -> Connection:
        """Open a connection now. Raises `ConnectionRefusedError` while the server is down. Hub only."""
        raise NotImplementedError

    def check_up(self) -> None:
        """Raise `ConnectionRefusedError` while the server is down."""
        if self.is_down:
            raise ConnectionRefusedError(f"nobody answers on {self.address}: the source is down")

    def live_by(self, clock: Clock, emit: Callable[[Event], None]) -> None:
        """A new driver is there: its clock says what time it is, and its trace hears what happens."""
        self._clock, self._emit = clock, emit

    def settle(self) -> None:
        """Put on record what has become due since the last time. Hub only."""
        raise NotImplementedError

    def _hang_up(self) -> None:
        """Close all connections."""

    def _due(self) -> Iterator[tuple[float, Any]]:
        """What is due by now and was not given before, with its moment in ms."""
        now_ms = self._clock.now_ms
        while self._next is not None and self._next[0] <= now_ms:
            arrival = self._next
            self._next = next(self._arrivals, None)
            yield arrival


class Pause:
    """A fiber waits on a connection, for a while at most; whoever has news for it ends the wait."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._event: simpy.Event | None = None

    def wait(self, ms: float) -> None:
        """Block for so long, or until `end`; for ever if `ms` is infinite. On a fiber."""
        env = self._clock.env
        event = self._event = simpy.Event(env)
        event._ok, event._value = True, None
        if ms < inf:
            env.schedule(event, delay=ms)
        self._clock.wait(event)
        self._event = None

    def end(self) -> None:
        """Let the fiber that waits go on now. Hub only; nothing happens when none waits."""
        event, self._event = self._event, None
        if event is None or event.callbacks is None:
            return
        waiting, event.callbacks = event.callbacks, []
        for callback in waiting:
            callback(event)


def runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Rising numbers as runs `(first, last)`, both included."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found

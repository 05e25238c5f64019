"""A network in virtual time: servers that send their load to whoever is connected.

A server counts its records from 0. What it sends while nobody is connected is lost, and so is what it had sent and the
receiver had not yet read when a connection broke: each is an event, so that no record disappears without a word.
Several connections to one server share its records in turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import simpy

from sparksim.cluster.clock import Clock
from sparksim.cluster.network import Connection
from sparksim.cluster.seeds import Seeds
from sparksim.cluster.world import SilentNetwork
from sparksim.sim.loads import Load
from sparksim.trace.events import (
    Event,
    Origin,
    RecordsLost,
    RecordsSent,
    SourceConnected,
    SourceDisconnected,
)


class SimulatedServer:
    """One address and its load. Record number k goes to connection k modulo their count, at the moment it is due."""

    def __init__(
        self, clock: Clock, address: str, arrivals: Iterator[tuple[float, Any]], emit: Callable[[Event], None]
    ) -> None:
        self.address = address
        self.connections: list[SimulatedConnection] = []
        self._clock = clock
        self._arrivals = arrivals
        self._emit = emit
        self._next = next(arrivals, None)
        self._sent = 0
        self._announced = 0
        self._unheard: list[int] = []

    @property
    def next_arrival_ms(self) -> float | None:
        """When the next record will be sent; None after the last."""
        return None if self._next is None else self._next[0]

    def live_by(self, clock: Clock, emit: Callable[[Event], None]) -> None:
        """A new driver is there: its clock says what time it is, and its trace hears what happens."""
        self._clock, self._emit = clock, emit
        self.connections = []

    def dispatch(self) -> None:
        """Send everything that is due by now to whoever is connected."""
        now_ms = self._clock.now_ms
        while self._next is not None and self._next[0] <= now_ms:
            number, record = self._sent, self._next[1]
            self._sent += 1
            self._next = next(self._arrivals, None)
            if self.connections:
                self.connections[number % len(self.connections)].unread.append((number, record))
            else:
                self._unheard.append(number)

    def settle(self, stream_id: int | None = None) -> None:
        """Put on record what was sent since the last time, and what of it nobody heard."""
        self.dispatch()
        if self._unheard:
            self.lose(self._unheard, f"sent while no receiver was connected to {self.address}", stream_id)
            self._unheard = []
        if self._sent > self._announced:
            sent = self._sent - self._announced
            self._emit(RecordsSent(self._clock.now_ms, self.address, self._announced, sent))
            self._announced = self._sent

    def lose(self, numbers: Sequence[int], reason: str, stream_id: int | None) -> None:
        """Put on record that these records are gone."""
        origins = tuple((self.address, first, last) for first, last in _ranges(numbers))
        self._emit(RecordsLost(self._clock.now_ms, origins, len(numbers), reason, stream_id, ""))


def _ranges(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Rising numbers as runs `(first, last)`."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


class SimulatedConnection:
    """One end of an open connection (`cluster.network.Connection`). `unread` is what the socket holds."""

    def __init__(self, clock: Clock, server: SimulatedServer, stream_id: int, emit: Callable[[Event], None]) -> None:
        self.closed = False
        self.origin: Origin | None = None
        self.unread: deque[tuple[int, Any]] = deque()
        self._clock = clock
        self._server = server
        self._stream_id = stream_id
        self._emit = emit
        self._hung_up: simpy.Event = clock.env.event()

    def read(self) -> Any:
        """The next record, at the moment it arrives; None once the connection is closed."""
        server, clock = self._server, self._clock
        while not self.closed:
            if not self.unread:
                server.dispatch()
            if self.unread:
                number, record = self.unread.popleft()
                self.origin = (server.address, number, number)
                return record
            due_ms = server.next_arrival_ms
            if due_ms is None:
                clock.wait(self._hung_up)
            else:
                clock.sleep(due_ms - clock.now_ms)
        return None

    def close(self) -> None:
        if self.closed:
            return
        server = self._server
        server.settle()
        self.closed = True
        self._hung_up.succeed()
        server.connections.remove(self)
        self._emit(SourceDisconnected(self._clock.now_ms, server.address, self._stream_id, "connection closed"))
        if self.unread:
            numbers = [number for number, _ in self.unread]
            server.lose(
                numbers, f"sent but not yet read when the connection to {server.address} broke", self._stream_id
            )


class SimulatedNetwork:
    """Servers by address, `"host:port"`."""

    def __init__(self, clock: Clock, seeds: Seeds, emit: Callable[[Event], None], loads: Mapping[str, Load]) -> None:
        self._clock = clock
        self._emit = emit
        self._servers = {
            address: SimulatedServer(clock, address, load.arrivals(seeds.generator(f"source {address}")), emit)
            for address, load in loads.items()
        }

    def connect(self, host: str, port: int, stream_id: int) -> Connection:
        server = self._servers.get(f"{host}:{port}")
        if server is None:
            return SilentNetwork().connect(host, port, stream_id)
        return self._clock.call(self._open, server, stream_id)

    def live_by(self, clock: Clock, emit: Callable[[Event], None]) -> None:
        """A new driver is there; the servers have gone on without it."""
        self._clock, self._emit = clock, emit
        for server in self._servers.values():
            server.live_by(clock, emit)

    def finish(self) -> None:
        """The simulation ends: settle what was sent, and lost, up to now."""
        for server in self._servers.values():
            server.settle()

    def _open(self, server: SimulatedServer, stream_id: int) -> Connection:
        server.settle(stream_id)
        connection = SimulatedConnection(self._clock, server, stream_id, self._emit)
        server.connections.append(connection)
        self._emit(SourceConnected(self._clock.now_ms, server.address, stream_id))
        return connection

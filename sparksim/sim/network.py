"""A network in virtual time: servers that send their load to whoever is connected.

A plain server counts its records from 0. What it sends while nobody is connected, or while it is down, is lost, and so
is what it had sent and the receiver had not yet read when a connection broke: each is an event, so that no record
disappears without a word. Several connections to one server share its records in turn. Servers that keep their records
have modules of their own (`message_queue.py`, `retained_log.py`, `kafka/server.py`); the value at an address says which
one it has.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from math import inf
from typing import Any

from sparksim.cluster.clock import Clock
from sparksim.cluster.faults import BrokerCrash
from sparksim.cluster.network import Connection, RetainedLog
from sparksim.cluster.seeds import Seeds
from sparksim.cluster.world import SilentNetwork
from sparksim.core.counted import count_of
from sparksim.core.errors import IllegalArgumentError
from sparksim.kafka.errors import BrokerNotAvailable
from sparksim.sim.kafka.client import SimulatedKafka
from sparksim.sim.kafka.server import KafkaServer
from sparksim.sim.kafka.values import KafkaCluster
from sparksim.sim.loads import Acknowledged, Load, Retained
from sparksim.sim.message_queue import MessageQueue
from sparksim.sim.retained_log import RetainedLogServer
from sparksim.sim.server import Pause, Server, runs
from sparksim.trace.events import (
    Event,
    Origin,
    RecordsLost,
    RecordsSent,
    SourceConnected,
    SourceDisconnected,
)

Source = Load | KafkaCluster
"""What may stand at an address: what is sent there, or a cluster of brokers."""

NOTICED_MS = 20.0
"""How late, at most, a receiver that waits for a record hears that the server has hung up."""


class SimulatedServer(Server):
    """Record number k goes to connection k modulo their count, at the moment it is due."""

    def __init__(
        self, clock: Clock, address: str, arrivals: Iterator[tuple[float, Any]], emit: Callable[[Event], None]
    ) -> None:
        super().__init__(clock, address, arrivals, emit)
        self.connections: list[SimulatedConnection] = []
        self._sent = 0
        self._announced = 0
        self._unheard: dict[str, list[int]] = {}

    def live_by(self, clock: Clock, emit: Callable[[Event], None]) -> None:
        super().live_by(clock, emit)
        self.connections = []

    def connect(self, stream_id: int) -> SimulatedConnection:
        self.settle(stream_id)
        self.check_up()
        connection = SimulatedConnection(self._clock, self, stream_id, self._emit)
        self.connections.append(connection)
        self._emit(SourceConnected(self._clock.now_ms, self.address, stream_id))
        return connection

    def dispatch(self) -> None:
        """Send everything that is due by now to whoever is connected."""
        now_ms = self._clock.now_ms
        while self._next is not None and self._next[0] <= now_ms:
            number, (due_ms, record) = self._sent, self._next
            count = count_of(record)
            self._sent += count
            self._next = next(self._arrivals, None)
            if self.connections:
                turn = number if count == 1 else number // count
                self.connections[turn % len(self.connections)].unread.append((number, record))
            else:
                reason = f"sent while no receiver was connected to {self.address}"
                if due_ms < self._down_until_ms:
                    reason = "the source was down"
                self._unheard.setdefault(reason, []).extend(range(number, number + count))

    def settle(self, stream_id: int | None = None) -> None:
        """Put on record what was sent since the last time, and what of it nobody heard."""
        self.dispatch()
        for reason, numbers in self._unheard.items():
            self.lose(numbers, reason, stream_id)
        self._unheard.clear()
        if self._sent > self._announced:
            sent = self._sent - self._announced
            self._emit(RecordsSent(self._clock.now_ms, self.address, self._announced, sent))
            self._announced = self._sent

    def _hang_up(self) -> None:
        for connection in tuple(self.connections):
            connection.close()

    def lose(self, numbers: Sequence[int], reason: str, stream_id: int | None) -> None:
        """Put on record that these records are gone."""
        origins = tuple((self.address, first, last) for first, last in runs(numbers))
        self._emit(RecordsLost(self._clock.now_ms, origins, len(numbers), reason, stream_id, ""))


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
        self._pause = Pause(clock)

    def read(self) -> Any:
        """The next record, at the moment it arrives; None once the connection is closed."""
        server, clock = self._server, self._clock
        while not self.closed:
            if not self.unread:
                server.dispatch()
            if self.unread:
                number, record = self.unread.popleft()
                self.origin = (server.address, number, number + count_of(record) - 1)
                return record
            due_ms = server.next_arrival_ms
            wait_ms = inf if due_ms is None else due_ms - clock.now_ms
            if wait_ms > NOTICED_MS:
                self._pause.wait(wait_ms)
            else:
                clock.sleep(wait_ms)  # costs far less than a pause, but `close` does not end it
        return None

    def close(self) -> None:
        if self.closed:
            return
        server = self._server
        server.settle()
        self.closed = True
        self._pause.end()
        server.connections.remove(self)
        self._emit(SourceDisconnected(self._clock.now_ms, server.address, self._stream_id, "connection closed"))
        if self.unread:
            numbers = [each for first, record in self.unread for each in range(first, first + count_of(record))]
            server.lose(
                numbers, f"sent but not yet read when the connection to {server.address} broke", self._stream_id
            )


class SimulatedNetwork:
    """Servers by address, `"host:port"`."""

    def __init__(
        self, clock: Clock, seeds: Seeds, emit: Callable[[Event], None], sources: Mapping[str, Source]
    ) -> None:
        self._clock = clock
        self._sources, self._seeds = sources, seeds
        self._servers: dict[str, Server] = {}
        for address, source in sources.items():
            if isinstance(source, KafkaCluster):
                self._servers[address] = KafkaServer(clock, address, source, seeds, emit)
            else:
                self._servers[address] = _server(clock, address, source, self._arrivals(address, source), emit)
        self._clusters = [server for server in self._servers.values() if isinstance(server, KafkaServer)]

    def server(self, address: str) -> Server:
        """The server at this address. Raises `IllegalArgumentError` for an address at which there is none."""
        if address not in self._servers:
            known = ", ".join(map(repr, self._servers)) or "none at all"
            raise IllegalArgumentError(
                f"address={address!r}: the simulated network has no server there, but {known}; give one of these, or "
                f'give the simulation another: Simulation(..., network={{"{address}": ...}})'
            )
        return self._servers[address]

    def connect(self, host: str, port: int, stream_id: int) -> Connection:
        """Connect now. Raises `ConnectionRefusedError` where nobody listens, or not to receivers."""
        server = self._servers.get(f"{host}:{port}")
        if server is None:
            return SilentNetwork().connect(host, port, stream_id)
        return self._clock.call(server.connect, stream_id)

    def log(self, address: str) -> RetainedLog:
        """The log kept at this address. Raises `IllegalArgumentError` where there is none."""
        server = self.server(address)
        if not isinstance(server, RetainedLogServer):
            raise IllegalArgumentError(
                f"address={address!r}: this source keeps no log that can be read again; give the simulation one that "
                f'does: Simulation(..., network={{"{address}": Retained(load)}})'
            )
        return server

    def kafka(self, addresses: str) -> SimulatedKafka:
        """The cluster behind one of these addresses (`sparksim.kafka.client.KafkaNetwork`)."""
        asked = [address.strip() for address in addresses.partition("/")[0].split(",")]
        for cluster in self._clusters:
            if any(address in cluster.addresses for address in asked):
                return cluster.kafka(asked)
        known = ", ".join(repr(cluster.address) for cluster in self._clusters) or "none at all"
        raise BrokerNotAvailable(
            f"no Kafka cluster answers at {addresses!r}; the simulated network has {known}. Give it one there: "
            f'Simulation(..., network={{"{asked[0]}": KafkaCluster(topics=[Topic("orders")])}})'
        )

    def arrival_ms(self, source: str, record: int) -> float | None:
        """When this source sends its record of this number (`cluster.network.SimulatedSources`).

        A partition of a topic, "orders/0", is a source too; its record is there when readers may see it.
        """
        for cluster in self._clusters:
            if cluster.has_log(source):
                return cluster.visible_ms(source, record)
        self.server(source)
        load = self._sources[source]
        if isinstance(load, KafkaCluster):
            raise IllegalArgumentError(
                f"source={source!r}: a Kafka cluster numbers the records of each partition; name one, as 'orders/0'"
            )
        arrival = next(islice(self._arrivals(source, load), record, None), None)
        return None if arrival is None else arrival[0]

    def take_down(self, source: str, until_ms: float) -> None:
        """The server at this address is down until then (`cluster.network.SimulatedSources`)."""
        self.server(source).go_down(until_ms)

    def crash_broker(self, crash: BrokerCrash, fault: str, at_ms: float | None) -> None:
        """A broker dies now, or at this time (`cluster.network.SimulatedSources`)."""
        cluster = self._cluster(crash.cluster, fault)
        restart_ms = None if crash.restart_after is None else crash.restart_after * 1000
        if at_ms is None:
            cluster.crash(crash.broker, fault, restart_ms)
        else:
            cluster.plan_crash(crash.broker, fault, at_ms, restart_ms)

    def _cluster(self, address: str | None, owner: str) -> KafkaServer:
        if address is None and len(self._clusters) == 1:
            return self._clusters[0]
        found = None if address is None else self.server(address)
        if not isinstance(found, KafkaServer):
            known = ", ".join(repr(cluster.address) for cluster in self._clusters) or "none at all"
            raise IllegalArgumentError(
                f"{owner}: cluster={address!r}, and the simulated network has these Kafka clusters: {known}; name one"
            )
        return found

    def _arrivals(self, address: str, load: Load) -> Iterator[tuple[float, Any]]:
        """All that this source sends, from the start."""
        return load.arrivals(self._seeds.generator(f"source {address}"))

    def live_by(self, clock: Clock, emit: Callable[[Event], None]) -> None:
        """A new driver is there; the servers have gone on without it."""
        self._clock = clock
        for server in self._servers.values():
            server.live_by(clock, emit)

    def outlive(self, clock: Clock, emit: Callable[[Event], None]) -> None:
        """A driver is dead, and `clock` says when the next one starts: tell what happens until then."""
        for cluster in self._clusters:
            cluster.live_by(clock, emit)

    def catch_up(self, time_ms: float) -> None:
        """Tell what happened by then, before somebody else tells anything (`Trace.precede`)."""
        for cluster in self._clusters:
            cluster.catch_up(time_ms)

    def finish(self) -> None:
        """The simulation ends: settle what was sent, and lost, up to now."""
        for server in self._servers.values():
            server.settle()


def _server(
    clock: Clock, address: str, load: Load, arrivals: Iterator[tuple[float, Any]], emit: Callable[[Event], None]
) -> Server:
    """The server that a load asks for."""
    if isinstance(load, Acknowledged):
        return MessageQueue(clock, address, arrivals, emit)
    if isinstance(load, Retained):
        return RetainedLogServer(clock, address, arrivals, emit, load.partitions)
    return SimulatedServer(clock, address, arrivals, emit)

"""A message queue in virtual time: it keeps every message until the receiver that got it has acknowledged it.

A message goes to one connection. What a connection had got and not acknowledged when it closed goes to the next one
that asks, in order and before newer messages. Messages that come while nobody is connected, or while the server is
down, wait. So nothing is ever lost here; what a receiver loses after it has acknowledged is another matter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import Any

from sparksim.cluster.clock import Clock
from sparksim.sim.server import Pause, Server, runs
from sparksim.trace.events import (
    Event,
    Origin,
    RecordsAcknowledged,
    RecordsRedelivered,
    RecordsSent,
    SourceConnected,
    SourceDisconnected,
)

ACKNOWLEDGE_MS = 1.0
"""How long an acknowledgement is under way. Whoever dies meanwhile had stored messages that are delivered again."""

Message = tuple[int, Any]
"""Its number, counted from 0, and what it says."""


class MessageQueue(Server):
    """One queue, read by any number of connections: whoever asks first gets the oldest message."""

    def __init__(
        self, clock: Clock, address: str, arrivals: Iterator[tuple[float, Any]], emit: Callable[[Event], None]
    ) -> None:
        super().__init__(clock, address, arrivals, emit)
        self._connections: list[QueueConnection] = []
        self._waiting: deque[Message] = deque()
        self._returned: set[int] = set()
        self._produced = 0
        self._announced = 0

    def connect(self, stream_id: int) -> QueueConnection:
        self.settle()
        self.check_up()
        connection = QueueConnection(self._clock, self, stream_id, self._emit)
        self._connections.append(connection)
        self._emit(SourceConnected(self._clock.now_ms, self.address, stream_id))
        return connection

    def live_by(self, clock: Clock, emit: Callable[[Event], None]) -> None:
        super().live_by(clock, emit)
        self._hang_up()  # whoever was connected until now died without a word

    def settle(self) -> None:
        """Put on record what was produced since the last time."""
        self._produce()
        if self._produced > self._announced:
            count = self._produced - self._announced
            self._emit(RecordsSent(self._clock.now_ms, self.address, self._announced, count))
            self._announced = self._produced

    def deliver(self, stream_id: int) -> Message | None:
        """The oldest message that waits; None if none does. It is on its way until it is acknowledged or returned."""
        self._produce()
        if not self._waiting:
            return None
        message = self._waiting.popleft()
        if message[0] in self._returned:
            self._returned.discard(message[0])
            origins = self.origins([message[0]])
            self._clock.call(lambda: self._emit(RecordsRedelivered(self._clock.now_ms, origins, stream_id)))
        return message

    def hung_up(self, connection: QueueConnection, unacknowledged: Sequence[Message]) -> None:
        """A connection has closed: what it did not acknowledge waits again, where it was. Hub only."""
        self._connections.remove(connection)
        if unacknowledged:
            self._returned.update(number for number, _ in unacknowledged)
            self._waiting = deque(sorted((*unacknowledged, *self._waiting), key=lambda message: message[0]))
            for other in self._connections:
                other.wake()

    def origins(self, numbers: Sequence[int]) -> tuple[Origin, ...]:
        """Messages, by rising numbers, as the trace names them."""
        return tuple((self.address, first, last) for first, last in runs(numbers))

    def _produce(self) -> None:
        for _, content in self._due():
            self._waiting.append((self._produced, content))
            self._produced += 1

    def _hang_up(self) -> None:
        for connection in tuple(self._connections):
            connection.close()


class QueueConnection:
    """One end of an open connection (`cluster.network.AcknowledgedConnection`)."""

    def __init__(self, clock: Clock, queue: MessageQueue, stream_id: int, emit: Callable[[Event], None]) -> None:
        self.closed = False
        self.origin: Origin | None = None
        self._clock = clock
        self._queue = queue
        self._stream_id = stream_id
        self._emit = emit
        self._pause = Pause(clock)
        self._unacknowledged: list[Message] = []

    def read(self, wait_ms: float = inf) -> Any:
        """The next message; None when none came for so long, or once the connection is closed."""
        queue, clock = self._queue, self._clock
        end_ms = clock.now_ms + wait_ms
        while not self.closed:
            message = queue.deliver(self._stream_id)
            if message is not None:
                self._unacknowledged.append(message)
                self.origin = (queue.address, message[0], message[0])
                return message[1]
            left_ms = round(end_ms - clock.now_ms, 3)  # less than a microsecond would never be over
            if left_ms <= 0:
                return None
            due_ms = queue.next_arrival_ms
            self._pause.wait(left_ms if due_ms is None else min(left_ms, due_ms - clock.now_ms))
        return None

    def acknowledge(self) -> None:
        """Everything read so far is safe. Raises `ConnectionResetError` when the connection is closed meanwhile."""
        safe = len(self._unacknowledged)
        self._clock.sleep(ACKNOWLEDGE_MS)
        self._clock.call(self._acknowledge, safe)

    def close(self) -> None:
        """Hang up: what was not acknowledged goes back to the queue. Hub only."""
        if self.closed:
            return
        self._queue.settle()
        self.closed = True
        self._pause.end()
        self._emit(SourceDisconnected(self._clock.now_ms, self._queue.address, self._stream_id, "connection closed"))
        self._queue.hung_up(self, self._unacknowledged)
        self._unacknowledged = []

    def wake(self) -> None:
        """There are messages again: let whoever waits for one look. Hub only."""
        self._pause.end()

    def _acknowledge(self, safe: int) -> None:
        if self.closed:
            raise ConnectionResetError(f"{self._queue.address} hung up before it heard the acknowledgement")
        if safe:
            numbers = sorted(number for number, _ in self._unacknowledged[:safe])
            self._emit(RecordsAcknowledged(self._clock.now_ms, self._queue.origins(numbers), self._stream_id))
            del self._unacknowledged[:safe]

"""How a receiver reaches its source: one connection that yields records, over a real socket or a simulated one.

Live connections live here; the simulated network (`sparksim.sim.network`) implements the same protocols, and two more
for sources that keep what they send: a queue that waits for acknowledgements, and a log that can be read again.
"""

from __future__ import annotations

import codecs
import re
import socket
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from sparksim.trace.events import Origin

if TYPE_CHECKING:
    from sparksim.cluster.faults import BrokerCrash

LINE_END = re.compile("\r\n|\r|\n")
PIECE_BYTES = 65_536


class Connection(Protocol):
    """One open connection, used by one fiber."""

    def read(self) -> str | None:
        """The next line without its end, or None when the other side has closed. Blocks."""

    @property
    def origin(self) -> Origin | None:
        """Which record of the source `read` gave last; None where nobody counts (a real socket)."""

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""

    def close(self) -> None:
        """Hang up; a blocked `read` ends. More than once is fine. Hub only."""


@runtime_checkable
class AcknowledgedConnection(Connection, Protocol):
    """A connection to a queue: what was read and not acknowledged when it closes is delivered again, to somebody."""

    def read(self, wait_ms: float = inf) -> Any:
        """The next message; None when none came for so long, or when the connection is closed. Blocks."""

    def acknowledge(self) -> None:
        """Everything `read` gave so far is safe. Raises `ConnectionResetError` when the connection is closed."""


class RetainedLog(Protocol):
    """Records that their server keeps, in partitions numbered from 0, each with offsets from 0."""

    def latest_offsets(self) -> Mapping[int, int]:
        """Of each partition, the offset that its next record will have. Raises `OSError` when nobody answers."""

    def read(self, partition: int, begin: int, end: int) -> Iterator[Any]:
        """The records from offset `begin` to before `end`, fetched as they are asked for.

        Raises `OSError` when nobody answers, `SparkException` for offsets that the log does not hold.
        """


class Network(Protocol):
    """Where connections come from."""

    def connect(self, host: str, port: int, stream_id: int) -> Connection:
        """Connect now. Raises `ConnectionRefusedError` or another `OSError`, as a socket would."""


class SimulatedSources(Network, Protocol):
    """A network whose sources a simulation knows, and may disturb. Both raise for a source that it has not got."""

    def arrival_ms(self, source: str, record: int) -> float | None:
        """When this source sends its record of this number, counted from 0; None if it never does."""

    def take_down(self, source: str, until_ms: float) -> None:
        """The source hangs up, and refuses connections until then. Hub only."""

    def crash_broker(self, crash: BrokerCrash, fault: str, at_ms: float | None) -> None:
        """A broker of a Kafka cluster dies now, or at this time; the network puts on record that it did. Hub only."""


@runtime_checkable
class LogNetwork(Protocol):
    """A network on which logs can be found."""

    def log(self, address: str) -> RetainedLog:
        """The log kept at `"host:port"`. Raises `IllegalArgumentError` where there is none."""


class LineSplitter:
    """Turns pieces of UTF-8 into lines, which end where Java's BufferedReader ends them: at LF, CR, or CR and LF.

    A CR ends its line at once, whatever follows it. Bytes that are no UTF-8 become replacement characters.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun: list[str] = []
        self._after_cr = False

    def feed(self, data: bytes) -> list[str]:
        """The lines that this piece ends. An empty piece is the end of all, and ends what is left."""
        text = self._decoder.decode(data, final=not data)
        if self._after_cr and text:
            self._after_cr = False
            text = text.removeprefix("\n")
        first, *others = LINE_END.split(text)
        self._begun.append(first)
        ended = []
        for each in others:
            ended.append("".join(self._begun))
            self._begun = [each]
        self._after_cr = self._after_cr or text.endswith("\r")
        if not data and any(self._begun):
            ended.append("".join(self._begun))
            self._begun = []
        return ended


class SocketConnection:
    """Lines from a real TCP socket."""

    origin = None

    def __init__(self, host: str, port: int) -> None:
        self.closed = False
        self._socket = socket.create_connection((host, port))
        self._splitter = LineSplitter()
        self._lines: deque[str] = deque()

    def read(self) -> str | None:
        while not self._lines:
            try:
                data = self._socket.recv(PIECE_BYTES)
            except OSError:
                if self.closed:  # under our hands
                    return None
                raise
            self._lines.extend(self._splitter.feed(data))
            if not data and not self._lines:
                return None
        return self._lines.popleft()

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        with suppress(OSError):  # the other side was faster
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class LiveNetwork:
    """The machine's own network."""

    def connect(self, host: str, port: int, stream_id: int) -> Connection:
        return SocketConnection(host, port)

"""How a receiver reaches its source: one connection that yields records, over a real socket or a simulated one.

Live connections live here; the simulated network (`sparksim.sim.network`) implements the same two protocols.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Protocol

from sparksim.trace.events import Origin


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


class Network(Protocol):
    """Where connections come from."""

    def connect(self, host: str, port: int, stream_id: int) -> Connection:
        """Connect now. Raises `ConnectionRefusedError` or another `OSError`, as a socket would."""


class SocketConnection:
    """Lines from a real TCP socket: UTF-8, ended by any of the line ends that Java's reader knows."""

    origin = None

    def __init__(self, host: str, port: int) -> None:
        self.closed = False
        self._socket = socket.create_connection((host, port))
        self._lines = self._socket.makefile("r", encoding="utf-8", errors="replace", newline=None)

    def read(self) -> str | None:
        try:
            line = self._lines.readline()
        except (ValueError, OSError):
            if self.closed:  # under our hands
                return None
            raise
        return line.rstrip("\n") if line else None

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

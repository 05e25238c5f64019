"""Which records of a source a receiver is about to store, so that every record can be followed.

A connection of the simulated network counts its records. A receiver reads some and stores some, one by one or many at
once; what it stores is taken to be what it has read since it stored last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from sparksim.cluster.clock import Fiber
from sparksim.cluster.network import AcknowledgedConnection, Connection
from sparksim.trace.events import Origin


def join(origins: list[Origin], more: tuple[Origin, ...]) -> None:
    """Append ranges to `origins`; a range that goes on where the last one ended makes that one longer."""
    for source, first, last in more:
        if origins and origins[-1][0] == source and origins[-1][2] + 1 == first:
            origins[-1] = (source, origins[-1][1], last)
        elif not origins or origins[-1] != (source, first, last):
            origins.append((source, first, last))


class FollowedConnection:
    """A connection that remembers what was read from it and not yet stored, and which fiber reads."""

    def __init__(self, inner: Connection, current: Callable[[], Fiber | None]) -> None:
        self.unstored: list[Origin] = []
        self.reader: Fiber | None = None
        self._inner = inner
        self._read: Callable[..., Any] = inner.read
        self._current = current

    def read(self, *wait_ms: float) -> Any:
        self.reader = self._current()
        record = self._read(*wait_ms)
        origin = self._inner.origin
        if record is not None and origin is not None:
            join(self.unstored, (origin,))
        return record

    @property
    def origin(self) -> Origin | None:
        return self._inner.origin

    @property
    def closed(self) -> bool:
        return self._inner.closed

    @property
    def is_acknowledged(self) -> bool:
        """Whether the source keeps what was read until `acknowledge`."""
        return isinstance(self._inner, AcknowledgedConnection)

    def acknowledge(self) -> None:
        """Everything read so far is safe (`AcknowledgedConnection`). Raises `OSError`."""
        cast(AcknowledgedConnection, self._inner).acknowledge()

    def close(self) -> None:
        self._inner.close()
        if self.is_acknowledged:
            self.unstored = []  # the source has it back

    def take(self) -> list[Origin]:
        """What was read since the last call."""
        taken, self.unstored = self.unstored, []
        return taken

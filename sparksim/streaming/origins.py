"""Which records of a source a receiver is about to store, so that every record can be followed.

A connection of the simulated network counts its records; a log of Kafka has offsets. A receiver reads some and stores
some, one by one or many at once; what it stores is taken to be what it has read since it stored last. When it dies, the
sources say which of the records that it had not stored they will give again: to it or to another one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, cast

from sparksim.cluster.clock import Fiber
from sparksim.cluster.network import AcknowledgedConnection, Connection
from sparksim.trace.events import Origin

if TYPE_CHECKING:
    from sparksim.kafka.client import Consumer
    from sparksim.kafka.records import ConsumerRecord


def join(origins: list[Origin], more: tuple[Origin, ...]) -> None:
    """Append ranges to `origins`; a range that goes on where the last one ended makes that one longer."""
    for source, first, last in more:
        if origins and origins[-1][0] == source and origins[-1][2] + 1 == first:
            origins[-1] = (source, origins[-1][1], last)
        elif not origins or origins[-1] != (source, first, last):
            origins.append((source, first, last))


class Followed(Protocol):
    """Something a receiver reads from, that remembers what was read and not yet stored, and which fiber reads."""

    unstored: list[Origin]
    reader: Fiber | None

    @property
    def origin(self) -> Origin | None:
        """What was read last; None where nobody counts."""

    @property
    def is_over(self) -> bool:
        """Whether nothing can be asked of it any more."""

    def take(self) -> list[Origin]:
        """What was read since the last call."""

    def lost_to(self, origin: Origin) -> int:
        """The last of these records, read and never stored, that the source will not give again."""

    def close(self) -> None:
        """The receiver stops. Hub only."""

    def break_off(self) -> None:
        """The receiver's process has died. Hub only."""


class FollowedSources:
    """All that one receiver reads from."""

    def __init__(self, current: Callable[[], Fiber | None]) -> None:
        self._current = current
        self._all: list[Followed] = []

    def add(self, source: Followed) -> None:
        """From now on the receiver reads from this one too."""
        self._all = [each for each in self._all if not each.is_over]
        self._all.append(source)

    def take(self) -> tuple[Origin, ...]:
        """What is being stored now: what the caller, or else any thread, has read since it was stored from last.

        If that is nothing, the record read last: one line may make many records.
        """
        caller = self._current()
        read_from = [each for each in self._all if each.reader is caller] or self._all
        origins: list[Origin] = []
        for each in read_from:
            origins += each.take()
        if not origins and read_from and read_from[-1].origin is not None:
            origins.append(read_from[-1].origin)
        return tuple(origins)

    def take_unstored(self) -> list[tuple[Origin, ...]]:
        """What was read from each of them, and not stored."""
        return [tuple(unstored) for each in self._all if (unstored := each.take())]

    def lost_of(self, origins: tuple[Origin, ...]) -> tuple[Origin, ...]:
        """Of these records, which nobody has any more, those that no source will give again."""
        if not self._all:
            return origins
        ends = [max(each.lost_to(origin) for each in self._all) for origin in origins]
        lost = zip(origins, ends, strict=True)
        return tuple((source, first, end) for (source, first, _), end in lost if end >= first)

    def close(self) -> None:
        """The receiver stops. Hub only."""
        for each in self._all:
            each.close()

    def break_off(self) -> None:
        """The receiver's process has died. Hub only."""
        for each in self._all:
            each.break_off()


class FollowedConnection:
    """A connection that is followed."""

    def __init__(self, inner: Connection, current: Callable[[], Fiber | None]) -> None:
        self.unstored: list[Origin] = []
        self.reader: Fiber | None = None
        self._unacknowledged: list[Origin] = []
        self._acknowledged: list[Origin] = []
        self._inner = inner
        self.is_acknowledged = isinstance(inner, AcknowledgedConnection)
        """Whether the source keeps what was read until `acknowledge`."""
        self._read: Callable[..., Any] = inner.read
        self._current = current

    def read(self, *wait_ms: float) -> Any:
        self.reader = self._current()
        record = self._read(*wait_ms)
        origin = self._inner.origin
        if record is not None and origin is not None:
            join(self.unstored, (origin,))
            if self.is_acknowledged:
                join(self._unacknowledged, (origin,))
        return record

    @property
    def origin(self) -> Origin | None:
        return self._inner.origin

    @property
    def closed(self) -> bool:
        return self._inner.closed

    def acknowledge(self) -> None:
        """Everything read so far is safe (`AcknowledgedConnection`). Raises `OSError`."""
        safe, self._unacknowledged = tuple(self._unacknowledged), []
        cast(AcknowledgedConnection, self._inner).acknowledge()
        join(self._acknowledged, safe)

    @property
    def is_over(self) -> bool:
        return self.closed and not self.unstored

    def lost_to(self, origin: Origin) -> int:
        """All of them, unless the source is a queue: it delivers again what nobody has acknowledged."""
        source, first, last = origin
        if not self.is_acknowledged:
            return last
        ends = (end for name, begin, end in self._acknowledged if name == source and begin <= first <= end)
        return min(last, next(ends, first - 1))

    def close(self) -> None:
        self._inner.close()
        if self.is_acknowledged:  # the source has the others back
            kept = [(origin[0], origin[1], self.lost_to(origin)) for origin in self.unstored]
            self.unstored = [(source, first, last) for source, first, last in kept if last >= first]

    break_off = close

    def take(self) -> list[Origin]:
        """What was read since the last call."""
        taken, self.unstored = self.unstored, []
        return taken


class FollowedConsumer:
    """A member of a consumer group that is followed, and read record by record.

    `commits_itself`: offsets are stored for the group whatever became of the records. If not, then only those of
    records that the receiver has stored, and the log gives all others again. `close` says that the receiver stops: its
    threads read no more, and when all have ended it leaves the group.
    """

    def __init__(self, inner: Consumer, current: Callable[[], Fiber | None], commits_itself: bool) -> None:
        self.unstored: list[Origin] = []
        self.reader: Fiber | None = None
        self.origin: Origin | None = None
        self.closed = False
        self._inner = inner
        self._current = current
        self._commits_itself = commits_itself
        self._fetched: deque[ConsumerRecord] = deque()

    def poll(self, wait_ms: float) -> ConsumerRecord | None:
        """The next record; None when none came for so long. Raises as `Consumer.poll`."""
        self.reader = self._current()
        if not self._fetched:
            self._fetched.extend(self._inner.poll(wait_ms))
        if not self._fetched:
            return None
        record = self._fetched.popleft()
        self.origin = record.origin
        join(self.unstored, (self.origin,))
        return record

    @property
    def is_over(self) -> bool:
        """Never: what it has stored for the group counts as long as the receiver has records in memory."""
        return False

    def take(self) -> list[Origin]:
        taken, self.unstored = self.unstored, []
        return taken

    def lost_to(self, origin: Origin) -> int:
        """Those before the offset that was stored for the group: there the next reader begins."""
        log, first, last = origin
        if not self._commits_itself:
            return first - 1
        stored = next((offset for partition, offset in self._inner.stored().items() if str(partition) == log), first)
        return min(last, stored - 1)

    def leave(self) -> None:
        """Leave the group. Raises as `Consumer.close`."""
        self._inner.close()

    def close(self) -> None:
        self.closed = True

    def break_off(self) -> None:
        self.close()
        self._inner.abandon()

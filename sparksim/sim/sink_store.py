"""All sinks of one world, and the transactions that are open on them: the side of a sink that nobody's death reaches.

Changed in the hub only. Like a database, the store notices when the one who holds a transaction is gone, and rolls it
back. Each commit and each transaction that ended without effect is an event.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from sparksim.cluster.clock import Clock, Fiber
from sparksim.core.errors import IllegalStateError
from sparksim.sim.sink_tables import OffsetConflict, SinkTable, Span, Write
from sparksim.trace.events import Event, OffsetsCommitted, SinkRolledBack, SinkWritten

Emit = Callable[[Event], None]
Owner = tuple[int, Fiber | None]
"""The thread and the fiber that write: what a database calls a connection."""

STORE_OFFSETS = "store_offsets"


class Connection(NamedTuple):
    """Who writes, at what time, and for which batch."""

    owner: Owner
    clock: Clock
    emit: Emit
    batch_time_ms: int | None


@dataclass(slots=True)
class Transaction:
    """What is to be written at once, in order. `seen` is the table as its holder sees it, once it was asked for."""

    writes: list[Write] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    seen: SinkTable | None = None


class SinkStore:
    """Tables by name. A table is made when it is first asked for."""

    def __init__(self) -> None:
        self.tables: dict[str, SinkTable] = {}
        self._open: dict[tuple[str, Owner], tuple[Transaction, Connection]] = {}
        self._watched: set[Fiber] = set()

    def table(self, name: str) -> SinkTable:
        """What is committed."""
        return self.tables.setdefault(name, SinkTable(name))

    def seen_by(self, connection: Connection, name: str) -> SinkTable:
        """What is committed and, within a transaction, what its holder has written himself."""
        table, transaction = self.table(name), self._transaction(connection, name)
        if transaction is None or not (transaction.writes or transaction.spans):
            return table
        if transaction.seen is None:
            transaction.seen = table.copy()
            transaction.seen.commit(transaction.writes, transaction.spans, connection.clock.now_ms)
        return transaction.seen

    def write(self, connection: Connection, name: str, write: Write) -> None:
        """One row, at once or with the transaction."""
        transaction = self._transaction(connection, name)
        if transaction is None:
            self._commit(connection, name, Transaction([write]))
            return
        transaction.writes.append(write)
        if transaction.seen is not None:
            transaction.seen.commit([write], (), connection.clock.now_ms)

    def store_offsets(self, connection: Connection, name: str, spans: list[Span]) -> None:
        """Offsets, at once or with the transaction. Raises `OffsetConflict`."""
        transaction = self._transaction(connection, name)
        if transaction is None:
            self._commit(connection, name, Transaction(spans=spans))
            return
        self.table(name).following([*transaction.spans, *spans])
        transaction.spans += spans
        if transaction.seen is not None:
            transaction.seen.commit((), spans, connection.clock.now_ms)

    # --- transactions ------------------------------------------------------------------------------------------------

    def begin(self, connection: Connection, name: str) -> None:
        """Raises `IllegalStateError` within another transaction on the same sink."""
        if self._transaction(connection, name) is not None:
            raise IllegalStateError(f"sink {name!r}: a transaction inside a transaction; end the outer one first")
        self._open[name, connection.owner] = Transaction(), connection
        fiber = connection.owner[1]
        if fiber is not None and fiber not in self._watched:
            self._watched.add(fiber)
            fiber.done.callbacks.append(lambda _done: self._fiber_ended(fiber))

    def commit(self, connection: Connection, name: str) -> None:
        """All of it, or nothing: raises `OffsetConflict`."""
        transaction = self._close(connection, name)
        if transaction is None:
            return
        try:
            self._commit(connection, name, transaction)
        except OffsetConflict as error:
            self._tell_rolled_back(connection, name, transaction, f"OffsetConflict: {error}")
            raise

    def roll_back(self, connection: Connection, name: str, reason: str) -> None:
        """Forget what it wrote; nothing if it is over already."""
        transaction = self._close(connection, name)
        if transaction is not None:
            self._tell_rolled_back(connection, name, transaction, reason)

    def driver_died(self, emit: Emit) -> None:
        """Everybody who held a transaction is gone."""
        for name, owner in list(self._open):
            _, connection = self._open[name, owner]
            self.roll_back(connection._replace(emit=emit), name, "the driver died")
        self._watched.clear()

    def _fiber_ended(self, fiber: Fiber) -> None:
        self._watched.discard(fiber)
        for name, owner in list(self._open):
            if owner[1] is fiber:
                _, connection = self._open[name, owner]
                self.roll_back(connection, name, str(fiber.killed or "its task ended without an end of it"))

    def _transaction(self, connection: Connection, name: str) -> Transaction | None:
        return self._open.get((name, connection.owner), (None, None))[0]

    def _close(self, connection: Connection, name: str) -> Transaction | None:
        return self._open.pop((name, connection.owner), (None, None))[0]

    # --- events ------------------------------------------------------------------------------------------------------

    def _commit(self, connection: Connection, name: str, transaction: Transaction) -> None:
        now_ms, emit = connection.clock.now_ms, connection.emit
        table = self.table(name)
        before = table.offsets()
        table.commit(transaction.writes, transaction.spans, now_ms)
        for operation, group in groupby(transaction.writes, key=lambda write: write.operation):
            keys, origins = zip(*((str(write.key), write.origin) for write in group), strict=True)
            emit(SinkWritten(now_ms, name, operation, keys, origins, connection.batch_time_ms))
        moved = table.offsets().items() - before.items()
        if moved:
            ends = tuple((str(partition), end) for partition, end in sorted(moved))
            emit(OffsetsCommitted(now_ms, name, "sink", ends, None, STORE_OFFSETS))

    def _tell_rolled_back(self, connection: Connection, name: str, transaction: Transaction, reason: str) -> None:
        if transaction.writes or transaction.spans:
            now_ms, batch_time_ms = connection.clock.now_ms, connection.batch_time_ms
            origins = tuple(write.origin for write in transaction.writes)
            event = SinkRolledBack(now_ms, name, len(origins), reason, origins, batch_time_ms)
            connection.emit(event)

    # --- which one is meant ------------------------------------------------------------------------------------------

    def mount(self) -> None:
        """From now on the sinks of programs are these, in this thread of control and what it starts."""
        _mounted.set(self)

    def unmount(self) -> None:
        """From now on the sinks of programs are those of the process."""
        _mounted.set(None)


_mounted: ContextVar[SinkStore | None] = ContextVar("sparksim sinks", default=None)
_of_process = SinkStore()


def current_store() -> SinkStore:
    """The simulation's, or else the process's own."""
    return _mounted.get() or _of_process

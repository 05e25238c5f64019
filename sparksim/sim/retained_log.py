"""A log in virtual time that keeps every record for good, in partitions: what a direct stream reads.

Record k of the load goes to partition k modulo their number and gets the next offset there. Each partition is a source
of its own in the trace, `"host:port/partition"`, whose records are numbered by their offsets. Reading takes nothing
away. While the server is down the log grows on, and nobody can read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sparksim.cluster.clock import Clock
from sparksim.cluster.network import Connection
from sparksim.core.errors import SparkException
from sparksim.sim.server import Server
from sparksim.trace.events import Event, RecordsSent


class RetainedLogServer(Server):
    """One log (`cluster.network.RetainedLog`)."""

    def __init__(
        self,
        clock: Clock,
        address: str,
        arrivals: Iterator[tuple[float, Any]],
        emit: Callable[[Event], None],
        partitions: int,
    ) -> None:
        super().__init__(clock, address, arrivals, emit)
        self._partitions: list[list[Any]] = [[] for _ in range(partitions)]
        self._announced = [0] * partitions
        self._written = 0

    def connect(self, stream_id: int) -> Connection:
        """Raises `ConnectionRefusedError`: a log pushes nothing to a receiver. Hub only."""
        raise ConnectionRefusedError(
            f"{self.address} keeps a log, which is read without a receiver: direct_stream(ssc, {self.address!r})"
        )

    def settle(self) -> None:
        """Put on record what was written since the last time."""
        for _, record in self._due():
            self._partitions[self._written % len(self._partitions)].append(record)
            self._written += 1
        for partition, records in enumerate(self._partitions):
            begin = self._announced[partition]
            if len(records) > begin:
                source = f"{self.address}/{partition}"
                self._emit(RecordsSent(self._clock.now_ms, source, begin, len(records) - begin))
                self._announced[partition] = len(records)

    def latest_offsets(self) -> dict[int, int]:
        """Of each partition, the offset that its next record will have. Raises `ConnectionRefusedError` when down."""
        return self._clock.call(self._latest_offsets)

    def read(self, partition: int, begin: int, end: int) -> Iterator[Any]:
        """The records from offset `begin` to before `end`, one by one.

        Raises `ConnectionRefusedError` at the first record that is asked for while the server is down, `SparkException`
        for a partition or offsets that the log does not hold.
        """
        records = self._partitions[partition] if 0 <= partition < len(self._partitions) else []
        if not 0 <= begin <= end <= len(records):
            raise SparkException(
                f"offsets {begin} to {end} of {self.address}/{partition} are out of range: it holds 0 to {len(records)}"
            )
        return self._fetch(records, begin, end)

    def _latest_offsets(self) -> dict[int, int]:
        self.settle()
        self.check_up()
        return {partition: len(records) for partition, records in enumerate(self._partitions)}

    def _fetch(self, records: list[Any], begin: int, end: int) -> Iterator[Any]:
        for offset in range(begin, end):
            self.check_up()
            yield records[offset]

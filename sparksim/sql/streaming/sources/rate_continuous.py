"""The source `rate`, read continuously: each partition makes a row whenever it is time for one.

Spark: RateStreamContinuousStream. Partition p of n has every n-th number, beginning with p. An offset has, for each
partition, the last number and the time that it was due: a restart goes on from there, so rows that were due while
nobody ran come at once.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from functools import partial

from sparksim.cluster.clock import Clock
from sparksim.sql.chunks import chunk_of_columns
from sparksim.sql.streaming.source import Arrived, Offset, PartitionReader
from sparksim.sql.types import StructType
from sparksim.sql.utils import IllegalArgumentException

_EPOCH = datetime.datetime(1970, 1, 1)


class ContinuousRateSource:
    """`per_s` rows a second from all partitions together.

    A partition waits for a whole number of ms between its rows, so a rate may become a little higher, as in Spark.
    Raises `IllegalArgumentException` for more than 1,000 rows a second from one, which would be a row every 0 ms.
    """

    def __init__(self, clock: Clock, per_s: int, partitions: int, schema: StructType, description: str) -> None:
        self.description = description
        self._clock = clock
        self._partitions = partitions
        self._schema = schema
        self._every_ms = int(1000 / (per_s / partitions))
        self._start_ms = int(clock.now_ms)
        if self._every_ms == 0:
            raise IllegalArgumentException(
                f"rowsPerSecond={per_s}, numPartitions={partitions}: read continuously, a partition gives a row every "
                "1 ms at most. Give numPartitions at least a thousandth of rowsPerSecond, and as many cores"
            )

    def readers(self, start: Offset) -> Sequence[Callable[[], PartitionReader]]:
        """One for each partition. Raises `IllegalArgumentException` when the checkpoint knows another number."""
        shares = start
        if shares is None:
            shares = {
                str(at): {"value": at - self._partitions, "runTimeMs": self._start_ms} for at in range(self._partitions)
            }
        if len(shares) != self._partitions:
            raise IllegalArgumentException(
                f"The previous run contained {len(shares)} partitions, but {self._partitions} partitions are currently "
                "configured. The numPartitions option cannot be changed"
            )
        return [partial(self._reader, shares[str(at)]) for at in range(self._partitions)]

    def merged(self, shares: Sequence[Offset]) -> Offset:
        """By the partitions' numbers, as texts."""
        return {str(at): share for at, share in enumerate(shares)}

    def has_other_partitions(self) -> bool:
        """Never."""
        return False

    def commit(self, end: Offset) -> None:
        """Nothing is kept."""

    def stop(self) -> None:
        """Nothing to give back."""

    def _reader(self, share: Offset) -> PartitionReader:
        return _RateReader(
            self._clock, share["value"], share["runTimeMs"], self._partitions, self._every_ms, self._schema
        )


class _RateReader:
    def __init__(self, clock: Clock, value: int, due_ms: int, step: int, every_ms: int, schema: StructType) -> None:
        self._clock = clock
        self._value = value
        self._due_ms = due_ms
        self._step = step
        self._every_ms = every_ms
        self._schema = schema

    @property
    def offset(self) -> Offset:
        return {"value": self._value, "runTimeMs": self._due_ms}

    def next(self, until_ms: float) -> Arrived | None:
        due_ms = self._due_ms + self._every_ms
        self._clock.sleep(min(due_ms, until_ms) - self._clock.now_ms)
        if due_ms > until_ms:
            return None
        self._value, self._due_ms = self._value + self._step, due_ms
        time = _EPOCH + datetime.timedelta(milliseconds=due_ms)
        return Arrived(chunk_of_columns([[time], [self._value]], self._schema), due_ms)

    def close(self) -> None:
        """Nothing to give back."""

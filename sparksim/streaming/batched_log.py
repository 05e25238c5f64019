"""The driver's log of received blocks: several records in one write (Spark: BatchedWriteAheadLog).

In Spark many threads write at once, and while one write is under way the records of the others queue up to go out
together as the next. This engine has one hub and a write takes none of its time, so a queue never builds up: `write` is
a batch of one. The format is that of batches all the same, and `write_many` is for who has several records at hand.

Read one by one, batched records cannot be found again; only all together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from sparksim.core.conf import SparkConf, boolean, integer
from sparksim.core.errors import IllegalArgumentError, IllegalStateError, UnsupportedOperation
from sparksim.streaming.write_ahead_log import Warn, WriteAheadLog, framed, log_from_settings, unframed, unheard

DRIVER_LOG = "spark.streaming.driver.writeAheadLog"

_BATCH = b"\x00sparksim batch\x00"
"""How a batch starts. A record that stands alone is a pickle, and no pickle starts like this."""


class BatchedWriteAheadLog(WriteAheadLog):
    """Batches of records as single records of another log."""

    def __init__(self, log: WriteAheadLog) -> None:
        self._log = log
        self._closed = False

    def write(self, record: bytes, time_ms: float) -> Any:
        """A batch of one. Raises what the log below raises, and `IllegalStateError` after `close`."""
        return self.write_many([(record, time_ms)])

    def write_many(self, records: Sequence[tuple[bytes, float]]) -> Any:
        """Write (record, time in ms) pairs as one, in order of time; the whole has the latest time. All or nothing.

        Returns the handle of the batch. Raises what the log below raises, `IllegalArgumentError` for no records and
        `IllegalStateError` after `close`.
        """
        if not records:
            raise IllegalArgumentError("records=[]: a batch needs at least one record")
        if self._closed:
            raise IllegalStateError("the log is closed: nothing can be written any more")
        in_order = sorted(records, key=lambda pair: pair[1])
        return self._log.write(_BATCH + b"".join(framed(record) for record, _ in in_order), in_order[-1][1])

    def read(self, handle: Any) -> NoReturn:
        """Raises `UnsupportedOperation`: a handle stands for a batch, not for a record."""
        raise UnsupportedOperation("one record of a batched log cannot be read: use read_all")

    def read_all(self) -> Iterator[bytes]:
        """All records, those written alone too: batching may have been off when the log was begun."""
        for record in self._log.read_all():
            if record.startswith(_BATCH):
                yield from unframed(record[len(_BATCH) :], "a batch of records")
            else:
                yield record

    def clean(self, threshold_ms: float) -> None:
        """As the log below."""
        self._log.clean(threshold_ms)

    def close(self) -> None:
        """Close the log below; from here on `write` raises."""
        self._closed = True
        self._log.close()


def driver_log(conf: SparkConf, checkpoint_directory: str, warn: Warn = unheard) -> WriteAheadLog:
    """The log of block events, in `receivedBlockMetadata` (Spark: ReceivedBlockTracker.createWriteAheadLog).

    Settings: `spark.streaming.driver.writeAheadLog.*`. `batchingTimeout` is checked and limits nothing: no write waits.
    Raises `IllegalArgumentError`, `SparkException`.
    """
    log = log_from_settings(conf, DRIVER_LOG, f"{checkpoint_directory.rstrip('/')}/receivedBlockMetadata", warn)
    if not boolean(conf, f"{DRIVER_LOG}.allowBatching", True):
        return log
    integer(conf, f"{DRIVER_LOG}.batchingTimeout", 5000)
    return BatchedWriteAheadLog(log)

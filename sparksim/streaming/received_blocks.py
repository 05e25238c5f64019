"""Which received blocks the driver knows, and which batch got them (Spark: ReceivedBlockTracker).

A block waits in its stream's queue from the moment it is reported. A batch takes the whole queue when its jobs are
generated: that moment, and not any timestamp of the block, decides which batch a record belongs to.

With a log, every change is written down before it is made, and is not made when that fails. A driver that starts again
makes the same changes from the log and so knows the same blocks, though not whether anybody still holds them.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sparksim.core.errors import IllegalArgumentError, SparkException
from sparksim.streaming.write_ahead_log import Warn, WriteAheadLog, unheard
from sparksim.trace.events import Origin, RecordsLost


@dataclass(frozen=True, slots=True)
class ReceivedBlockInfo:
    """A reported block. It is `valid` where the block manager may be asked for it.

    It may not after a driver has read of it in the log: executors of an earlier driver kept it (Spark:
    ReceivedBlockInfo.isBlockIdValid). With `log_handle` its records can be read in the log of its receiver. Two that
    differ only in these are the same block.
    """

    stream_id: int
    block_id: str
    records: int
    origins: tuple[Origin, ...] = ()
    valid: bool = field(default=True, compare=False)
    log_handle: Any = field(default=None, compare=False)

    def lost(self, now_ms: float, reason: str) -> RecordsLost:
        """The event that says that its records are gone, and why."""
        return RecordsLost(now_ms, self.origins, self.records, reason, self.stream_id, self.block_id)


@dataclass(frozen=True, slots=True)
class BlockAdditionEvent:
    """In the log: a block was reported."""

    block: ReceivedBlockInfo


@dataclass(frozen=True, slots=True)
class BatchAllocationEvent:
    """In the log: a batch got these blocks, by stream."""

    batch_time_ms: int
    blocks: Mapping[int, Sequence[ReceivedBlockInfo]]


@dataclass(frozen=True, slots=True)
class BatchCleanupEvent:
    """In the log: the blocks of these batches were forgotten."""

    batch_times_ms: Sequence[int]


LogEvent = BlockAdditionEvent | BatchAllocationEvent | BatchCleanupEvent


class ReceivedBlockTracker:
    """Plain state, no time of its own: with a log, whoever changes something says what time it is, in ms.

    With `recover`, it starts from what the log holds; raises `SparkException` for what is no event of it. `warn` hears
    why a change could not be logged.
    """

    def __init__(
        self, stream_ids: list[int], log: WriteAheadLog | None = None, recover: bool = False, warn: Warn = unheard
    ) -> None:
        self._stream_ids = list(stream_ids)
        self._queues: dict[int, list[ReceivedBlockInfo]] = {stream_id: [] for stream_id in stream_ids}
        self._batches: dict[int, dict[int, list[ReceivedBlockInfo]]] = {}
        self._last_allocated_ms: int | None = None
        self._log = log
        self._warn = warn
        if log is not None and recover:
            for record in log.read_all():
                self._replay(_event(record))

    @property
    def is_write_ahead_log_enabled(self) -> bool:
        """Whether changes are written to a log."""
        return self._log is not None

    def add_block(self, block: ReceivedBlockInfo, now_ms: float | None = None) -> bool:
        """The block waits for the next batch. False, and it does not, when the log could not be written."""
        if not self._write(BlockAdditionEvent(block), now_ms):
            return False
        self._queue(block.stream_id).append(block)
        return True

    def allocate_blocks_to_batch(
        self, batch_time_ms: int, now_ms: float | None = None
    ) -> dict[int, list[ReceivedBlockInfo]]:
        """Give every waiting block to this batch, unless a batch as late as this had its blocks already.

        When the log cannot be written the batch gets nothing and the blocks wait for the next one.
        """
        if self._last_allocated_ms is not None and batch_time_ms <= self._last_allocated_ms:
            return {}
        taken = {stream_id: list(self._queue(stream_id)) for stream_id in self._stream_ids}
        if not self._write(BatchAllocationEvent(batch_time_ms, taken), now_ms):
            return {}
        for stream_id in self._stream_ids:
            self._queue(stream_id).clear()
        self._batches[batch_time_ms] = taken
        self._last_allocated_ms = batch_time_ms
        return taken

    def blocks_of_batch(self, batch_time_ms: int, stream_id: int) -> list[ReceivedBlockInfo]:
        """The blocks of one stream in a batch, in order of arrival."""
        return list(self._batches.get(batch_time_ms, {}).get(stream_id, ()))

    def unallocated(self, stream_id: int) -> list[ReceivedBlockInfo]:
        """The blocks of one stream that wait for a batch."""
        return list(self._queue(stream_id))

    def unprocessed(self, is_over: Callable[[int], bool]) -> list[ReceivedBlockInfo]:
        """All blocks that wait for a batch, or are in a batch that is not over."""
        waiting = [block for queue in self._queues.values() for block in queue]
        batches = [batch for time_ms, batch in self._batches.items() if not is_over(time_ms)]
        return [block for batch in batches for blocks in batch.values() for block in blocks] + waiting

    @property
    def has_unallocated_blocks(self) -> bool:
        """Whether any block waits for a batch."""
        return any(self._queues.values())

    def cleanup_old_batches(self, threshold_ms: int, now_ms: float) -> list[int]:
        """Forget allocations strictly older than the threshold, which must be in the past; returns their times.

        Log files that are older go too. When the log cannot be written nothing is forgotten.
        """
        if not threshold_ms < now_ms:
            raise IllegalArgumentError(f"threshold_ms={threshold_ms} is not in the past: it is {now_ms:g} ms now")
        old = sorted(time_ms for time_ms in self._batches if time_ms < threshold_ms)
        if not self._write(BatchCleanupEvent(old), now_ms):
            return []
        self._forget(old)
        if self._log is not None:
            self._log.clean(threshold_ms)
        return old

    def stop(self) -> None:
        """Close the log."""
        if self._log is not None:
            self._log.close()

    def _queue(self, stream_id: int) -> list[ReceivedBlockInfo]:
        # A log may tell of streams that the program no longer has. Their blocks wait for ever, as in Spark.
        return self._queues.setdefault(stream_id, [])

    def _forget(self, batch_times_ms: Sequence[int]) -> None:
        for time_ms in batch_times_ms:
            self._batches.pop(time_ms, None)

    def _write(self, event: LogEvent, now_ms: float | None) -> bool:
        if self._log is None:
            return True
        if now_ms is None:
            raise IllegalArgumentError(f"now_ms=None: a tracker with a log must be told the time of {event}")
        try:
            self._log.write(pickle.dumps(event), now_ms)
        except Exception as error:
            self._warn(f"{type(event).__name__} could not be written to the log, so it did not happen: {error!r}")
            return False
        return True

    def _replay(self, event: LogEvent) -> None:
        if isinstance(event, BlockAdditionEvent):
            self._queue(event.block.stream_id).append(replace(event.block, valid=False))
        elif isinstance(event, BatchAllocationEvent):
            for stream_id, blocks in event.blocks.items():
                taken = set(blocks)
                self._queues[stream_id] = [block for block in self._queue(stream_id) if block not in taken]
            self._batches[event.batch_time_ms] = {stream_id: list(blocks) for stream_id, blocks in event.blocks.items()}
            self._last_allocated_ms = event.batch_time_ms
        else:
            self._forget(event.batch_times_ms)


def _event(record: bytes) -> LogEvent:
    try:
        event = pickle.loads(record)
    except Exception as error:
        raise _unreadable(repr(error)) from error
    if not isinstance(event, LogEvent):
        raise _unreadable(f"it holds {event!r}")
    return event


def _unreadable(why: str) -> SparkException:
    return SparkException(
        f"a record in the log of received blocks is no event of it: {why}. Was it written by another version? Start "
        "with a new checkpoint directory"
    )

"""Which received blocks the driver knows, and which batch got them (Spark: ReceivedBlockTracker).

A block waits in its stream's queue from the moment it is reported. A batch takes the whole queue when its jobs are
generated: that moment, and not any timestamp of the block, decides which batch a record belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass

from sparksim.core.errors import IllegalArgumentError
from sparksim.trace.events import Origin


@dataclass(frozen=True, slots=True)
class ReceivedBlockInfo:
    """A reported block."""

    stream_id: int
    block_id: str
    records: int
    origins: tuple[Origin, ...] = ()


class ReceivedBlockTracker:
    """Plain state, no time of its own."""

    def __init__(self, stream_ids: list[int]) -> None:
        self._queues: dict[int, list[ReceivedBlockInfo]] = {stream_id: [] for stream_id in stream_ids}
        self._batches: dict[int, dict[int, list[ReceivedBlockInfo]]] = {}
        self._last_allocated_ms: int | None = None

    def add_block(self, block: ReceivedBlockInfo) -> bool:
        """The block waits for the next batch. Always true without a log that could fail."""
        self._queues[block.stream_id].append(block)
        return True

    def allocate_blocks_to_batch(self, batch_time_ms: int) -> dict[int, list[ReceivedBlockInfo]]:
        """Give every waiting block to this batch, unless a batch as late as this had its blocks already."""
        if self._last_allocated_ms is not None and batch_time_ms <= self._last_allocated_ms:
            return {}
        taken = self._queues
        self._queues = {stream_id: [] for stream_id in taken}
        self._batches[batch_time_ms] = taken
        self._last_allocated_ms = batch_time_ms
        return taken

    def blocks_of_batch(self, batch_time_ms: int, stream_id: int) -> list[ReceivedBlockInfo]:
        """The blocks of one stream in a batch, in order of arrival."""
        return list(self._batches.get(batch_time_ms, {}).get(stream_id, ()))

    def unallocated(self, stream_id: int) -> list[ReceivedBlockInfo]:
        """The blocks of one stream that wait for a batch."""
        return list(self._queues[stream_id])

    @property
    def has_unallocated_blocks(self) -> bool:
        return any(self._queues.values())

    def cleanup_old_batches(self, threshold_ms: int, now_ms: float) -> list[int]:
        """Forget allocations strictly older than the threshold, which must be in the past; returns their times."""
        if not threshold_ms < now_ms:
            raise IllegalArgumentError(f"threshold_ms={threshold_ms} is not in the past: it is {now_ms:g} ms now")
        old = sorted(time_ms for time_ms in self._batches if time_ms < threshold_ms)
        for time_ms in old:
            del self._batches[time_ms]
        return old

"""What became of each block of records, and of each range of a log: which batch took it, and how that batch ended.

A block counts as processed when every output operation of its batch that reads its stream succeeded. What was processed
before the driver died stays processed; a driver that starts again may process it once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sparksim.trace.events import (
    BlockAdded,
    BlockGenerated,
    BlocksAllocated,
    DriverDied,
    Event,
    JobGenerationFailed,
    OffsetRangesAllocated,
    Origin,
    OutputOperationCompleted,
    OutputOperationStarted,
    RecordsLost,
    TaskEnd,
    TaskStart,
)
from sparksim.trace.log_history import Logs, Piece

ONCE, REPEATED, LOST, PENDING = "once", "n times", "lost", "pending"

PRODUCER, LOG, SKIPPED, RECEIVER, BATCH = "producer", "log", "skipped", "receiver", "batch"
"""Where a record was lost, or is on its way: at its producer, in its log, because its reader began behind it, in a
receiver or a block of one, or in a batch."""


class Fate(NamedTuple):
    """How it ended, how often it was processed, why it was not, and where."""

    outcome: str
    times: int
    reason: str
    where: str


@dataclass(slots=True)
class Operation:
    """An output operation of a batch, and the streams it reads."""

    streams: tuple[int, ...]
    succeeded: int = 0
    failure: str = ""


@dataclass(slots=True)
class Block:
    """Records that share their fate: a receiver's block, or what a batch reads of a log (`is_range`)."""

    block_id: str
    stream_id: int
    records: int
    pieces: tuple[Piece, ...]
    is_range: bool = False
    added: bool = False
    batch_time_ms: int | None = None
    lost: str = ""
    before: Fate | None = None
    """What had become of its records when the driver died."""
    reads: list[int] = field(default_factory=list)
    read_from: int | None = None
    """The number of the event with which the task began that read it last."""


class Blocks:
    """Follows the blocks through the events of a run. With `stream`, only those of this stream."""

    def __init__(self, logs: Logs, stream: int | None = None) -> None:
        self._logs = logs
        self._stream = stream
        self._blocks: dict[str, Block] = {}
        self._operations: dict[int, dict[int, Operation]] = {}
        self._ungenerated: dict[int, str] = {}
        self._task_starts: dict[int, int] = {}

    def __iter__(self) -> Iterator[Block]:
        return iter(self._blocks.values())

    def __contains__(self, block_id: str) -> bool:
        return block_id in self._blocks

    def follow(self, number: int, event: Event) -> None:
        """The events in order; `number` counts them."""
        if isinstance(event, TaskStart):
            self._task_starts[event.task_id] = number
        elif isinstance(event, TaskEnd):
            self._follow_task(number, event)
        elif isinstance(event, BlockGenerated | BlockAdded | BlocksAllocated | OffsetRangesAllocated | RecordsLost):
            self._follow_block(event)
        else:
            self._follow_batch(event)

    def _follow_block(
        self, event: BlockGenerated | BlockAdded | BlocksAllocated | OffsetRangesAllocated | RecordsLost
    ) -> None:
        if self._stream is not None and event.stream_id != self._stream:
            return
        if isinstance(event, BlockGenerated):
            pieces = self._logs.pieces(event.origins)
            self._blocks[event.block_id] = Block(event.block_id, event.stream_id, event.records, pieces)
        elif isinstance(event, OffsetRangesAllocated):
            for range_id, origin in zip(event.range_ids, event.origins, strict=True):
                self._allot(event, range_id, origin)
        elif isinstance(event, BlocksAllocated):
            for block_id in event.block_ids:
                if block_id in self._blocks:  # a recovered driver may know blocks from before this trace began
                    self._blocks[block_id].batch_time_ms = event.batch_time_ms
        elif event.block_id in self._blocks:
            block = self._blocks[event.block_id]
            if isinstance(event, BlockAdded):
                block.added = True
            else:
                block.lost = event.reason

    def _follow_task(self, number: int, event: TaskEnd) -> None:
        began = self._task_starts.pop(event.task_id, number)
        for block_id in event.blocks:
            block = self._blocks.get(block_id)
            if block is not None:
                # A task that reads several blocks is counted as having read those it got to whole.
                block.reads.append(event.records_read if len(event.blocks) == 1 else block.records)
                block.read_from = began
                if block.is_range:
                    self._look_again(block)

    def _look_again(self, block: Block) -> None:
        """A log whose end was cut off since the range was fixed has other records at these offsets."""
        pieces = self._logs.pieces((source, first, last) for source, _, first, last in block.pieces)
        if pieces != block.pieces:
            if block.before is not None and block.before.times:
                former = f"{block.block_id} before the log was truncated"
                self._blocks[former] = replace(block, block_id=former, batch_time_ms=None, reads=[])
                block.before = None
            block.pieces = pieces

    def _allot(self, event: OffsetRangesAllocated, range_id: str, origin: Origin) -> None:
        before = self._blocks.pop(range_id, None)
        if before is not None:
            # A restarted driver, whose checkpoint did not know of this batch, makes it anew: it may end elsewhere.
            before.batch_time_ms = None
            self._blocks[f"{range_id} of {event.time_ms:g} ms"] = before
        pieces, records = self._logs.pieces([origin]), origin[2] - origin[1] + 1
        self._blocks[range_id] = Block(range_id, event.stream_id, records, pieces, True, True, event.batch_time_ms)

    def _follow_batch(self, event: Event) -> None:
        if isinstance(event, DriverDied):
            for block in self._blocks.values():
                block.before, block.lost = self.fate(block), ""
            self._operations, self._ungenerated = {}, {}
        elif isinstance(event, JobGenerationFailed):
            self._ungenerated[event.batch_time_ms] = cause(event.message)
        elif isinstance(event, OutputOperationStarted):
            operations = self._operations.setdefault(event.batch_time_ms, {})
            operations.setdefault(event.output_op, Operation(event.streams))
        elif isinstance(event, OutputOperationCompleted):
            operation = self._operations[event.batch_time_ms][event.output_op]
            operation.succeeded += not event.failure
            operation.failure = cause(event.failure)

    def fate(self, block: Block) -> Fate:
        """By all that has happened until now."""
        now, before = self._fate_now(block), block.before
        if before is None or (now.times == 0 and before.outcome == PENDING):
            return now
        if now.times == 0:
            return before if before.times or now.outcome == PENDING else now
        return Fate(REPEATED if before.times else now.outcome, before.times + now.times, "", "")

    def _fate_now(self, block: Block) -> Fate:
        """Since the driver started last."""
        if block.lost:
            return Fate(LOST, 0, block.lost, RECEIVER)
        if not block.added:
            return Fate(PENDING, 0, "in a block on its way to the driver", RECEIVER)
        batch_time_ms = block.batch_time_ms
        if batch_time_ms is None:
            return Fate(PENDING, 0, "in a block that waits for the next batch", RECEIVER)
        batch = f"batch {batch_time_ms / 1000:g} s"
        if batch_time_ms in self._ungenerated:
            return Fate(LOST, 0, f"{batch} had no jobs: {self._ungenerated[batch_time_ms]}", BATCH)
        started = self._operations.get(batch_time_ms, {}).values()
        readers = [operation for operation in started if block.stream_id in operation.streams]
        failed = [operation for operation in readers if operation.failure and not operation.succeeded]
        if failed:
            return Fate(LOST, 0, f"{batch} failed: {failed[0].failure}", BATCH)
        if not readers or any(operation.succeeded == 0 for operation in readers):
            return Fate(PENDING, 0, f"{batch} is queued or being processed", BATCH)
        times = max(operation.succeeded for operation in readers)
        return Fate(ONCE if times == 1 else REPEATED, times, "", "")


def cause(text: str) -> str:
    """What went wrong: a failure's last line, without the stage it struck and the error's module."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    line = lines[-1] if lines else ""
    if "most recent failure" in line:
        line = line.rpartition("): ")[2]
    return re.sub(r"^(\w+\.)+(?=\w+: )", "", line)

"""What became of every record: processed once, several times, lost and why, or still on its way.

Read from the trace alone. A record's way goes source → block → batch → output operations. It counts as processed when
every output operation of its batch that reads its stream succeeded; as lost when an event says so, or when one of them
failed; as pending when the run ended before either. A driver that starts again may run a batch again: what was
processed stays processed, and is processed once more if its block was still there.

Two kinds of source keep what they send. A message that a queue delivered again may be in two blocks, and counts as
often as both were processed. What a batch reads of a log directly is in no block: its range is followed like one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
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
    OffsetsSkipped,
    Origin,
    OutputOperationCompleted,
    OutputOperationStarted,
    RecordsAcknowledged,
    RecordsLost,
    RecordsRedelivered,
    RecordsSent,
    TaskEnd,
)
from sparksim.trace.table import Table

ONCE, REPEATED, LOST, PENDING = "once", "n times", "lost", "pending"


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One record. `times` counts how often it was processed, `reads` how many task attempts pulled it."""

    source: str
    record: int
    stream_id: int | None
    block_id: str
    batch_time_ms: int | None
    outcome: str
    times: int
    reads: int
    reason: str


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """Records of one source with the same outcome for the same reason."""

    source: str
    outcome: str
    records: int
    share: str
    reason: str


@dataclass(frozen=True, slots=True)
class LossRow:
    """A run of lost records, `first` to `last`, both included."""

    source: str
    first: int
    last: int
    records: int
    reason: str


class _Fate(NamedTuple):
    outcome: str
    times: int
    reason: str


@dataclass(slots=True)
class _Operation:
    streams: tuple[int, ...]
    succeeded: int = 0
    failure: str = ""


@dataclass(slots=True)
class _Block:
    block_id: str
    stream_id: int
    records: int
    origins: tuple[Origin, ...]
    added: bool = False
    batch_time_ms: int | None = None
    lost: str = ""
    before: _Fate | None = None
    """What had become of its records when the driver died."""
    reads: list[int] = field(default_factory=list)


class Delivery:
    """The account of a run. `sent` is how many records the sources sent; every one of them is in exactly one row."""

    def __init__(self, trace: Iterable[Event]) -> None:
        self._sent: dict[str, int] = {}
        self._blocks: dict[str, _Block] = {}
        self._losses: list[RecordsLost] = []
        self._operations: dict[int, dict[int, _Operation]] = {}
        self._ungenerated: dict[int, str] = {}
        self._redelivered: set[tuple[str, int]] = set()
        self._skips: list[OffsetsSkipped] = []
        self._queues: set[str] = set()
        self._logs: set[str] = set()
        for event in trace:
            self._follow(event)
        self.records: Table[RecordRow] = Table(RecordRow, self._rows())

    @property
    def sent(self) -> int:
        """Records that the sources sent."""
        return len(self.records)

    def count(self, outcome: str) -> int:
        """Records with this outcome: "once", "n times", "lost" or "pending"."""
        return sum(row.outcome == outcome for row in self.records)

    @property
    def summary(self) -> Table[SummaryRow]:
        """How many records of each source ended how, and why."""
        totals: dict[str, int] = {}
        groups: dict[tuple[str, str, str], int] = {}
        for row in self.records:
            totals[row.source] = totals.get(row.source, 0) + 1
            key = (row.source, row.outcome, row.reason)
            groups[key] = groups.get(key, 0) + 1
        order = {outcome: position for position, outcome in enumerate((ONCE, REPEATED, LOST, PENDING))}
        ordered = sorted(groups.items(), key=lambda each: (each[0][0], order[each[0][1]], each[0][2]))
        return Table(
            SummaryRow,
            [
                SummaryRow(source, outcome, records, f"{100 * records / totals[source]:.1f} %", reason)
                for (source, outcome, reason), records in ordered
            ],
        )

    @property
    def lost(self) -> Table[LossRow]:
        """The lost records, as ranges."""
        ranges: list[LossRow] = []
        for row in self.records.where(outcome=LOST):
            last = ranges[-1] if ranges else None
            if last and (last.source, last.reason, last.last) == (row.source, row.reason, row.record - 1):
                ranges[-1] = LossRow(last.source, last.first, row.record, last.records + 1, last.reason)
            else:
                ranges.append(LossRow(row.source, row.record, row.record, 1, row.reason))
        return Table(LossRow, ranges)

    def __str__(self) -> str:
        counts = ", ".join(f"{self.count(outcome)} {outcome}" for outcome in (ONCE, REPEATED, LOST, PENDING))
        return f"{self.sent} records sent: {counts}\n{self.summary}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.summary._repr_html_()

    # --- from events to rows ------------------------------------------------------------------------------------------

    def _follow(self, event: Event) -> None:
        if isinstance(event, RecordsSent):
            self._sent[event.source] = self._sent.get(event.source, 0) + event.count
        elif isinstance(event, RecordsLost):
            self._losses.append(event)
            if event.block_id in self._blocks:
                self._blocks[event.block_id].lost = event.reason
        elif isinstance(event, BlockGenerated):
            self._blocks[event.block_id] = _Block(event.block_id, event.stream_id, event.records, event.origins)
        elif isinstance(event, BlockAdded):
            self._blocks[event.block_id].added = True
        elif isinstance(event, BlocksAllocated):
            for block_id in event.block_ids:
                if block_id in self._blocks:  # a recovered driver may know blocks from before this trace began
                    self._blocks[block_id].batch_time_ms = event.batch_time_ms
        elif isinstance(event, TaskEnd):
            self._follow_task(event)
        elif isinstance(event, RecordsAcknowledged | RecordsRedelivered | OffsetRangesAllocated | OffsetsSkipped):
            self._follow_kept(event)
        else:
            self._follow_batch(event)

    def _follow_task(self, event: TaskEnd) -> None:
        for block_id in event.blocks:
            if block_id in self._blocks:
                # A task that reads several blocks is counted as having read those it got to whole.
                read = event.records_read if len(event.blocks) == 1 else self._blocks[block_id].records
                self._blocks[block_id].reads.append(read)

    def _follow_kept(
        self, event: RecordsAcknowledged | RecordsRedelivered | OffsetRangesAllocated | OffsetsSkipped
    ) -> None:
        """Of a source that keeps what it sends."""
        is_log = isinstance(event, OffsetRangesAllocated | OffsetsSkipped)
        (self._logs if is_log else self._queues).update(source for source, _, _ in event.origins)
        if isinstance(event, RecordsRedelivered):
            for source, first, last in event.origins:
                self._redelivered.update((source, number) for number in range(first, last + 1))
        elif isinstance(event, OffsetsSkipped):
            self._skips.append(event)
        elif isinstance(event, OffsetRangesAllocated):
            for range_id, origin in zip(event.range_ids, event.origins, strict=True):
                self._allot(event, range_id, origin)

    def _allot(self, event: OffsetRangesAllocated, range_id: str, origin: Origin) -> None:
        before = self._blocks.pop(range_id, None)
        if before is not None:
            # A restarted driver, whose checkpoint did not know of this batch, makes it anew: it may end elsewhere.
            before.batch_time_ms = None
            self._blocks[f"{range_id} of {event.time_ms:g} ms"] = before
        made = _Block(range_id, event.stream_id, origin[2] - origin[1] + 1, (origin,), True, event.batch_time_ms)
        self._blocks[range_id] = made

    def _follow_batch(self, event: Event) -> None:
        if isinstance(event, DriverDied):
            for block in self._blocks.values():
                block.before, block.lost = self._fate(block), ""
            self._operations, self._ungenerated = {}, {}
        elif isinstance(event, JobGenerationFailed):
            self._ungenerated[event.batch_time_ms] = _cause(event.message)
        elif isinstance(event, OutputOperationStarted):
            operations = self._operations.setdefault(event.batch_time_ms, {})
            operations.setdefault(event.output_op, _Operation(event.streams))
        elif isinstance(event, OutputOperationCompleted):
            operation = self._operations[event.batch_time_ms][event.output_op]
            operation.succeeded += not event.failure
            operation.failure = _cause(event.failure)

    def _rows(self) -> Iterator[RecordRow]:
        told: dict[str, dict[int, RecordRow]] = {source: {} for source in self._sent}
        for loss in self._losses:
            if loss.block_id not in self._blocks:
                for source, first, last in loss.origins:
                    for number in range(first, last + 1):
                        row = RecordRow(source, number, loss.stream_id, "", None, LOST, 0, 0, loss.reason)
                        told.setdefault(source, {})[number] = row
        for block in self._blocks.values():
            fate = self._fate(block)
            for position, (source, number) in enumerate(self._numbered(block, told)):
                reads = sum(read > position for read in block.reads)
                row = RecordRow(
                    source, number, block.stream_id, block.block_id, block.batch_time_ms, *fate[:2], reads, fate.reason
                )
                told[source][number] = self._with_former(told[source].get(number), row)
        self._tell_skipped(told)
        for source in sorted(told):
            rows = told[source]
            reason = self._whereabouts(source)
            for number in range(max(self._sent.get(source, 0), max(rows, default=-1) + 1)):
                yield rows.get(number) or RecordRow(source, number, None, "", None, PENDING, 0, 0, reason)

    def _with_former(self, former: RecordRow | None, row: RecordRow) -> RecordRow:
        """A record that was delivered again, or read again by its stream, was processed as often as both say."""
        read_again = former is not None and former.stream_id == row.stream_id and row.source in self._logs
        if former is None or not (read_again or (row.source, row.record) in self._redelivered):
            return row
        times, reads = former.times + row.times, former.reads + row.reads
        if times == 0:
            return replace(row, reads=reads)
        shown = row if row.times else former
        return replace(shown, outcome=ONCE if times == 1 else REPEATED, times=times, reads=reads, reason="")

    def _whereabouts(self, source: str) -> str:
        """Where a record is of which nothing is known but that it was sent."""
        if source in self._logs:
            return "in the log, and in no batch yet"
        if source in self._queues:
            return "in the queue, or delivered and not yet stored"
        return "in the receiver's buffer, or sent and not yet read"

    def _tell_skipped(self, told: dict[str, dict[int, RecordRow]]) -> None:
        """What a stream began to read behind, and had not processed before, it will never process."""
        for skip in self._skips:
            for source, first, last in skip.origins:
                rows = told.setdefault(source, {})
                for number in range(first, last + 1):
                    row = rows.get(number)
                    if row is None or (row.outcome == PENDING and row.stream_id == skip.stream_id):
                        rows[number] = RecordRow(source, number, skip.stream_id, "", None, LOST, 0, 0, skip.reason)

    def _numbered(self, block: _Block, told: dict[str, dict[int, RecordRow]]) -> Iterator[tuple[str, int]]:
        """Source and number of each record; where no source counts, the stream does, in order of its blocks."""
        if block.origins:
            for source, first, last in block.origins:
                told.setdefault(source, {})
                yield from ((source, number) for number in range(first, last + 1))
        else:
            source = f"stream {block.stream_id}"
            begin = len(told.setdefault(source, {}))
            yield from ((source, begin + number) for number in range(block.records))

    def _fate(self, block: _Block) -> _Fate:
        now, before = self._fate_now(block), block.before
        if before is None or (now.times == 0 and before.outcome == PENDING):
            return now
        if now.times == 0:
            return before if before.times or now.outcome == PENDING else now
        return _Fate(REPEATED if before.times else now.outcome, before.times + now.times, "")

    def _fate_now(self, block: _Block) -> _Fate:
        """Since the driver started last."""
        if block.lost:
            return _Fate(LOST, 0, block.lost)
        if not block.added:
            return _Fate(PENDING, 0, "in a block on its way to the driver")
        batch_time_ms = block.batch_time_ms
        if batch_time_ms is None:
            return _Fate(PENDING, 0, "in a block that waits for the next batch")
        batch = f"batch {batch_time_ms / 1000:g} s"
        if batch_time_ms in self._ungenerated:
            return _Fate(LOST, 0, f"{batch} had no jobs: {self._ungenerated[batch_time_ms]}")
        started = self._operations.get(batch_time_ms, {}).values()
        readers = [operation for operation in started if block.stream_id in operation.streams]
        failed = [operation for operation in readers if operation.failure and not operation.succeeded]
        if failed:
            return _Fate(LOST, 0, f"{batch} failed: {failed[0].failure}")
        if not readers or any(operation.succeeded == 0 for operation in readers):
            return _Fate(PENDING, 0, f"{batch} is queued or being processed")
        times = max(operation.succeeded for operation in readers)
        return _Fate(ONCE if times == 1 else REPEATED, times, "")


def _cause(text: str) -> str:
    """What went wrong: a failure's last line, without the stage it struck and the error's module."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    line = lines[-1] if lines else ""
    if "most recent failure" in line:
        line = line.rpartition("): ")[2]
    return re.sub(r"^(\w+\.)+(?=\w+: )", "", line)

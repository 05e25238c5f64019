"""What the blocks, the losses and the skips say of each single record, brought together.

A record may be in several blocks: its queue or its consumer group delivered it again, or its stream read its offset
again. Then it was processed as often as all of them say. A log that several streams read is another matter: each of
them has to process the record, and the account is that of the stream that fared worst.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from typing import NamedTuple

from sparksim.trace.events import (
    Event,
    OffsetsSkipped,
    Origin,
    RecordsAcknowledged,
    RecordsLost,
    RecordsRedelivered,
)
from sparksim.trace.fates import LOG, LOST, ONCE, PENDING, RECEIVER, REPEATED, SKIPPED, Block, Blocks
from sparksim.trace.log_history import Gone, Lane, Logs, Piece


class Entry(NamedTuple):
    """What is known of a record. `first_batch_ms` is the batch that processed it first, `lost_ms` when it was lost."""

    outcome: str
    times: int
    reads: int
    reason: str
    where: str
    stream_id: int | None = None
    block_id: str = ""
    batch_time_ms: int | None = None
    first_batch_ms: int | None = None
    lost_ms: float | None = None


Entries = dict[int, Entry]

WORST_FIRST = {outcome: rank for rank, outcome in enumerate((LOST, REPEATED, PENDING, ONCE))}


class Ledger:
    """Follows a run, then says of each record what became of it. With `stream`, as this stream alone has it."""

    def __init__(self, stream: int | None = None) -> None:
        self.logs = Logs()
        self.blocks = Blocks(self.logs, stream)
        self._stream = stream
        self._losses: list[tuple[RecordsLost, tuple[Piece, ...]]] = []
        self._skips: list[tuple[OffsetsSkipped, tuple[Piece, ...]]] = []
        self._redelivered: dict[str, set[int]] = {}
        self._queues: set[str] = set()

    def follow(self, number: int, event: Event) -> None:
        """The events in order; `number` counts them."""
        self.logs.follow(number, event)
        self.blocks.follow(number, event)
        if self._stream is not None and getattr(event, "stream_id", self._stream) not in (None, self._stream):
            return
        if isinstance(event, RecordsLost):
            self._losses.append((event, self.logs.pieces(event.origins)))
        elif isinstance(event, OffsetsSkipped):
            self._skips.append((event, self.logs.pieces(event.origins)))
        elif isinstance(event, RecordsAcknowledged | RecordsRedelivered):
            self._queues.update(source for source, _, _ in event.origins)
            if isinstance(event, RecordsRedelivered):
                self._note_redelivered(event.origins)

    def _note_redelivered(self, origins: Iterable[Origin]) -> None:
        for source, first, last in origins:
            self._redelivered.setdefault(source, set()).update(range(first, last + 1))

    def entries(self) -> dict[Lane, Entries]:
        """By source and generation, then by number, of every record that was sent or met."""
        by_stream: dict[Lane, dict[int | None, Entries]] = {lane: {} for lane in self.logs.sent}
        for loss, pieces in self._losses:
            if loss.block_id not in self.blocks:
                entry = Entry(LOST, 0, 0, loss.reason, RECEIVER, loss.stream_id, lost_ms=loss.time_ms)
                for piece in pieces:
                    rows = by_stream.setdefault(piece.lane, {}).setdefault(loss.stream_id, {})
                    rows.update(dict.fromkeys(range(piece.first, piece.last + 1), entry))
        for block in self.blocks:
            self._enter(block, by_stream)
        self._enter_skipped(by_stream)
        return {lane: self._complete(lane, self._merged(lane, streams)) for lane, streams in sorted(by_stream.items())}

    def _enter(self, block: Block, by_stream: dict[Lane, dict[int | None, Entries]]) -> None:
        pieces = block.pieces
        if not pieces:  # no source counts its records, so the stream does, in order of its blocks
            lane = f"stream {block.stream_id}", 0
            begin = len(by_stream.setdefault(lane, {}).setdefault(block.stream_id, {}))
            pieces = (Piece(*lane, begin, begin + block.records - 1),)
        fate = self.blocks.fate(block)
        batch_ms = block.batch_time_ms
        alike: dict[int, Entry] = {}
        position = 0
        for piece in pieces:
            rows = by_stream.setdefault(piece.lane, {}).setdefault(block.stream_id, {})
            redelivered = self._redelivered.get(piece.source, ())
            gone = self.logs.gone.get(piece.lane) if block.is_range else None
            for number in range(piece.first, piece.last + 1):
                reads = sum(read > position for read in block.reads)
                entry = alike.get(reads)
                if entry is None:
                    entry = Entry(
                        fate.outcome, fate.times, reads, fate.reason, fate.where, block.stream_id, block.block_id,
                        batch_ms, batch_ms if fate.times else None,
                    )  # fmt: skip
                    alike[reads] = entry
                former = rows.get(number)
                added = _unless_gone(entry, block, gone.get(number) if gone else None)
                again = former is not None and (piece.source in self.logs or number in redelivered)
                rows[number] = _together(former, added) if former is not None and again else added
                position += 1

    def _enter_skipped(self, by_stream: dict[Lane, dict[int | None, Entries]]) -> None:
        """What a stream began to read behind, and had not processed before, it will never process.

        Of a live cluster the trace does not know what was sent before it began: that is no record of this run.
        """
        for skip, pieces in self._skips:
            for piece in pieces:
                rows = by_stream.setdefault(piece.lane, {}).setdefault(skip.stream_id, {})
                entry = Entry(LOST, 0, 0, skip.reason, SKIPPED, skip.stream_id, lost_ms=skip.time_ms)
                for first, last in self.logs.sent.get(piece.lane, ()):
                    for number in range(max(first, piece.first), min(last, piece.last) + 1):
                        row = rows.get(number)
                        if row is None or row.outcome == PENDING:
                            rows[number] = entry

    def _merged(self, lane: Lane, streams: dict[int | None, Entries]) -> Entries:
        if len(streams) <= 1:
            return next(iter(streams.values()), {})
        redelivered = self._redelivered.get(lane[0], ())
        merged: Entries = {}
        for entries in streams.values():
            for number, entry in entries.items():
                former = merged.get(number)
                if former is None:
                    merged[number] = entry
                elif number in redelivered:
                    merged[number] = _together(former, entry)
                else:
                    merged[number] = min(former, entry, key=lambda each: WORST_FIRST[each.outcome])
        return merged

    def _complete(self, lane: Lane, entries: Entries) -> Entries:
        """Add those of which nothing is known but that they were sent, and put all in order."""
        source = lane[0]
        sent = self.logs.sent.get(lane, [])
        if source not in self.logs:  # its records are counted from 0, and none is missing
            sent = [(0, max([last for _, last in sent] + list(entries), default=-1))]
        unread = self._unread(lane, max(entries, default=-1))
        known = chain.from_iterable(range(first, last + 1) for first, last in sent)
        return {number: entries.get(number) or unread(number) for number in sorted({*known, *entries})}

    def _unread(self, lane: Lane, read_until: int) -> Callable[[int], Entry]:
        """What a record is of which nothing is known but that it was sent; `read_until` is the last that was read."""
        source = lane[0]
        if source not in self.logs:
            queued = "in the queue, or delivered and not yet stored"
            buffered = "in the receiver's buffer, or sent and not yet read"
            pending = Entry(PENDING, 0, 0, queued if source in self._queues else buffered, RECEIVER)
            return lambda number: pending
        pending = Entry(PENDING, 0, 0, "in the log, and in no batch yet", LOG)
        passed = Entry(LOST, 0, 0, f"later records of {source} were read, and this one never", SKIPPED)
        resets, gone = self.logs.resets.get(source, []), self.logs.gone.get(lane, {})

        def of(number: int) -> Entry:
            if number in gone:
                return Entry(LOST, 0, 0, gone[number].reason, LOG, lost_ms=gone[number].time_ms)
            for reset in resets:
                if number < reset.offset:
                    reason = f"{reset.reason}: group {reset.group} starts at {reset.offset}"
                    return Entry(LOST, 0, 0, reason, SKIPPED, lost_ms=reset.time_ms)
            return passed if number < read_until else pending

        return of


def _together(former: Entry, entry: Entry) -> Entry:
    """Of one record that was in two blocks."""
    times, reads = former.times + entry.times, former.reads + entry.reads
    if times == 0:
        return entry._replace(reads=reads)
    batches = [each.first_batch_ms for each in (former, entry) if each.first_batch_ms is not None]
    shown = entry if entry.times else former
    return shown._replace(
        outcome=ONCE if times == 1 else REPEATED,
        times=times,
        reads=reads,
        reason="",
        where="",
        first_batch_ms=min(batches, default=None),
    )


def _unless_gone(entry: Entry, block: Block, gone: Gone | None) -> Entry:
    """A record that its log no longer held when its range was read was not read."""
    if gone is None or (block.before is not None and block.before.times):
        return entry
    unread = entry.times == 0 if block.read_from is None else gone.since < block.read_from
    if unread:
        return entry._replace(
            outcome=LOST, times=0, reason=gone.reason, where=LOG, first_batch_ms=None, lost_ms=gone.time_ms
        )
    return entry

"""The story of one record: everything that happened to it, in order, one sentence per event."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sparksim.trace.events import (
    BlockGenerated,
    BlocksAllocated,
    DriverDied,
    Event,
    OffsetRangesAllocated,
    OffsetsCommitted,
    OffsetsReset,
    OffsetsSkipped,
    Origin,
    OutputOperationCompleted,
    OutputOperationStarted,
    ProduceEnded,
    ProduceLost,
    RecordsAcknowledged,
    RecordsAppended,
    RecordsDeleted,
    RecordsLost,
    RecordsProduced,
    RecordsRedelivered,
    RecordsSent,
    RecordsTruncated,
    SinkRolledBack,
    SinkWritten,
    TaskEnd,
)
from sparksim.trace.fates import cause
from sparksim.trace.kafka_delivery import KafkaDelivery
from sparksim.trace.log_history import Logs
from sparksim.trace.produced import Given, Place


@dataclass(frozen=True, slots=True)
class StoryRow:
    """Something that happened to the record. `event` is the name of the event that says so."""

    time_ms: float
    event: str
    what: str


class Story:
    """Tells of the record number `number` of `producer` ("": unknown), which stands at these places."""

    def __init__(self, producer: str, number: int, places: Iterable[Place]) -> None:
        self._producer = producer
        self._number = number
        self._places = frozenset(places)
        self._logs = Logs()
        self._blocks: dict[str, tuple[int, int]] = {}
        self._batches: dict[int, set[int]] = {}
        self._operations: dict[tuple[int, int], tuple[int, ...]] = {}
        self._groups: set[tuple[str, str]] = set()
        self._deaths: list[StoryRow] = []
        self._settled = False
        self.rows: list[StoryRow] = []
        self.events: list[Event] = []

    @staticmethod
    def of(given: Given, delivery: KafkaDelivery) -> Story:
        """Of this record."""
        known = given.producer in delivery.producers
        return Story(given.producer if known else "", given.number, given.places)

    def tell(self, events: Iterable[Event]) -> Story:
        """Go through the whole run."""
        for number, event in enumerate(events):
            self._logs.follow(number, event)
            tell = TELLERS.get(type(event))
            what = tell(self, event) if tell is not None else ""
            if what:
                self._add(event, what)
        if self._blocks and not self._settled:
            self.rows += self._deaths  # the driver took it along
        return self

    def _add(self, event: Event, what: str) -> None:
        row = StoryRow(event.time_ms, type(event).__name__, what)
        if isinstance(event, DriverDied):
            if self.rows:
                self._deaths.append(row)  # part of the story only if it was not over by then
            return
        self.rows += [*self._deaths, row]
        self._deaths = []
        self.events.append(event)

    # --- is it this record? ------------------------------------------------------------------------------------------

    def _offset_in(self, origins: Iterable[Origin]) -> int | None:
        """The record's offset, if it is among these."""
        for piece in self._logs.pieces(
            origin for origin in origins if any(origin[0] == p.lane[0] for p in self._places)
        ):
            for place in self._places:
                if place.lane == piece.lane and piece.first <= place.offset <= piece.last:
                    return place.offset
        return None

    def _has(self, origins: Iterable[Origin]) -> bool:
        return self._offset_in(origins) is not None

    def _position(self, origins: Iterable[Origin]) -> int | None:
        """How many records of these come before it."""
        before = 0
        for origin in origins:
            offset = self._offset_in((origin,))
            if offset is not None:
                return before + offset - origin[1]
            before += origin[2] - origin[1] + 1
        return None

    # --- from the producer into the log ------------------------------------------------------------------------------

    def _produced(self, event: RecordsProduced) -> str:
        mine = event.producer == self._producer and event.first <= self._number < event.first + event.count
        return f"given to producer {self._producer} as its record {self._number}" if mine else ""

    def _appended(self, event: RecordsAppended) -> str:
        offset = self._offset_in([(event.log, event.first_offset, event.first_offset + len(event.numbers) - 1)])
        return "" if offset is None else f"written to {event.log} at offset {offset} by broker {event.broker}"

    def _ended(self, event: ProduceEnded) -> str:
        if event.producer != self._producer or self._number not in event.numbers:
            return ""
        sent = "sent once" if event.attempts == 1 else f"sent {event.attempts} times"
        return f"{sent}; its producer gives it up: {event.error}" if event.error else f"{sent}; its producer is done"

    def _never_came(self, event: ProduceLost) -> str:
        mine = event.producer == self._producer and self._number in event.numbers
        return f"lost on its way, and its producer does not hear of it: {event.reason}" if mine else ""

    def _sent(self, event: RecordsSent) -> str:
        return "readers may see it" if self._has([(event.source, event.first, event.first + event.count - 1)]) else ""

    def _truncated(self, event: RecordsTruncated) -> str:
        for place in self._places:  # the log has given these offsets to others by now
            gone = self._logs.gone.get(place.lane, {}).get(place.offset)
            if gone is not None and (gone.time_ms, gone.reason) == (event.time_ms, event.reason):
                return f"gone from {event.origin[0]}: {event.reason}"
        return ""

    def _deleted(self, event: RecordsDeleted) -> str:
        return f"deleted from its log: {event.reason}" if self._has(event.origins) else ""

    # --- who reads it ------------------------------------------------------------------------------------------------

    def _skipped(self, event: OffsetsSkipped) -> str:
        who = "a query" if event.stream_id < 0 else f"stream {event.stream_id}"
        return f"{who} begins to read behind it: {event.reason}" if self._has(event.origins) else ""

    def _reset(self, event: OffsetsReset) -> str:
        mine = any(place.lane[0] == event.log and place.offset < event.offset for place in self._places)
        return f"group {event.group} starts at offset {event.offset}, behind it: {event.reason}" if mine else ""

    def _redelivered(self, event: RecordsRedelivered) -> str:
        return f"delivered to stream {event.stream_id} once more" if self._has(event.origins) else ""

    def _acknowledged(self, event: RecordsAcknowledged) -> str:
        return f"stream {event.stream_id} has acknowledged it" if self._has(event.origins) else ""

    def _generated(self, event: BlockGenerated) -> str:
        position = self._position(event.origins)
        if position is None:
            return ""
        self._blocks[event.block_id] = event.stream_id, position
        return f"in block {event.block_id} of stream {event.stream_id}, on executor {event.executor_id}"

    def _taken(self, event: BlocksAllocated) -> str:
        if not any(block_id in self._blocks for block_id in event.block_ids):
            return ""
        self._batches.setdefault(event.batch_time_ms, set()).add(event.stream_id)
        return f"its block is part of {_batch(event.batch_time_ms)}"

    def _allotted(self, event: OffsetRangesAllocated) -> str:
        for range_id, origin in zip(event.range_ids, event.origins, strict=True):
            position = self._position((origin,))
            if position is not None:
                self._blocks[range_id] = event.stream_id, position
                self._batches.setdefault(event.batch_time_ms, set()).add(event.stream_id)
                return f"in the offsets of {_batch(event.batch_time_ms)} of stream {event.stream_id}"
            if range_id in self._blocks:  # the batch is made anew, and ends before it
                del self._blocks[range_id]
                self._batches[event.batch_time_ms].discard(event.stream_id)
        return ""

    def _read(self, event: TaskEnd) -> str:
        for block_id in event.blocks:
            if block_id in self._blocks and (len(event.blocks) > 1 or event.records_read > self._blocks[block_id][1]):
                ended = "" if event.reason == "Success" else f", which ended with {event.reason}"
                return f"read by a task on executor {event.executor_id}{ended}"
        return ""

    def _lost(self, event: RecordsLost) -> str:
        return f"lost: {event.reason}" if self._has(event.origins) else ""

    def _committed(self, event: OffsetsCommitted) -> str:
        ends = dict(event.offsets)
        group = event.group, event.storage
        passed = any(ends.get(place.lane[0], -1) > place.offset for place in self._places)
        if not passed or group in self._groups:
            return ""
        self._groups.add(group)
        stored = "its sink" if event.storage == "sink" else event.storage
        return f"{event.group} has stored in {stored} that it is done with it ({event.cause})"

    # --- what its batch does -----------------------------------------------------------------------------------------

    def _output_started(self, event: OutputOperationStarted) -> str:
        if event.batch_time_ms in self._batches:
            self._operations[event.batch_time_ms, event.output_op] = event.streams
        return ""

    def _output_completed(self, event: OutputOperationCompleted) -> str:
        streams = self._operations.get((event.batch_time_ms, event.output_op), ())
        if not self._batches.get(event.batch_time_ms, set()).intersection(streams):
            return ""
        self._settled = True
        name = f"output operation {event.output_op} of {_batch(event.batch_time_ms)}"
        return f"{name} failed: {cause(event.failure)}" if event.failure else f"{name} succeeded"

    def _written(self, event: SinkWritten) -> str:
        for key, origin in zip(event.keys, event.origins, strict=True):
            if self._has((origin,)):
                how = "a new row" if event.operation == "insert" else "the row"
                return f"written to sink {event.sink}: {how} of key {key}"
        return ""

    def _rolled_back(self, event: SinkRolledBack) -> str:
        return f"its write to sink {event.sink} is undone: {event.reason}" if self._has(event.origins) else ""

    def _died(self, _event: DriverDied) -> str:
        return "the driver dies"


def _batch(batch_time_ms: int) -> str:
    return f"batch {batch_time_ms / 1000:g} s"


TELLERS: dict[type[Event], Callable[[Story, Any], str]] = {
    RecordsProduced: Story._produced,
    RecordsAppended: Story._appended,
    ProduceEnded: Story._ended,
    ProduceLost: Story._never_came,
    RecordsSent: Story._sent,
    RecordsTruncated: Story._truncated,
    RecordsDeleted: Story._deleted,
    OffsetsSkipped: Story._skipped,
    OffsetsReset: Story._reset,
    RecordsRedelivered: Story._redelivered,
    RecordsAcknowledged: Story._acknowledged,
    BlockGenerated: Story._generated,
    BlocksAllocated: Story._taken,
    OffsetRangesAllocated: Story._allotted,
    TaskEnd: Story._read,
    RecordsLost: Story._lost,
    OffsetsCommitted: Story._committed,
    OutputOperationStarted: Story._output_started,
    OutputOperationCompleted: Story._output_completed,
    SinkWritten: Story._written,
    SinkRolledBack: Story._rolled_back,
    DriverDied: Story._died,
}


def story_of(source: str, number: int, delivery: KafkaDelivery, events: Iterable[Event]) -> list[StoryRow]:
    """The story of record `number` of a producer, or of what stood at this offset of a log. Raises `ValueError`."""
    found = [given for given in delivery.given() if _is_meant(given, source, number)]
    if not found:
        names = ", ".join(sorted({given.producer for given in delivery.given()}))
        raise ValueError(
            f"story({source!r}, {number!r}): no such record; give a log, such as 'orders/0', and an offset, or one of "
            f"the producers ({names or 'there are none'}) and a number"
        )
    rows = [row for given in found for row in Story.of(given, delivery).tell(events).rows]
    return sorted(rows, key=lambda row: row.time_ms)


def _is_meant(given: Given, source: str, number: int) -> bool:
    if given.producer == source:
        return given.number == number
    return any(place.lane[0] == source and place.offset == number for place in given.places)

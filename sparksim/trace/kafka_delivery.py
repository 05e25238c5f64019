"""What became of every record that a producer was given, up to the rows of the sinks.

A row brings together what the producer was told, where the record stands in its logs (nowhere, once, or twice when it
was sent again), what the streams made of each of these places, and what the sinks show. So a record that was processed
twice and whose second write went to the same row shows as such.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sparksim.trace.entries import Entries, Entry
from sparksim.trace.events import Event, OffsetsCommitted
from sparksim.trace.fates import LOG, LOST, ONCE, PENDING, PRODUCER, REPEATED
from sparksim.trace.log_history import Gone, Lane, Logs
from sparksim.trace.produced import Given, Place, Producers
from sparksim.trace.written import Shown, Written


@dataclass(frozen=True, slots=True)
class ProducedRow:
    """One record that a producer was given. `places` are its logs and offsets, "orders/0:17".

    `times` is how often it was processed, `outcome` says so in words, `where` is where it was lost or is on its way:
    producer, log, skipped, receiver or batch. `reordered`: in the log or in the batches behind a later record of its
    partition. `writes` is how often a sink was told of it, `rows` in how many rows it stands; None: nobody said.
    """

    producer: str
    record: int
    places: tuple[str, ...]
    outcome: str
    times: int
    where: str
    reason: str
    reordered: bool
    writes: int | None
    rows: int | None


class Case(NamedTuple):
    """A record with all that is known of it."""

    row: ProducedRow
    given: Given
    entries: tuple[Entry | None, ...]
    """What the streams made of each of its places."""
    gone: tuple[Gone | None, ...]
    """When and why each of its places went."""
    is_late: bool
    """It stands in its log behind a later one."""
    was_rolled_back: bool


class KafkaDelivery:
    """The account of a run in which there is Kafka. `entries` is what the streams made of the records of the logs."""

    def __init__(self, events: Iterable[Event], entries: Mapping[Lane, Entries]) -> None:
        self._entries = entries
        self.logs = Logs()
        self.producers = Producers(self.logs)
        self.written = Written(self.logs)
        self._commits: dict[str, list[OffsetsCommitted]] = {}
        self._highest: dict[str, list[int]] = {}
        for number, event in enumerate(events):
            self.logs.follow(number, event)
            self.producers.follow(event)
            self.written.follow(event)
            if isinstance(event, OffsetsCommitted):
                self._note_commit(event)

    def cases(self) -> Iterator[Case]:
        """Every record once."""
        late = self.producers.late()
        overtaken = self._overtaken()
        for given in self.given():
            entries = tuple(self._entries.get(place.lane, {}).get(place.offset) for place in given.places)
            gone = tuple(self.logs.gone.get(place.lane, {}).get(place.offset) for place in given.places)
            told = _told(given, entries, gone)
            is_late = (given.producer, given.number) in late
            reordered = is_late or any(place in overtaken for place in given.places)
            row = _row(given, told, reordered, self.written.shown(given.places))
            yield Case(row, given, entries, gone, is_late, self.written.was_rolled_back(given.places))

    def _note_commit(self, event: OffsetsCommitted) -> None:
        for log, offset in event.offsets:
            highest = self._highest.setdefault(log, [])
            highest.append(max(offset, highest[-1] if highest else 0))
            self._commits.setdefault(log, []).append(event)

    def first_commit_behind(self, place: Place) -> OffsetsCommitted | None:
        """The first of any group or sink that says that it is done with the record at this place."""
        log = place.lane[0]
        at = bisect_right(self._highest.get(log, []), place.offset)
        commits = self._commits.get(log, [])
        return commits[at] if at < len(commits) else None

    def given(self) -> Iterator[Given]:
        """Every record once, as its producer has it."""
        return self.producers.given(self._entries)

    def _overtaken(self) -> set[Place]:
        """Records of logs that a batch processed first after one had processed a later record of the same log."""
        overtaken: set[Place] = set()
        for lane, entries in self._entries.items():
            if lane[0] not in self.logs:
                continue
            earliest: int | None = None
            for offset, entry in reversed(entries.items()):
                batch_ms = entry.first_batch_ms
                if batch_ms is None:
                    continue
                if earliest is not None and batch_ms > earliest:
                    overtaken.add(Place(lane, offset))
                earliest = batch_ms if earliest is None else min(earliest, batch_ms)
        return overtaken


def _row(given: Given, told: Entry, reordered: bool, shown: Shown | None) -> ProducedRow:
    places = tuple(map(str, given.places))
    writes, rows = (None, None) if shown is None else shown
    return ProducedRow(
        given.producer,
        given.number,
        places,
        told.outcome,
        told.times,
        told.where,
        told.reason,
        reordered,
        writes,
        rows,
    )


def _told(given: Given, entries: tuple[Entry | None, ...], gone: tuple[Gone | None, ...]) -> Entry:
    """What became of it, by all its places together."""
    times = sum(entry.times for entry in entries if entry is not None)
    if times:
        reason = "it is in the log twice" if times > 1 and len(given.places) > 1 else ""
        return Entry(ONCE if times == 1 else REPEATED, times, 0, reason, "")
    here = [entry for entry, left in zip(entries, gone, strict=True) if left is None]
    if here:
        known = [entry for entry in here if entry is not None]
        if not known:
            return Entry(PENDING, 0, 0, "in the log, where readers may not see it yet", LOG)
        return next((entry for entry in known if entry.outcome == PENDING), known[-1])
    if given.ended is None and all(left is not None and left.truncated for left in gone):
        return Entry(PENDING, 0, 0, "its producer has sent it and waits, or will send it (again)", PRODUCER)
    if given.places:
        return _left(entries[-1], gone[-1])
    if given.lost is not None:
        return Entry(LOST, 0, 0, given.lost.reason, PRODUCER)
    if given.ended is not None and given.ended.error:
        return Entry(LOST, 0, 0, given.ended.error, PRODUCER)
    return Entry(PENDING, 0, 0, "on its way to the broker, which nobody waits for", PRODUCER)


def _left(entry: Entry | None, gone: Gone | None) -> Entry:
    """It was in the log and is no more: what its readers say of it, or else why it went."""
    if entry is not None:
        return entry
    assert gone is not None
    return Entry(LOST, 0, 0, gone.reason, LOG)

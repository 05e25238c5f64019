"""Logs whose offsets are given more than once: which records stood where at which moment, and when they went.

A log that lost its end to a new leader, or was deleted and made anew, gives offsets again. From each such moment on the
offsets behind the cut are of another *generation*; log, generation and offset together name one record for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from sparksim.trace.events import (
    Event,
    LeaderElected,
    OffsetRangesAllocated,
    OffsetsReset,
    OffsetsSkipped,
    Origin,
    RecordsAppended,
    RecordsDeleted,
    RecordsSent,
    RecordsTruncated,
)

Lane = tuple[str, int]
"""A log, and a generation of its offsets; of other sources the generation is 0."""


class Piece(NamedTuple):
    """Records `first` to `last`, both included, of one generation."""

    source: str
    generation: int
    first: int
    last: int

    @property
    def lane(self) -> Lane:
        return self.source, self.generation


class Gone(NamedTuple):
    """Since event number `since` the log does not hold this record."""

    since: int
    time_ms: float
    reason: str
    truncated: bool


class Logs:
    """Follows the logs through the events of a run. `gone` and `sent` are by lane."""

    def __init__(self) -> None:
        self.gone: dict[Lane, dict[int, Gone]] = {}
        self.sent: dict[Lane, list[tuple[int, int]]] = {}
        self.resets: dict[str, list[OffsetsReset]] = {}
        self._names: set[str] = set()
        self._cuts: dict[str, list[int]] = {}
        self._ends: dict[str, int] = {}

    def __contains__(self, source: object) -> bool:
        return source in self._names

    def follow(self, number: int, event: Event) -> None:
        """The events in order; `number` counts them."""
        if isinstance(event, RecordsSent):
            for piece in self.pieces([(event.source, event.first, event.first + event.count - 1)]):
                _extend(self.sent.setdefault(piece.lane, []), piece.first, piece.last)
        elif isinstance(event, RecordsAppended):
            self._names.add(event.log)
            if event.first_offset < self._ends.get(event.log, 0):
                self._cut(event.log, event.first_offset)
            self._ends[event.log] = event.first_offset + len(event.numbers)
        elif isinstance(event, RecordsTruncated):
            self._note_gone(number, event.time_ms, [event.origin], event.reason, truncated=True)
            self._cut(event.origin[0], event.origin[1])
        elif isinstance(event, RecordsDeleted):
            self._note_gone(number, event.time_ms, event.origins, event.reason, truncated=False)
        elif isinstance(event, OffsetRangesAllocated | OffsetsSkipped):
            self._names.update(source for source, _, _ in event.origins)
        elif isinstance(event, OffsetsReset):
            self._names.add(event.log)
            self.resets.setdefault(event.log, []).append(event)
        elif isinstance(event, LeaderElected):
            self._names.add(event.log)

    def pieces(self, origins: Iterable[Origin]) -> tuple[Piece, ...]:
        """These records by the generations of now."""
        return tuple(piece for source, first, last in origins for piece in self._pieces_of(source, first, last))

    def _pieces_of(self, source: str, first: int, last: int) -> Iterator[Piece]:
        cuts = self._cuts.get(source)
        if cuts is None:
            yield Piece(source, 0, first, last)
            return
        begins = [first, *sorted({cut for cut in cuts if first < cut <= last}), last + 1]
        for begin, end in pairwise(begins):
            yield Piece(source, sum(cut <= begin for cut in cuts), begin, end - 1)

    def _note_gone(
        self, number: int, time_ms: float, origins: Iterable[Origin], reason: str, *, truncated: bool
    ) -> None:
        gone = Gone(number, time_ms, reason, truncated)
        for piece in self.pieces(origins):
            self._names.add(piece.source)
            self.gone.setdefault(piece.lane, {}).update(dict.fromkeys(range(piece.first, piece.last + 1), gone))

    def _cut(self, source: str, first: int) -> None:
        self._cuts.setdefault(source, []).append(first)
        self._ends[source] = first


def _extend(spans: list[tuple[int, int]], first: int, last: int) -> None:
    """Add a span; one that continues the last one makes that longer."""
    if spans and first <= spans[-1][1] + 1 and spans[-1][0] <= first:
        spans[-1] = spans[-1][0], max(spans[-1][1], last)
    else:
        spans.append((first, last))

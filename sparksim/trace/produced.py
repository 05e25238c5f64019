"""From a producer to its logs: what it was given, where that was written, and what the producer was told of it.

A record that was sent twice stands in its log twice. A log whose producers the trace does not know is taken for a
producer itself, named like the log: its records are numbered by their offsets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sparksim.trace.entries import Entries
from sparksim.trace.events import (
    Event,
    ProduceEnded,
    ProduceLost,
    ProducerStarted,
    RecordsAppended,
    RecordsProduced,
)
from sparksim.trace.log_history import Lane, Logs


class Place(NamedTuple):
    """Where a record stands, or stood, in a log."""

    lane: Lane
    offset: int

    def __str__(self) -> str:
        return f"{self.lane[0]}:{self.offset}"


@dataclass(slots=True)
class Given:
    """One record of a producer. `ended` is None as long as the producer waits for an answer."""

    producer: str
    number: int
    places: tuple[Place, ...]
    ended: ProduceEnded | None = None
    lost: ProduceLost | None = None

    @property
    def acknowledged(self) -> bool:
        """Whether the producer believes that it is written."""
        return self.ended is not None and not self.ended.error


class Producers:
    """Follows the producers through the events of a run."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs
        self._counts: dict[str, int] = {}
        self._places: dict[str, dict[int, tuple[Place, ...]]] = {}
        self._ended: dict[str, dict[int, ProduceEnded]] = {}
        self._lost: dict[str, dict[int, ProduceLost]] = {}
        self._written: set[str] = set()
        self.settings: dict[str, Mapping[str, str]] = {}

    def follow(self, event: Event) -> None:
        """The events in order, each after the logs have followed it."""
        if isinstance(event, ProducerStarted):
            self.settings[event.producer] = dict(event.settings)
        elif isinstance(event, RecordsProduced):
            self._counts[event.producer] = max(self._counts.get(event.producer, 0), event.first + event.count)
        elif isinstance(event, RecordsAppended):
            self._written.add(event.log)
            places = self._places.setdefault(event.producer, {})
            first, last = event.first_offset, event.first_offset + len(event.numbers) - 1
            for piece in self._logs.pieces([(event.log, first, last)]):
                for offset in range(piece.first, piece.last + 1):
                    number = event.numbers[offset - first]
                    places[number] = (*places.get(number, ()), Place(piece.lane, offset))
        elif isinstance(event, ProduceEnded):
            self._ended.setdefault(event.producer, {}).update(dict.fromkeys(event.numbers, event))
        elif isinstance(event, ProduceLost):
            self._lost.setdefault(event.producer, {}).update(dict.fromkeys(event.numbers, event))

    def __contains__(self, producer: object) -> bool:
        return producer in self._counts

    def given(self, entries: Mapping[Lane, Entries]) -> Iterator[Given]:
        """Every record once, producer by producer, in the order in which they were given."""
        for producer, count in sorted(self._counts.items()):
            places, ended = self._places.get(producer, {}), self._ended.get(producer, {})
            lost = self._lost.get(producer, {})
            for number in range(count):
                yield Given(producer, number, places.get(number, ()), ended.get(number), lost.get(number))
        for lane, numbers in entries.items():
            if lane[0] in self._logs and lane[0] not in self._written:
                for number in numbers:
                    yield Given(lane[0], number, (Place(lane, number),))

    def late(self) -> set[tuple[str, int]]:
        """Records that stand in their log behind one that the producer was given later."""
        by_log: dict[str, list[tuple[int, str, int]]] = {}
        for producer, places in self._places.items():
            for number, each in places.items():
                for place in each:
                    gone = self._logs.gone.get(place.lane, {}).get(place.offset)
                    if gone is None or not gone.truncated:
                        by_log.setdefault(place.lane[0], []).append((place.offset, producer, number))
        late: set[tuple[str, int]] = set()
        for written in by_log.values():
            seen: set[tuple[str, int]] = set()
            highest: dict[str, int] = {}
            for _, producer, number in sorted(written):
                if number < highest.get(producer, -1) and (producer, number) not in seen:
                    late.add((producer, number))
                seen.add((producer, number))
                highest[producer] = max(highest.get(producer, -1), number)
        return late

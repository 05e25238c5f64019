"""From a batch to the sinks: which rows a record was written to, and how often.

A record stands in a sink once when it was written once, or when each further write went to the same row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sparksim.trace.events import Event, Origin, SinkRolledBack, SinkWritten
from sparksim.trace.log_history import Lane, Logs
from sparksim.trace.produced import Place

Key = tuple[str, str]
"""A sink, and the key of its rows."""


class Shown(NamedTuple):
    """How often a record was written to a sink, and in how many rows it stands: under the key where that is most."""

    writes: int
    rows: int


class Written:
    """Follows the sinks through the events of a run."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs
        self._inserts: dict[Lane, dict[int, dict[Key, int]]] = {}
        self._upserts: dict[Lane, dict[int, dict[Key, int]]] = {}
        self._rolled_back: dict[Lane, set[int]] = {}
        self._sources: set[str] = set()

    def follow(self, event: Event) -> None:
        """The events in order, each after the logs have followed it."""
        if isinstance(event, SinkWritten):
            counts = self._inserts if event.operation == "insert" else self._upserts
            for key, origin in zip(event.keys, event.origins, strict=True):
                for lane, offset in self._records((origin,)):
                    by_key = counts.setdefault(lane, {}).setdefault(offset, {})
                    by_key[event.sink, key] = by_key.get((event.sink, key), 0) + 1
        elif isinstance(event, SinkRolledBack):
            for lane, offset in self._records(event.origins):
                self._rolled_back.setdefault(lane, set()).add(offset)

    def _records(self, origins: Iterable[Origin]) -> Iterator[tuple[Lane, int]]:
        for piece in self._logs.pieces(origin for origin in origins if origin[0]):
            self._sources.add(piece.source)
            for offset in range(piece.first, piece.last + 1):
                yield piece.lane, offset

    def shown(self, places: Iterable[Place]) -> Shown | None:
        """What the sinks show of a record. None: no program has said which records of its log are behind its rows."""
        inserts: dict[Key, int] = {}
        upserts: dict[Key, int] = {}
        known = False
        for lane, offset in places:
            known = known or lane[0] in self._sources
            for counts, found in ((inserts, self._inserts), (upserts, self._upserts)):
                for key, count in found.get(lane, {}).get(offset, {}).items():
                    counts[key] = counts.get(key, 0) + count
        if not known:
            return None
        keys = inserts.keys() | upserts.keys()
        writes = max((inserts.get(key, 0) + upserts.get(key, 0) for key in keys), default=0)
        rows = max((max(inserts.get(key, 0), 1) for key in keys), default=0)
        return Shown(writes, rows)

    def was_rolled_back(self, places: Iterable[Place]) -> bool:
        """Whether a write of this record was undone."""
        return any(offset in self._rolled_back.get(lane, ()) for lane, offset in places)

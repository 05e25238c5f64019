"""States of sessions as sessions, not as the places in which the engine keeps them.

A key's sessions are numbered anew in each batch: when the first goes, the second takes its place. So what a batch did
is seen by comparing the windows before and after: one that overlaps an earlier one goes on, even if it has joined two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sparksim.trace.query_keys import Window

GONE = ("removed", "expired")


class Place(NamedTuple):
    """One change of the engine's: where a session is kept, whose it is, what it is now (None: nobody's place)."""

    key: str
    owner: str
    window: Window | None
    value: str


class Session(NamedTuple):
    """What became of a session. `name` stays while it grows."""

    name: str
    owner: str
    window: Window
    change: str
    value: str


class Sessions:
    """The sessions of one partition, batch by batch."""

    def __init__(self) -> None:
        self._kept: dict[str, Place] = {}
        self._names: dict[tuple[str, Window], str] = {}
        self._count = 0
        self._batch = -1
        self._before = self._kept, self._names, self._count

    def after(self, batch: int, places: Sequence[Place]) -> list[Session]:
        """What a batch that changed these places did; one that is run again begins where it began before."""
        if batch == self._batch:
            self._kept, self._names, self._count = self._before
        self._batch, self._before = batch, (dict(self._kept), dict(self._names), self._count)
        known = (place if place.window else self._kept.get(place.key) for place in places)
        owners = dict.fromkeys(place.owner for place in known if place is not None)
        before = {owner: self._windows(owner) for owner in owners}
        for place in places:
            if place.window is None:
                self._kept.pop(place.key, None)
            else:
                self._kept[place.key] = place
        return [each for owner in owners for each in self._changes(owner, before[owner], self._windows(owner))]

    def _windows(self, owner: str) -> dict[Window, str]:
        return {each.window: each.value for each in self._kept.values() if each.owner == owner and each.window}

    def _changes(self, owner: str, before: dict[Window, str], after: dict[Window, str]) -> Iterable[Session]:
        gone = dict(before)
        for window in sorted(after):
            joined = [old for old in sorted(before) if old[0] <= window[1] and window[0] <= old[1]]
            if window in before and before[window] == after[window]:
                gone.pop(window)
                continue
            name = self._names.get((owner, joined[0])) if joined else None
            if name is None:
                self._count += 1
                name = f"{owner} {self._count}"
            for old in joined[:1]:
                gone.pop(old, None)
            for old in joined[1:]:
                if gone.pop(old, None) is not None:
                    yield Session(self._names.pop((owner, old)), owner, old, "removed", "")
            if joined:
                self._names.pop((owner, joined[0]), None)
            self._names[owner, window] = name
            yield Session(name, owner, window, "updated" if joined else "created", after[window])
        for window in gone:
            yield Session(self._names.pop((owner, window)), owner, window, "expired", "")

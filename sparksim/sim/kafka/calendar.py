"""What is due inside a cluster, and when: a calendar that is worked off up to a moment whenever somebody asks.

The cluster has no processes of its own. An entry is a call at an exact time; `advance` makes all calls that are due, in
order, with `now_ms` at the time of each, and a call may add others. So records, replication and crashes come at their
exact moments relative to each other, also while no driver lives, and it costs nothing when nobody asks.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from math import inf
from typing import Any


class Calendar:
    """Calls to make, by time in ms; at equal times in the order in which they were entered.

    `appoint` hears of the times of entries that must not wait until somebody asks: what others can see at once, such as
    a new leader.
    """

    def __init__(self, appoint: Callable[[float], None] = lambda time_ms: None) -> None:
        self.now_ms = 0.0
        self._appoint = appoint
        self._entries: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._entered = 0
        self._busy = False

    @property
    def next_ms(self) -> float:
        """When the next entry is due; infinite if there is none."""
        return self._entries[0][0] if self._entries else inf

    def at(self, time_ms: float, action: Callable[..., None], *args: Any) -> None:
        """Call `action(*args)` at this time, or at once when it is past."""
        self._entered += 1
        heappush(self._entries, (max(round(float(time_ms), 3), self.now_ms), self._entered, action, args))

    def after(self, delay_ms: float, action: Callable[..., None], *args: Any) -> None:
        """Call `action(*args)` when this time has passed."""
        self.at(self.now_ms + delay_ms, action, *args)

    def appointment(self, time_ms: float, action: Callable[..., None], *args: Any) -> None:
        """Like `at`, for what must not wait until somebody asks."""
        self.at(time_ms, action, *args)
        self._appoint(max(round(float(time_ms), 3), self.now_ms))

    def advance(self, to_ms: float) -> bool:
        """Make all calls that are due by then; whether there were any. A call that advances again changes nothing."""
        if self._busy or to_ms < self.now_ms:
            return False
        self._busy, entries, worked = True, self._entries, False
        try:
            while entries and entries[0][0] <= to_ms:
                self.now_ms, _, action, args = heappop(entries)
                action(*args)
                worked = True
            self.now_ms = to_ms
        finally:
            self._busy = False
        return worked

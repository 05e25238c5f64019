"""The rows that one side of a join of streams remembers (Spark: SymmetricHashJoinStateManager).

Two stores, as in Spark: how many rows a key has, and each row under (key, number). So a new row costs one row however
many its key has, and each row leaves at its own time. The numbers of a key have no gaps: where a row leaves, the key's
last one moves in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sparksim.sql.streaming.store.contract import Key, StateStore

COUNTS, ROWS = "keyToNumValues", "keyWithIndexToValue"


class Stored(NamedTuple):
    """A row that waits for the other side. `expires_us`: the event time by which it goes, None if it stays."""

    values: tuple[Any, ...]
    expires_us: int | None
    is_matched: bool = False


class SideState:
    """One side's rows, in the stores `<side>-keyToNumValues` and `<side>-keyWithIndexToValue`."""

    def __init__(self, side: str, stores: Mapping[str, StateStore]) -> None:
        self._counts, self._rows = (stores[name] for name in store_names(side))

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, key: Key) -> list[Stored]:
        """The rows of a key, by number."""
        return [self._rows.get((key, number)) for number in range(self._count(key))]

    def append(self, key: Key, row: Stored) -> None:
        """One more row of a key."""
        count = self._count(key)
        self._rows.put((key, count), row, row.expires_us)
        self._counts.put(key, count + 1)

    def mark(self, key: Key, number: int) -> None:
        """Note that a row has found a match."""
        row: Stored = self._rows.get((key, number))
        if not row.is_matched:
            self._rows.put((key, number), row._replace(is_matched=True), row.expires_us)

    def evict(self, through_us: int) -> list[Stored]:
        """Forget the rows whose time has come, and give them."""
        gone = self._rows.expired(through_us)
        rows = [self._rows.get(place) for place in gone]
        self.remove(gone)
        return rows

    def remove(self, places: Iterable[tuple[Key, int]]) -> None:
        """Forget rows, each a key and a number."""
        numbers = defaultdict(list)
        for key, number in places:
            numbers[key].append(number)
        for key, gone in numbers.items():
            self._remove(key, gone)

    def _remove(self, key: Key, numbers: list[int]) -> None:
        count = self._count(key)
        for number in sorted(numbers, reverse=True):  # from behind, so that no row that goes is moved
            count -= 1
            if number < count:
                last: Stored = self._rows.get((key, count))
                self._rows.put((key, number), last, last.expires_us)
            self._rows.remove((key, count))
        if count:
            self._counts.put(key, count)
        else:
            self._counts.remove(key)

    def _count(self, key: Key) -> int:
        return self._counts.get(key) or 0


def store_names(side: str) -> tuple[str, str]:
    """The names of a side's stores; `side` is left or right."""
    return f"{side}-{COUNTS}", f"{side}-{ROWS}"

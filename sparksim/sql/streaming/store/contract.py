"""What stateful operators ask of a state store (Spark: StateStore)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

Key = Any
"""Hashable and of plain Python values: int, float, str, bytes, bool, None, Decimal, date, and tuples of them. Times are
whole microseconds since the epoch, a window is the tuple (start, end). Two keys that are equal are one key."""


class StateStore(Protocol):
    """One partition of one operator's states, at one version, for one task.

    Nothing is seen by others before `commit`. Every operation costs in proportion to what it touches, also `expired`.
    """

    def get(self, key: Key) -> Any:
        """The value of a key, None without one. Values are never changed in place: put a new one."""

    def put(self, key: Key, value: Any, expires_us: int | None = None) -> None:
        """Give a key a value (not None). `expires_us`: from when on `expired` names it; None: never."""

    def remove(self, key: Key) -> None:
        """Forget a key; nothing happens when there is none."""

    def items(self) -> Iterator[tuple[Key, Any]]:
        """All keys and values, in an order that is the same in every run. Costs in proportion to all."""

    def expired(self, through_us: int) -> list[Key]:
        """The keys with `expires_us <= through_us`, earliest first; they stay until they are removed."""

    def __len__(self) -> int:
        """How many keys there are."""

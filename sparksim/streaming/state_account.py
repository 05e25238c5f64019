"""What a batch did to single keys of a partition of states, for the trace, and how many bytes the states are.

Only so many keys are told one by one, in the order in which the batch came to them; the others are counted. A state is
as large as its pickle, like everything else that is stored.
"""

from __future__ import annotations

from typing import Any

from sparksim.core.backend import KeyChange
from sparksim.core.conf import SparkConf, integer
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.serializer import dumps
from sparksim.trace.short_text import short_text

STATE_KEYS = "spark.sparksim.stateKeys"
"""So many keys of each partition and batch are told (100 by default). 0: none, and no state is measured."""

CREATED, UPDATED, REMOVED, TIMED_OUT = "created", "updated", "removed", "timed out"


def keys_to_tell(conf: SparkConf) -> int:
    """The setting `STATE_KEYS`. Raises `IllegalArgumentError` for a negative number."""
    keys = integer(conf, STATE_KEYS, 100)
    if keys < 0:
        raise IllegalArgumentError(f"{STATE_KEYS}={keys!r}: give the number of keys to tell, 0 for none")
    return keys


def size_of(state: Any) -> int:
    """How many bytes the pickle of a state has; 0 for one that cannot be serialised."""
    try:
        return len(dumps(state))
    except Exception:  # whoever stores it will say so; to be looked at must not make a program fail
        return 0


class KeyAccount:
    """Of one partition and batch: the first `limit` keys one by one, and how many more there are."""

    def __init__(self, limit: int) -> None:
        self.left_out = 0
        self._limit = limit
        self._told: list[KeyChange] = []

    def tell(self, key: Any, change: str, size_bytes: int | None = None, state: Any = None) -> None:
        """This became of a key; a state that it has now is `size_bytes` large."""
        if len(self._told) < self._limit:
            self._told.append((short_text(key), change, size_bytes, "" if state is None else short_text(state)))
        else:
            self.left_out += 1

    def told(self, size_bytes: int) -> tuple[int | None, tuple[KeyChange, ...], int | None]:
        """The last three values of a `StateChange`; all states together are `size_bytes` large."""
        return (size_bytes, tuple(self._told), self.left_out) if self._limit else (None, (), None)

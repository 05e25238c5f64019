"""What a batch did to single keys of a partition of states, for the trace, and how many bytes the states are.

Only so many keys are told one by one, in the order in which the batch came to them; the others are counted. A state is
as large as its pickle, like everything else that is stored. Weighing all states takes time, so a live run, in which
time is measured, does it only if it is asked to.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sparksim.core.backend import KeyChange
from sparksim.core.conf import SparkConf, boolean, integer
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.serializer import dumps
from sparksim.trace.short_text import short_text

STATE_KEYS = "spark.sparksim.stateKeys"
"""So many changed keys of each partition and batch are told one by one (100 by default)."""

STATE_BYTES = "spark.sparksim.stateBytes"
"""Whether all states of each partition and batch are weighed. By default they are on a simulated cluster only."""

CREATED, UPDATED, REMOVED, TIMED_OUT = "created", "updated", "removed", "timed out"


class Watch(NamedTuple):
    """How closely states are looked at: by the settings `STATE_KEYS` and `STATE_BYTES`."""

    keys: int
    bytes: bool

    @staticmethod
    def of(conf: SparkConf) -> Watch:
        """Raises `IllegalArgumentError` for a negative number of keys."""
        keys = integer(conf, STATE_KEYS, 100)
        if keys < 0:
            raise IllegalArgumentError(f"{STATE_KEYS}={keys!r}: give the number of keys to tell, 0 for none")
        return Watch(keys, boolean(conf, STATE_BYTES, not (conf.get("spark.master") or "").startswith("local")))


def size_of(state: Any) -> int:
    """How many bytes the pickle of a state has; 0 for one that cannot be serialised."""
    try:
        return len(dumps(state))
    except Exception:  # whoever stores it will say so; to be looked at must not make a program fail
        return 0


class KeyAccount:
    """Of one partition and batch: the first `limit` keys one by one, and how many more there are."""

    def __init__(self, limit: int) -> None:
        self.changes: list[KeyChange] = []
        self.left_out = 0
        self._limit = limit

    def tell(self, key: Any, change: str, state: Any) -> None:
        """This became of a key; None is no state."""
        if len(self.changes) >= self._limit:
            self.left_out += 1
        elif state is None:
            self.changes.append((short_text(key), change, None, ""))
        else:
            self.changes.append((short_text(key), change, size_of(state), short_text(state)))

"""To which partition a record goes: keyed by a hash, without a key wherever the producer's partitioner says.

The hash is the one of Kafka's Java client (org.apache.kafka.common.utils.Utils.murmur2), so the same keys go to the
same partitions as with a real cluster.
"""

from __future__ import annotations

import random
from typing import Protocol

_MASK = 0xFFFFFFFF
_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995


def murmur2(data: bytes) -> int:
    """MurmurHash 2 of these bytes, as a signed number of 32 bits."""
    state = _SEED ^ len(data)
    whole = len(data) - len(data) % 4
    for begin in range(0, whole, 4):
        word = int.from_bytes(data[begin : begin + 4], "little") * _MULTIPLIER & _MASK
        word = (word ^ word >> 24) * _MULTIPLIER & _MASK
        state = (state * _MULTIPLIER & _MASK) ^ word
    if whole < len(data):
        state = (state ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER & _MASK
    state = (state ^ state >> 13) * _MULTIPLIER & _MASK
    state ^= state >> 15
    return state - (1 << 32) if state >> 31 else state


def keyed(key: bytes, partitions: int) -> int:
    """The partition of a key among so many."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


class Partitioner(Protocol):
    """Where records without a key go."""

    def choose(self, partitions: int) -> int:
        """The partition of the next record."""

    def batch_ended(self) -> None:
        """A batch is complete."""


class Sticky:
    """One partition until its batch is complete, then another by chance (Kafka 2.4: KIP-480)."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._chosen: int | None = None
        self._before: int | None = None

    def choose(self, partitions: int) -> int:
        if self._chosen is None or self._chosen >= partitions:
            others = [each for each in range(partitions) if each != self._before] or [0]
            self._chosen = self._rng.choice(others)
        return self._chosen

    def batch_ended(self) -> None:
        self._before, self._chosen = self._chosen, None


class RoundRobin:
    """One partition after the other (the Java client before 2.4)."""

    def __init__(self) -> None:
        self._next = 0

    def choose(self, partitions: int) -> int:
        chosen = self._next % partitions
        self._next = chosen + 1
        return chosen

    def batch_ended(self) -> None:
        """Nothing to remember."""

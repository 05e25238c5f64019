"""Counting different values in little memory: HyperLogLog (Spark: countApproxDistinct, HyperLogLogPlus).

Hashing and registers are Spark's, so small counts, which are read from the empty registers, are the same as there.
Larger ones use Ertl's estimator instead of Spark's bias tables: both are within `relativeSD` of the truth.
"""

from __future__ import annotations

from math import ceil, inf, log, log2

_MASK = (1 << 64) - 1
_LINEAR_UP_TO = dict(
    zip(
        range(4, 19),
        (10, 20, 40, 80, 220, 400, 900, 1800, 3100, 6500, 11500, 20000, 50000, 120000, 350000),
        strict=True,
    )
)
"""Up to which estimate the empty registers are the better witness, by precision (Heule and others, 2013)."""


class HyperLogLog:
    """A sketch of a set of integers. `relative_sd` is the standard error wanted."""

    def __init__(self, relative_sd: float) -> None:
        self.precision = max(ceil(2.0 * log2(1.054 / relative_sd)), 4)
        self.registers = bytearray(1 << self.precision)

    def add(self, value: int) -> None:
        """Add one value."""
        hashed = _murmur64(str(value).encode("ascii"))
        place = hashed >> (64 - self.precision)
        rest = ((hashed << self.precision) | (1 << (self.precision - 1))) & _MASK
        zeros = 64 - rest.bit_length() + 1
        self.registers[place] = max(self.registers[place], zeros)

    def merge(self, other: HyperLogLog) -> HyperLogLog:
        """The sketch of both sets."""
        self.registers = bytearray(map(max, self.registers, other.registers))
        return self

    def cardinality(self) -> int:
        """About how many different values were added."""
        size = len(self.registers)
        empty = self.registers.count(0)
        if empty:
            linear = size * log(size / empty)
            if linear <= _LINEAR_UP_TO.get(self.precision, 0):
                return round(linear)
        return round(self._ertl_estimate(size))

    def _ertl_estimate(self, size: int) -> float:
        """Ertl (2017), "New cardinality estimation algorithms for HyperLogLog sketches", algorithm 6."""
        longest = 64 - self.precision
        counts = [self.registers.count(zeros) for zeros in range(longest + 2)]
        total = size * _tau(1.0 - counts[longest + 1] / size)
        for zeros in range(longest, 0, -1):
            total = 0.5 * (total + counts[zeros])
        total += size * _sigma(counts[0] / size)
        return size * size / (2.0 * log(2.0) * total)


def _sigma(x: float) -> float:
    if x == 1.0:
        return inf
    weight, total = 1.0, x
    while True:
        x *= x
        before = total
        total += x * weight
        weight += weight
        if total == before:
            return total


def _tau(x: float) -> float:
    if x in (0.0, 1.0):
        return 0.0
    weight, total = 1.0, 1.0 - x
    while True:
        x **= 0.5
        before = total
        weight *= 0.5
        total -= (1.0 - x) ** 2 * weight
        if total == before:
            return total / 3.0


def _murmur64(data: bytes) -> int:
    """MurmurHash64A with the seed that Spark's library uses."""
    factor = 0xC6A4A7935BD1E995
    hashed = 0xE17A1465 ^ (len(data) * factor & _MASK)
    whole = len(data) - len(data) % 8
    for at in range(0, whole, 8):
        word = int.from_bytes(data[at : at + 8], "little") * factor & _MASK
        word = (word ^ word >> 47) * factor & _MASK
        hashed = (hashed ^ word) * factor & _MASK
    if whole < len(data):
        hashed = (hashed ^ int.from_bytes(data[whole:], "little")) * factor & _MASK
    hashed = (hashed ^ hashed >> 47) * factor & _MASK
    return hashed ^ hashed >> 47

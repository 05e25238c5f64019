"""Where PySpark's batches show: records travel in batches, and some operations move or pair whole batches.

`repartition` deals out batches of ten, from a start drawn for each partition; `cartesian` pairs batch with batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

REPARTITION_RECORDS = 10
_UINT32 = (1 << 32) - 1
_UINT64 = (1 << 64) - 1


def distribute(partitions: int, index: int, records: Iterator[Any]) -> Iterator[tuple[int, Any]]:
    """Pair each record with the partition it goes to. Spark: RDD.coalesce, distributePartition."""
    start = XorShiftRandom(index).below(partitions)
    for count, record in enumerate(records):
        yield (start + 1 + count // REPARTITION_RECORDS) % partitions, record


def same_number(key: int) -> int:
    """The partition function of keys that are partitions already."""
    return key


def batches(records: Iterator[Any], size: int | None) -> Iterator[list[Any]]:
    """Cut records into batches of `size`; for None, of 1, 2, 4... as PySpark's serialiser does while they are small.

    PySpark stops the growth when a batch takes 64 KiB; here it goes on (PySpark: AutoBatchedSerializer).
    """
    length = 1 if size is None else size
    while batch := list(islice(records, length)):
        yield batch
        if size is None:
            length *= 2


class XorShiftRandom:
    """Spark's generator of the same name: a 64-bit xorshift, seeded through MurmurHash3."""

    def __init__(self, seed: int) -> None:
        data = seed.to_bytes(8, "big", signed=True)
        low = _murmur3(data, 0x3C074A61)
        self._state = _murmur3(data, low) << 32 | low

    def below(self, bound: int) -> int:
        """A number from 0 to `bound - 1`, as java.util.Random.nextInt draws it from 31 bits."""
        if bound & (bound - 1) == 0:
            return bound * self._next_31_bits() >> 31
        while True:
            bits = self._next_31_bits()
            value = bits % bound
            if bits - value + bound - 1 < 1 << 31:
                return value

    def _next_31_bits(self) -> int:
        state = self._state
        state ^= state << 21 & _UINT64
        state ^= state >> 35
        state ^= state << 4 & _UINT64
        self._state = state
        return state & ((1 << 31) - 1)


def _murmur3(data: bytes, seed: int) -> int:
    """MurmurHash3 (32 bits) of whole words."""
    hashed = seed
    for at in range(0, len(data), 4):
        word = int.from_bytes(data[at : at + 4], "little") * 0xCC9E2D51 & _UINT32
        word = (word << 15 | word >> 17) & _UINT32
        hashed ^= word * 0x1B873593 & _UINT32
        hashed = (hashed << 13 | hashed >> 19) & _UINT32
        hashed = (hashed * 5 + 0xE6546B64) & _UINT32
    hashed ^= len(data)
    hashed = (hashed ^ hashed >> 16) * 0x85EBCA6B & _UINT32
    hashed = (hashed ^ hashed >> 13) * 0xC2B2AE35 & _UINT32
    return hashed ^ hashed >> 16

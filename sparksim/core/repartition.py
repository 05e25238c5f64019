"""How `repartition` deals records out: PySpark moves them in batches of ten, from a start drawn for each partition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

BATCH_RECORDS = 10


def distribute(partitions: int, index: int, records: Iterator[Any]) -> Iterator[tuple[int, Any]]:
    """Pair each record with the partition it goes to. Spark: RDD.coalesce, distributePartition."""
    position = java_random_int(_byteswap32(index), partitions)
    for count, record in enumerate(records):
        yield (position + 1 + count // BATCH_RECORDS) % partitions, record


def same_number(key: int) -> int:
    """The partition function of keys that are partitions already."""
    return key


def java_random_int(seed: int, bound: int) -> int:
    """The first `nextInt(bound)` of `new java.util.Random(seed)`: a linear congruential generator of 48 bits."""
    state = (seed ^ 0x5DEECE66D) & ((1 << 48) - 1)

    def next_31_bits() -> int:
        nonlocal state
        state = (state * 0x5DEECE66D + 0xB) & ((1 << 48) - 1)
        return state >> 17

    if bound & -bound == bound:
        return (bound * next_31_bits()) >> 31
    while True:
        bits = next_31_bits()
        value = bits % bound
        if bits - value + (bound - 1) < 1 << 31:
            return value


def _byteswap32(value: int) -> int:
    """Scala's hash that spreads neighbouring integers; a signed 32-bit number."""
    mixed = (value * 0x9E3775CD) & 0xFFFFFFFF
    mixed = int.from_bytes(mixed.to_bytes(4, "little"), "big")
    mixed = (mixed * 0x9E3775CD) & 0xFFFFFFFF
    return mixed - (1 << 32) if mixed >> 31 else mixed

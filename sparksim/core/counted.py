"""Records that are only counted: a number, no content. With them, a cluster too large for real data can be simulated.

They are received, stored, replicated, logged, allocated and read like others, and cost what others cost; but when a
task has read them, there is nothing to give to the program's functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class CountedRecords:
    """`count` records that came together."""

    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        self.count = count

    def __reduce__(self) -> tuple[type[CountedRecords], tuple[int]]:
        return CountedRecords, (self.count,)

    def __repr__(self) -> str:
        return f"CountedRecords({self.count})"


def count_of(record: Any) -> int:
    """How many records this one stands for."""
    return record.count if type(record) is CountedRecords else 1


def how_many(records: Sequence[Any]) -> int:
    """How many records these are, counted ones included."""
    return sum(map(count_of, records)) if is_counted(records) else len(records)


def is_counted(records: Sequence[Any]) -> bool:
    """Whether these records have no content. One source sends all of one kind, so the first tells."""
    return bool(records) and type(records[0]) is CountedRecords

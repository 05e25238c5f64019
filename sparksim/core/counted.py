"""Records that stand for many.

Some are only counted: a number, no content. With them, a cluster too large for real data can be simulated. They are
received, stored, replicated, logged, allocated and read like others, and cost what others cost; but when a task has
read them, there is nothing to give to the program's functions.

Others are chunks: tables of many rows, as queries over streams move them. They are counted and paid for row by row. No
layer below `sparksim.sql` knows a table, so it says here which types are chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

ROWS: dict[type, Callable[[Any], int]] = {}
"""The types of chunks, each with the function that says how many rows one has."""


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


def rows_of_pairs(pairs: Sequence[tuple[Any, Any]]) -> int:
    """How many records these (key, value) pairs stand for: a pair with a chunk for as many as it has rows."""
    rows = ROWS.get(type(pairs[0][1])) if pairs else None
    return len(pairs) if rows is None else sum(rows(chunk) for _, chunk in pairs)


def is_counted(records: Sequence[Any]) -> bool:
    """Whether these records have no content. One source sends all of one kind, so the first tells."""
    return bool(records) and type(records[0]) is CountedRecords

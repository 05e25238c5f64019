"""One fused chain: consecutive narrow transformations as nested C-level iterators, no Python frame of ours per record.

Spark: PythonRDD runs the pipelined function of several PySpark RDDs. Here it is a tuple of `Step`s, applied in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

MAP = "map"
FLAT_MAP = "flatMap"
FILTER = "filter"
PARTITIONS = "mapPartitions"
INDEXED = "mapPartitionsWithIndex"

STOPPED = (
    "a user function raised StopIteration, which would silently drop the remaining records. Catch it in the function, "
    "for example by giving next() a default value."
)


class Step(NamedTuple):
    """One transformation. `kind` says what `func` takes: a record, an iterator, or an index and an iterator."""

    kind: str
    func: Callable[..., Any]


def apply(steps: tuple[Step, ...], index: int, records: Iterator[Any]) -> Iterator[Any]:
    """The records that come out of the chain for partition `index`.

    A user function that raises StopIteration would end a C-level iterator as if there were no more records; that is
    noticed at the end of each run of such steps and raised as `RuntimeError` (PySpark: fail_on_stopiteration).
    """
    source_end: list[bool] | None = None
    for kind, func in steps:
        if kind in (PARTITIONS, INDEXED):
            if source_end is not None:
                records = chain(records, _expect(source_end))
                source_end = None
            records = iter(func(records) if kind == PARTITIONS else func(index, records))
            continue
        if source_end is None:
            source_end = []
            records = chain(records, _reached(source_end))
        if kind == MAP:
            records = map(func, records)
        elif kind == FLAT_MAP:
            records = chain.from_iterable(map(func, records))
        else:
            records = filter(func, records)
    return records if source_end is None else chain(records, _expect(source_end))


def _reached(end: list[bool]) -> Iterator[Any]:
    end.append(True)
    yield from ()


def _expect(end: list[bool]) -> Iterator[Any]:
    if not end:
        raise RuntimeError(STOPPED)
    yield from ()


def metered(records: Iterable[list[Any]], meter: Callable[[list[Any], str], Iterator[Any]], kind: str) -> Iterator[Any]:
    """Lists of records as one iterator, each list metered as it is reached."""
    return chain.from_iterable(meter(each, kind) for each in records)

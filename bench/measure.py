"""Timing and the row of the table: a measured thing, the thing it is held against, and the ratio of the two."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

RUNS = 5


@dataclass(frozen=True)
class Row:
    """`ours` and `theirs` in the same `unit`; `ratio` is how many times as long ours takes, None without a `theirs`."""

    what: str
    ours: float
    beside: str
    theirs: float
    unit: str
    ratio: float | None


def medians_s(*works: Callable[[], float]) -> list[float]:
    """For works that time themselves: the median of each, run in turns so that a busy moment hits all of them."""
    durations = [[work() for work in works] for _ in range(RUNS)]
    return [median(column) for column in zip(*durations, strict=True)]


def _duration_s(work: Callable[[], object]) -> float:
    gc.collect()
    begin = perf_counter()
    work()
    return perf_counter() - begin


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """`work` as a work that times itself."""
    return lambda: _duration_s(work)


def table(rows: list[Row]) -> str:
    """The rows as aligned text."""
    cells = [("what", "sparksim", "held against", "", "ratio")]
    cells += [
        (
            row.what,
            f"{row.ours:,.4g} {row.unit}",
            row.beside,
            f"{row.theirs:,.4g} {row.unit}" if row.ratio is not None else "",
            "" if row.ratio is None else f"{row.ratio:.2f}",
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    lines = [
        "  ".join(
            text.rjust(width) if column in (1, 3, 4) else text.ljust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])

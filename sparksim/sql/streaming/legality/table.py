"""The table of legality: what each shape of query may do in each output mode, in both versions of Spark.

Nothing here is typed in: every cell is what the checker says of a plan of that shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sparksim.sql.plan.nodes import Plan
from sparksim.sql.streaming.legality.at_run import dies_of
from sparksim.sql.streaming.legality.check import refusal_of
from sparksim.sql.streaming.legality.refusal import MODES, Refusal
from sparksim.sql.streaming.legality.rules import RULES
from sparksim.sql.streaming.legality.standard import PLANS


@dataclass(frozen=True)
class Cell:
    """One query in one output mode by one version's rules; `refusal` is None where it may run.

    `at_start`: refused by `start()`; otherwise the query starts, and dies when its first batch is planned.
    """

    shape: str
    version: str
    mode: str
    refusal: Refusal | None
    at_start: bool = True

    @property
    def word(self) -> str:
        """`ok`, `no`, or `dies`."""
        if self.refusal is None:
            return "ok"
        return "no" if self.at_start else "dies"


def cell(shape: str, plan: Plan, version: str, mode: str) -> Cell:
    """Ask about one plan. Raises `IllegalArgumentError` for another mode or version."""
    refusal = refusal_of(plan, mode, version)
    if refusal is not None:
        return Cell(shape, version, mode, refusal)
    return Cell(shape, version, mode, dies_of(plan, mode, version), at_start=False)


def cells(shapes: Iterable[str] = PLANS) -> Iterator[Cell]:
    """The cells of these shapes (all by default), shape by shape, version by version, mode by mode."""
    for shape in shapes:
        plan = PLANS[shape]()
        for version in RULES:
            for mode in MODES:
                yield cell(shape, plan, version, mode)


def table_text(shapes: Iterable[str] = PLANS) -> str:
    """The table to print: a line per shape, and for each version a word per output mode."""
    words: dict[str, list[str]] = {}
    for each in cells(shapes):
        words.setdefault(each.shape, []).append(each.word)
    heads = [f"{version}: {mode}" for version in RULES for mode in MODES]
    rows = [["query", *heads], *([shape.replace("_", " "), *found] for shape, found in words.items())]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )

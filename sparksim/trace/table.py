"""A table: rows of one frozen dataclass, with the few questions one asks of a run, and ways out of Python.

A row is an ordinary object (`row.total_delay_ms`), a table an ordinary sequence of rows.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from html import escape
from typing import Any, Generic, TypeVar, overload
from unicodedata import east_asian_width

from sparksim.core.language import Text
from sparksim.trace.words import REASONS

R = TypeVar("R")

SHOWN_ROWS = 60
SHOWN_WIDTH = 72

REASON_COLUMNS = frozenset({"reason", "decided_by"})
"""Their sentences are shown in the set language; in the rows they stay English."""

MORE_ROWS = Text("{} {} more rows {}", "{} 另有 {} 行 {}")


class Table(Sequence[R], Generic[R]):
    """Rows of the dataclass `row_type`, which names the columns even when there is no row.

    A text longer than `width` is shown without its end.
    """

    def __init__(self, row_type: type[R], rows: Iterable[R] = (), width: int = SHOWN_WIDTH) -> None:
        self._row_type = row_type
        self._width = width
        self._rows = tuple(rows)
        self.columns = tuple(field.name for field in fields(row_type))  # type: ignore[arg-type]  # any dataclass

    @overload
    def __getitem__(self, index: int) -> R: ...
    @overload
    def __getitem__(self, index: slice) -> Table[R]: ...
    def __getitem__(self, index: int | slice) -> R | Table[R]:
        if isinstance(index, slice):
            return Table(self._row_type, self._rows[index], self._width)
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return NotImplemented
        return self.columns == other.columns and self._rows == other._rows

    def __hash__(self) -> int:
        return hash(self._rows)

    def column(self, name: str) -> list[Any]:
        """The values of one column, in row order. Raises `ValueError` for a name that is no column."""
        self._check_columns([name])
        return [getattr(row, name) for row in self._rows]

    def where(self, condition: Callable[[R], object] | None = None, **equals: Any) -> Table[R]:
        """The rows that meet `condition(row)` and whose columns equal the given values.

        `batches.where(status="completed")`, `batches.where(lambda row: row.records > 100)`.
        Raises `ValueError` for a name that is no column.
        """
        self._check_columns(equals)
        return Table(
            self._row_type,
            (
                row
                for row in self._rows
                if (condition is None or condition(row))
                and all(getattr(row, name) == value for name, value in equals.items())
            ),
            self._width,
        )

    def to_text(self, max_rows: int = SHOWN_ROWS) -> str:
        """The table as aligned text: numbers to the right, None as "-". A longer table shows its two ends."""
        numeric = self._numeric_columns()
        head, tail, omitted = self._ends(max_rows)
        lines = [self.columns, *map(self._cells, head), *map(self._cells, tail)]
        widths = [max(room(line[i]) for line in lines) for i in range(len(self.columns))]
        text = [
            "  ".join(
                " " * (width - room(cell)) + cell if right else cell + " " * (width - room(cell))
                for cell, width, right in zip(line, widths, numeric, strict=True)
            ).rstrip()
            for line in lines
        ]
        text.insert(1, "  ".join("-" * width for width in widths))
        if omitted:
            text.insert(2 + len(head), MORE_ROWS.of().format("...", f"{omitted:,}", "..."))
        return "\n".join(text)

    def __str__(self) -> str:
        return self.to_text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        styles = [
            ' style="text-align: right"' if right else ' style="text-align: left"' for right in self._numeric_columns()
        ]
        head, tail, omitted = self._ends(SHOWN_ROWS)

        def line(row: R) -> str:
            cells = zip(self._cells(row), styles, strict=True)
            return "<tr>" + "".join(f"<td{style}>{escape(cell)}</td>" for cell, style in cells) + "</tr>"

        names = "".join(f"<th{style}>{escape(name)}</th>" for name, style in zip(self.columns, styles, strict=True))
        told = MORE_ROWS.of().format("…", f"{omitted:,}", "…")
        gap = [f'<tr><td colspan="{len(self.columns)}">{told}</td></tr>'] if omitted else []
        body = "\n".join([*map(line, head), *gap, *map(line, tail)])
        return f"<table>\n<thead><tr>{names}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with these columns. Raises `ImportError` when pandas is not installed."""
        try:
            import pandas
        except ImportError:
            raise ImportError(
                "Table.to_pandas() needs pandas, which is not installed; try: pip install 'sparksim[notebook]'"
            ) from None
        return pandas.DataFrame({name: self.column(name) for name in self.columns}, columns=list(self.columns))

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the table as UTF-8 CSV with a header; None is an empty cell, a tuple is joined with ";"."""
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(self.columns)
            for row in self._rows:
                values = (getattr(row, name) for name in self.columns)
                writer.writerow(";".join(map(str, value)) if isinstance(value, tuple) else value for value in values)

    def _check_columns(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self.columns:
                raise ValueError(f"no column {name!r}: the columns are {', '.join(self.columns)}")

    def _ends(self, max_rows: int) -> tuple[Sequence[R], Sequence[R], int]:
        """The first rows, the last rows, and how many lie between them unshown."""
        if len(self) <= max_rows:
            return self._rows, (), 0
        tail_rows = max_rows // 3
        return self._rows[: max_rows - tail_rows], self._rows[len(self) - tail_rows :], len(self) - max_rows

    def _numeric_columns(self) -> list[bool]:
        return [
            all(value is None or type(value) in (int, float) for value in self.column(name)) for name in self.columns
        ]

    def _cells(self, row: R) -> tuple[str, ...]:
        return tuple(_cell(name, getattr(row, name), self._width) for name in self.columns)


def _cell(name: str, value: object, width: int) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and name in REASON_COLUMNS:
        value = REASONS.of(value)
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"


def room(text: str) -> int:
    """How many columns of a terminal it takes: a Chinese character two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)

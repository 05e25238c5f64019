"""The layout of `DataFrame.show` (Spark: Dataset.showString)."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WIDE = re.compile("[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]")
_LEAST_WIDTH = 3
_ESCAPES = str.maketrans({"\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f", "\b": "\\b", "\v": "\\v", "\a": "\\a"})


def table(
    names: Sequence[str], rows: Sequence[Sequence[str]], limit: int, truncate: int, more: bool, vertical: bool
) -> str:
    """The text of a table, ended.

    `truncate`: the most characters of a cell, 0 for no limit; `more`: rows beyond the first `limit` were left out.
    """
    heads = [name.translate(_ESCAPES) for name in names]
    cells = [[_cut(cell.translate(_ESCAPES), truncate) for cell in row] for row in rows]
    lines = _records(heads, cells) if vertical else _grid(heads, cells, right=truncate > 0)
    if more:
        lines.append(f"only showing top {limit} {'row' if limit == 1 else 'rows'}")
    return "".join(f"{line}\n" for line in lines)


def _grid(heads: list[str], cells: list[list[str]], right: bool) -> list[str]:
    """Rows between rules; with `right`, flush right."""
    lines = [heads, *cells]
    widths = [max(_LEAST_WIDTH, *map(_width, column)) for column in zip(*lines, strict=True)]
    rule = f"+{'+'.join('-' * width for width in widths)}+"
    texts = [f"|{'|'.join(_padded(c, w, right) for c, w in zip(line, widths, strict=True))}|" for line in lines]
    return [rule, texts[0], rule, *texts[1:], rule]


def _records(heads: list[str], cells: list[list[str]]) -> list[str]:
    """One line per value, under a rule with the number of its record."""
    if not cells:
        return ["(0 rows)"]
    head_width = max(_LEAST_WIDTH, *map(_width, heads))
    value_width = max(_LEAST_WIDTH, *(_width(cell) for row in cells for cell in row))
    lines = []
    for number, row in enumerate(cells):
        lines.append(f"-RECORD {number}".ljust(head_width + value_width + 5, "-"))
        lines.extend(
            f" {_padded(head, head_width, False)} | {_padded(cell, value_width, False)} "
            for head, cell in zip(heads, row, strict=True)
        )
    return lines


def _cut(text: str, most: int) -> str:
    if most <= 0 or len(text) <= most:
        return text
    return text[:most] if most < 4 else f"{text[: most - 3]}..."


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space


def _width(text: str) -> int:
    """Columns on a terminal: full-width characters take two. Java counts UTF-16 units (Utils.stringHalfWidth)."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 + len(_WIDE.findall(text))

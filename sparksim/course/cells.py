"""Cells: how lessons and exercises are written, once for both languages, and made into notebooks.

A source is a Python file in percent format: `# %%` begins code, `# %% [markdown]` text. Each text cell stands twice,
first with `lang="en"`, then with `lang="zh"`; code stands once. A cell may carry an argument, as
`# %% predict="blocks"`. The same source always gives the same bytes: cells are numbered, outputs absent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from sparksim.course.texts import LANGUAGES

Notebook = dict[str, Any]

_HEADER = re.compile(r'^# %%(?P<markdown> \[markdown\])?(?: (?P<word>[a-z]+)="(?P<value>[^"]+)")?$')
_LINE_END = re.compile(
    r"(?<=[\u2014-\u2026\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])\n(?=[\u2014-\u201d\u4e00-\u9fff（《【“])"
)


class SourceError(ValueError):
    """A source that breaks the format; the message names the file, the line and the remedy."""


@dataclass(frozen=True)
class Cell:
    """A cell and the line of its header. `lang` is None where it is for both; `word="value"` is its argument."""

    lang: str | None
    markdown: bool
    text: str
    line: int
    word: str = ""
    value: str = ""


def read_cells(source: Path, words: Sequence[str] = ()) -> list[Cell]:
    """The cells of a source whose code cells may carry the arguments `words`.

    Raises `SourceError` for text outside of cells, an unknown kind of cell and a missing translation.
    """
    lines = source.read_text(encoding="utf-8").splitlines()
    heads = [number for number, line in enumerate(lines) if line.startswith("# %%")]
    if any(line.strip() for line in lines[: heads[0] if heads else None]):
        raise SourceError(f"{source.name}, line 1: a source begins with a cell, '# %%'")
    cells = [
        _cell(source.name, lines[start], "\n".join(lines[start + 1 : end]).strip("\n"), start + 1, words)
        for start, end in pairwise([*heads, len(lines)])
    ]
    _check_translated(cells, source.name)
    return cells


def in_language(lang: str, cells: Iterable[Cell]) -> list[Cell]:
    """The cells that a reader of this language sees."""
    return [cell for cell in cells if cell.lang in (None, lang)]


def notebook(cells: Iterable[Cell], metadata: dict[str, Any]) -> Notebook:
    """A notebook that has not been run; `metadata` is what sparksim says in it."""
    return {
        "cells": [_notebook_cell(number, cell) for number, cell in enumerate(cells, start=1)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "sparksim": metadata,
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def notebook_text(made: Notebook) -> str:
    """A notebook as the text of its `.ipynb`."""
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _cell(name: str, head: str, text: str, line: int, words: Sequence[str]) -> Cell:
    kind = _HEADER.match(head)
    if kind is not None and kind["markdown"] and kind["word"] == "lang" and kind["value"] in LANGUAGES:
        return Cell(kind["value"], True, text, line)
    if kind is not None and not kind["markdown"] and (kind["word"] is None or kind["word"] in words):
        return Cell(None, False, text, line, kind["word"] or "", kind["value"] or "")
    others = "".join(f", or '# %% {word}=\"name\"'" for word in words)
    raise SourceError(
        f"{name}, line {line}: a cell begins with '# %%'{others}, or with '# %% [markdown] lang=\"en\"' and then the "
        'same with "zh"'
    )


def _check_translated(cells: Sequence[Cell], name: str) -> None:
    for cell, follows in pairwise([*cells, None]):
        if cell is not None and cell.lang == "en" and (follows is None or follows.lang != "zh"):
            raise SourceError(f"{name}, line {cell.line}: this text has no Chinese cell after it")
    english, chinese = (sum(cell.lang == lang for cell in cells) for lang in LANGUAGES)
    if english != chinese:
        raise SourceError(f"{name}: {english} English text cells and {chinese} Chinese ones; each needs its partner")


def _notebook_cell(number: int, cell: Cell) -> dict[str, Any]:
    text = cell.text
    if cell.markdown:
        text = _joined("\n".join(line.removeprefix("#").removeprefix(" ") for line in text.splitlines()))
    content: dict[str, Any] = {
        "cell_type": "markdown" if cell.markdown else "code",
        "id": f"cell-{number:02}",
        "metadata": {},
        "source": text.splitlines(keepends=True),
    }
    return content if cell.markdown else {**content, "execution_count": None, "outputs": []}


def _joined(text: str) -> str:
    """A text whose Chinese sentences show no blank where a line ends; what stands in fences stays as it is."""
    parts = text.split("```")
    parts[::2] = (_LINE_END.sub("", part) for part in parts[::2])
    return "```".join(parts)

"""The format of exercises: one source, a solution in cells, from which every exercise file is made.

A source is a Python file in percent format. Each text cell stands twice, first `# %% [markdown] lang="en"`, then
`# %% [markdown] lang="zh"`; code stands once. What lies between `### BEGIN SOLUTION` and `### END SOLUTION` becomes a
line that raises "not started yet". The same source always gives the same bytes: cells are numbered, outputs absent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from sparksim.course.texts import LANGUAGES, NOT_STARTED

SUFFIXES = (".py", ".ipynb")

_HEADER = re.compile(r'^# %%(?P<markdown> \[markdown\])?(?: lang="(?P<lang>en|zh)")?$')
_SOLUTION = re.compile(
    r"^(?P<indent>[ ]*)### BEGIN SOLUTION\n(?:(?!.*### (?:BEGIN|END) SOLUTION).*\n)*?[ ]*### END SOLUTION$",
    re.MULTILINE,
)
_MADE_FROM = {
    "en": "# Made from solutions/{name} by solutions/build.py. Generated, do not edit: write your answer in a copy.",
    "zh": "# 由 solutions/build.py 从 solutions/{name} 生成，请勿修改：请在副本中作答。",
}


class SourceError(ValueError):
    """A source that breaks the format; the message names the file, the line and the remedy."""


@dataclass(frozen=True)
class Cell:
    """A cell, the language it is for (None: all), and the line of its header."""

    lang: str | None
    markdown: bool
    text: str
    line: int


def exercise_files(source: Path) -> dict[str, str]:
    """What is made from a source: `{"en/ex03_slug.py": text, ...}`, two languages times two kinds of file.

    Raises `SourceError` for text outside of cells, a missing translation, a marker without its partner and a source
    that leaves nothing to write.
    """
    cells = _cells(source)
    _check_translated(cells, source.name)
    made = {}
    for lang in LANGUAGES:
        chosen = [Cell(lang, cell.markdown, _released(cell, source.name), cell.line) for cell in _in(lang, cells)]
        made[f"{lang}/{source.stem}.py"] = _script(chosen, _MADE_FROM[lang].format(name=source.name))
        made[f"{lang}/{source.stem}.ipynb"] = _notebook(chosen, source.stem)
    if not any(NOT_STARTED in text for text in made.values()):
        raise SourceError(f"{source.name}: nothing is left to write; put ### BEGIN SOLUTION and ### END SOLUTION in")
    return made


def build(sources: Path, exercises: Path) -> list[Path]:
    """Write all exercises of a folder of sources, and remove those that no source makes any more. What was written."""
    made = all_files(sources)
    for path in stray_files(sources, exercises):
        path.unlink()
    for name, text in made.items():
        path = exercises / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return [exercises / name for name in made]


def all_files(sources: Path) -> dict[str, str]:
    """What a folder of sources makes, by the name below the folder of exercises."""
    return {name: text for path in sorted(sources.glob("ex*.py")) for name, text in exercise_files(path).items()}


def stray_files(sources: Path, exercises: Path) -> list[Path]:
    """Exercises that no source makes."""
    made = {exercises / name for name in all_files(sources)}
    found = (path for lang in LANGUAGES for path in (exercises / lang).glob("*") if path.suffix in SUFFIXES)
    return sorted(set(found) - made)


def _cells(source: Path) -> list[Cell]:
    lines = source.read_text(encoding="utf-8").splitlines()
    heads = [number for number, line in enumerate(lines) if line.startswith("# %%")]
    if any(line.strip() for line in lines[: heads[0] if heads else None]):
        raise SourceError(f"{source.name}, line 1: a source begins with a cell, '# %%'")
    return [
        _cell(source.name, lines[start], "\n".join(lines[start + 1 : end]).strip("\n"), start + 1)
        for start, end in pairwise([*heads, len(lines)])
    ]


def _cell(name: str, head: str, text: str, line: int) -> Cell:
    kind = _HEADER.match(head)
    if kind is None or bool(kind["markdown"]) != bool(kind["lang"]):
        raise SourceError(
            f"{name}, line {line}: a cell begins with '# %%', or with '# %% [markdown] lang=\"en\"' and then the same "
            'with "zh"'
        )
    return Cell(kind["lang"], bool(kind["markdown"]), text, line)


def _check_translated(cells: list[Cell], name: str) -> None:
    for cell, follows in pairwise([*cells, None]):
        if cell is not None and cell.lang == "en" and (follows is None or follows.lang != "zh"):
            raise SourceError(f"{name}, line {cell.line}: this text has no Chinese cell after it")
    english, chinese = (sum(cell.lang == lang for cell in cells) for lang in LANGUAGES)
    if english != chinese:
        raise SourceError(f"{name}: {english} English text cells and {chinese} Chinese ones; each needs its partner")


def _in(lang: str, cells: list[Cell]) -> Iterator[Cell]:
    return (cell for cell in cells if cell.lang in (None, lang))


def _released(cell: Cell, name: str) -> str:
    """The text without the solution."""
    text = _SOLUTION.sub(lambda found: f'{found["indent"]}raise NotImplementedError("{NOT_STARTED}")', cell.text)
    if "### BEGIN SOLUTION" in text or "### END SOLUTION" in text:
        raise SourceError(f"{name}, cell of line {cell.line}: a SOLUTION marker without its partner")
    return text


def _script(cells: list[Cell], made_from: str) -> str:
    parts = [f"# %%{' [markdown]' if cell.markdown else ''}\n{cell.text}\n" for cell in cells]
    return f"{made_from}\n\n" + "\n".join(parts)


def _notebook(cells: list[Cell], slug: str) -> str:
    content = {
        "cells": [_notebook_cell(number, cell) for number, cell in enumerate(cells, start=1)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "sparksim": {"exercise": slug, "made_from": f"solutions/{slug}.py, generated, do not edit"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _notebook_cell(number: int, cell: Cell) -> dict[str, Any]:
    text = cell.text
    if cell.markdown:
        text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in text.splitlines())
    content: dict[str, Any] = {
        "cell_type": "markdown" if cell.markdown else "code",
        "id": f"cell-{number:02}",
        "metadata": {},
        "source": text.splitlines(keepends=True),
    }
    return content if cell.markdown else {**content, "execution_count": None, "outputs": []}

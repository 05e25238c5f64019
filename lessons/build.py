"""Writes each lesson's notebook from its source: `python lessons/build.py`.

A lesson is a Python file in cells ("percent format": `# %%` begins code, `# %% [markdown]` begins text). The `.ipynb`
beside it is made from it and never edited by hand. The same source always gives the same bytes: cells are numbered,
outputs absent.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

LESSONS_DIR = Path(__file__).parent
CELL = re.compile(r"^# %%(?P<kind> \[markdown\])?$\n", re.MULTILINE)


def sources() -> list[Path]:
    """The lessons: every Python file in a numbered folder."""
    return sorted(LESSONS_DIR.glob("[0-9][0-9]_*/*.py"))


def notebook(source: str) -> str:
    """The notebook of a lesson, as the text of its `.ipynb`. Raises `ValueError` for text outside of cells."""
    before, *parts = CELL.split(source)
    if before.strip():
        first = before.strip().splitlines()[0]
        raise ValueError(f"a lesson begins with '# %%' or '# %% [markdown]', not with {first!r}")
    cells = [
        _cell(number, markdown=bool(kind), text=text.strip("\n"))
        for number, (kind, text) in enumerate(zip(parts[::2], parts[1::2], strict=True), start=1)
    ]
    content = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _cell(number: int, *, markdown: bool, text: str) -> dict[str, Any]:
    if markdown:
        text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in text.splitlines())
    cell: dict[str, Any] = {
        "cell_type": "markdown" if markdown else "code",
        "id": f"cell-{number:02}",
        "metadata": {},
        "source": text.splitlines(keepends=True),
    }
    return cell if markdown else {**cell, "execution_count": None, "outputs": []}


if __name__ == "__main__":
    for path in sources():
        path.with_suffix(".ipynb").write_text(notebook(path.read_text(encoding="utf-8")), encoding="utf-8")
        print(path.with_suffix(".ipynb").relative_to(LESSONS_DIR.parent))

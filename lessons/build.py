"""Writes each lesson's notebook from its source: `python lessons/build.py`.

A lesson is a Python file in cells ("percent format": `# %%` begins code, `# %% [markdown]` begins text). The `.ipynb`
beside it is made from it and never edited by hand: its cells, numbered, with what they show when they are run from top
to bottom. Widgets are left out of that, since they are nothing without the kernel that made them: where nothing runs,
the figures beside them are shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

LESSONS_DIR = Path(__file__).parent
CELL = re.compile(r"^# %%(?P<kind> \[markdown\])?$\n", re.MULTILINE)
WIDGET = "application/vnd.jupyter.widget-view+json"
PICTURE = "image/png"

Notebook = dict[str, Any]


def sources() -> list[Path]:
    """The lessons: every Python file in a numbered folder."""
    return sorted(LESSONS_DIR.glob("[0-9][0-9]_*/*.py"))


def notebook(source: str) -> Notebook:
    """The notebook of a lesson before it is run. Raises `ValueError` for text outside of cells."""
    before, *parts = CELL.split(source)
    if before.strip():
        first = before.strip().splitlines()[0]
        raise ValueError(f"a lesson begins with '# %%' or '# %% [markdown]', not with {first!r}")
    cells = [
        _cell(number, markdown=bool(kind), text=text.strip("\n"))
        for number, (kind, text) in enumerate(zip(parts[::2], parts[1::2], strict=True), start=1)
    ]
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


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


def executed(unrun: Notebook, folder: Path) -> Notebook:
    """The notebook with what its cells show when a fresh kernel runs them in `folder`. Needs nbclient.

    Raises `nbclient.exceptions.CellExecutionError` for a cell that fails.
    """
    import nbformat
    from nbclient import NotebookClient

    running = nbformat.reads(text_of(unrun), as_version=4)
    where = {"metadata": {"path": str(folder)}}
    how = {"timeout": 120, "kernel_name": "python3", "record_timing": False, "coalesce_streams": True}
    NotebookClient(running, resources=where, **how).execute()
    cells = [
        {**cell, "execution_count": ran.execution_count, "outputs": list(kept(ran.outputs))}
        if cell["cell_type"] == "code"
        else cell
        for cell, ran in zip(unrun["cells"], running.cells, strict=True)
    ]
    return {**unrun, "cells": cells}


def kept(outputs: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """What is kept of a cell's outputs: no widgets, and of what has a picture nothing but the picture."""
    for output in outputs:
        data = output.get("data", {})
        if not data:
            yield {**output, "text": output["text"].splitlines(keepends=True)}
        elif PICTURE in data:
            yield {**output, "data": {PICTURE: data[PICTURE]}}
        elif WIDGET not in data:
            yield {**output, "data": {kind: data[kind].splitlines(keepends=True) for kind in sorted(data)}}


def shown_by(made: Notebook) -> list[tuple[str, dict[str, Any]]]:
    """All that a notebook shows, each with the id of its cell."""
    return [(cell["id"], output) for cell in made["cells"] for output in cell.get("outputs", ())]


def text_of(made: Notebook) -> str:
    """A notebook as the text of its `.ipynb`."""
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path in sources():
        made = executed(notebook(path.read_text(encoding="utf-8")), path.parent)
        path.with_suffix(".ipynb").write_text(text_of(made), encoding="utf-8")
        print(path.with_suffix(".ipynb").relative_to(LESSONS_DIR.parent))

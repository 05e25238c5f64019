"""Writes the notebooks of the lessons from their sources: `python lessons/build.py [NN ...]`.

A lesson is `NN_slug.py` in this folder, in cells (`sparksim.course.cells`): each text in both languages, code once.
From it are made `en/NN_slug.ipynb` and `zh/NN_slug.ipynb`, with what their cells show when they are run from top to
bottom, and `NN.json` in `sparksim/course/predictions/`. None of these is edited by hand.

A cell `# %% predict="name"` holds a prediction (`sparksim.course.predictions`); in its place the notebook has a cell
that asks for it. Where code says `lang="en"`, the Chinese notebook says `lang="zh"`. Widgets are left out of what is
shown, since they are nothing without the kernel that made them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from sparksim.course.cells import Cell, Notebook, SourceError, in_language, notebook, notebook_text, read_cells
from sparksim.course.predictions import FOLDER, Prediction, as_json, prediction
from sparksim.course.texts import LANGUAGES

LESSONS_DIR = Path(__file__).parent
WIDGET = "application/vnd.jupyter.widget-view+json"
PICTURE = "image/png"
ASKED = {
    "en": 'predict("{name}", None)  # write what you expect in place of None',
    "zh": 'predict("{name}", None)  # 把 None 换成你的预测',
}
CLOCK = re.compile(r"^Time: (?!1970)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", re.MULTILINE)
"""The moment of a batch that a live program printed; of a simulated one it is in 1970."""


def sources() -> list[Path]:
    """The lessons, in order."""
    return sorted(LESSONS_DIR.glob("[0-9][0-9]_*.py"))


def made_of(source: Path, lang: str) -> Path:
    """Where the notebook of a lesson lies."""
    return LESSONS_DIR / lang / f"{source.stem}.ipynb"


def number_of(source: Path) -> str:
    """Such as "03"."""
    return source.stem[:2]


def unrun(source: Path, lang: str) -> Notebook:
    """The notebook of a lesson before it is run. Raises `SourceError` for a source that breaks the format."""
    cells = [replace(cell, text=_code(cell, lang)) for cell in in_language(lang, read_cells(source, ["predict"]))]
    return notebook(cells, {"lesson": source.stem, "made_from": f"lessons/{source.name}, generated, do not edit"})


def predictions_of(source: Path) -> dict[str, Prediction]:
    """What the lesson asks, by name. Raises `SourceError` for a cell that is no prediction."""
    found = {}
    for cell in read_cells(source, ["predict"]):
        if cell.word == "predict":
            try:
                found[cell.value] = prediction(cell.text)
            except (ValueError, TypeError, SyntaxError) as error:
                raise SourceError(f"{source.name}, line {cell.line}: {error}") from None
    return found


def write_predictions(source: Path) -> None:
    """Write the file of a lesson's predictions."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{number_of(source)}.json"
    path.write_text(as_json(predictions_of(source)), encoding="utf-8", newline="\n")


def _code(cell: Cell, lang: str) -> str:
    if cell.word == "predict":
        return ASKED[lang].format(name=cell.value)
    return cell.text if cell.markdown else cell.text.replace('lang="en"', f'lang="{lang}"')


def executed(new: Notebook, folder: Path) -> Notebook:
    """The notebook with what its cells show when a fresh kernel runs them in `folder`. Needs nbclient.

    Raises `nbclient.exceptions.CellExecutionError` for a cell that fails.
    """
    import nbformat
    from nbclient import NotebookClient

    running = nbformat.reads(notebook_text(new), as_version=4)
    where = {"metadata": {"path": str(folder)}}
    how = {"timeout": 120, "kernel_name": "python3", "record_timing": False, "coalesce_streams": True}
    NotebookClient(running, resources=where, **how).execute()
    cells = [
        {**cell, "execution_count": ran.execution_count, "outputs": list(kept(ran.outputs))}
        if cell["cell_type"] == "code"
        else cell
        for cell, ran in zip(new["cells"], running.cells, strict=True)
    ]
    return {**new, "cells": cells}


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


def comparable(made: Notebook) -> list[tuple[str, Any]]:
    """What the cells show, but for pictures, whose bytes are another version of matplotlib's, and for clock times."""
    return [(cell, _without_clock(output)) for cell, output in shown_by(made)]


def _without_clock(output: dict[str, Any]) -> Any:
    if PICTURE in output.get("data", {}):
        return "a picture"
    if "text" not in output:
        return output["data"]
    return CLOCK.sub("Time: now", "".join(output["text"]))


def build(source: Path) -> list[Path]:
    """Write all that is made of a lesson. What was written."""
    write_predictions(source)
    paths = [made_of(source, lang) for lang in LANGUAGES]
    for lang, path in zip(LANGUAGES, paths, strict=True):
        path.parent.mkdir(exist_ok=True)
        path.write_text(notebook_text(executed(unrun(source, lang), path.parent)), encoding="utf-8", newline="\n")
    return paths


if __name__ == "__main__":
    chosen = [source for source in sources() if number_of(source) in sys.argv[1:] or len(sys.argv) == 1]
    with ThreadPoolExecutor(2) as pool:
        for written in pool.map(build, chosen):
            for path in written:
                print(path.relative_to(LESSONS_DIR.parent))

"""Writes the notebooks of the lessons from their sources: `python lessons/build.py [NN ...]`.

A lesson is `NN_slug.py` in this folder, in cells (`sparksim.course.cells`): each text in both languages, code once.
From it are made `en/NN_slug.ipynb` and `zh/NN_slug.ipynb`, with what their cells show when they are run from top to
bottom, and `NN.json` in `sparksim/course/predictions/`. `index.py` becomes the notebooks that show the way, of what
`sparksim/course/catalogue.json` says of each lesson. None of these is edited by hand.

A cell `# %% predict="name"` holds a prediction (`sparksim.course.predictions`); in its place the notebook has a cell
that asks for it. Where code says `lang="en"`, the Chinese notebook says `lang="zh"`. Widgets are left out of what is
shown, since they are nothing without the kernel that made them.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sparksim.course.cells import Cell, Notebook, SourceError, in_language, notebook, notebook_text, read_cells
from sparksim.course.overview import CATALOGUE, Entry, catalogue_json
from sparksim.course.predictions import FOLDER, Prediction, as_json, prediction
from sparksim.course.progress import VARIABLE as PROGRESS
from sparksim.course.texts import LANGUAGES, Text

LESSONS_DIR = Path(__file__).parent
SOLUTIONS_DIR = LESSONS_DIR.parent / "solutions"
WIDGET = "application/vnd.jupyter.widget-view+json"
PICTURE = "image/png"
ASKED = {
    "en": 'predict("{name}", None)  # write what you expect in place of None',
    "zh": 'predict("{name}", None)  # 把 None 换成你的预测',
}
TITLE = re.compile(r"^# # (\d+)\. (.+)$", re.MULTILINE)
FACTS = re.compile(r"^# \*About (\d+) minutes\.([^*]*)\*$", re.MULTILINE)
"""How long a lesson takes, and which others come before it."""
CLOCK = re.compile(r"^Time: (?!1970)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", re.MULTILINE)
"""The moment of a batch that a live program printed; of a simulated one it is in 1970."""


def sources() -> list[Path]:
    """The lessons, in order."""
    return sorted(LESSONS_DIR.glob("[0-9][0-9]_*.py"))


def pages() -> list[Path]:
    """All that becomes notebooks: the index and the lessons."""
    return [LESSONS_DIR / "index.py", *sources()]


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


def entry_of(source: Path) -> Entry:
    """What the map of the course says of a lesson. Raises `SourceError` for one whose first cells do not say it."""
    texts = {cell.lang: cell.text for cell in reversed(read_cells(source, ["predict"])) if cell.markdown}
    titles = [TITLE.search(texts.get(lang, "")) for lang in LANGUAGES]
    facts = FACTS.search(texts.get("en", ""))
    if facts is None or any(title is None or int(title[1]) != int(number_of(source)) for title in titles):
        raise SourceError(
            f"{source.name}: begin with '# # N. Title' and a line '# *About 30 minutes. You need lesson 2 ...*'"
        )
    needed = re.findall(r"\d+", re.sub(r"\([^)]*\)", "", facts[2]))
    after = tuple(f"{number:02}" for number in sorted(map(int, needed)))
    exercise = next((path.stem for path in SOLUTIONS_DIR.glob(f"ex{number_of(source)}_*.py")), "")
    title = Text(*(found[2] for found in titles if found is not None))
    return Entry(source.stem, title, int(facts[1]), after, exercise, len(predictions_of(source)))


def write_catalogue() -> None:
    """Write what the map of the course says of all lessons."""
    CATALOGUE.write_text(catalogue_json([entry_of(source) for source in sources()]), encoding="utf-8", newline="\n")


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
    with TemporaryDirectory() as nobody:  # the map of the course shows no progress of whoever builds it
        surroundings = {**os.environ, PROGRESS: str(Path(nobody, "progress.json"))}
        NotebookClient(running, resources=where, **how).execute(env=surroundings)
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
    """What the cells show, but for clock times, for pictures, whose bytes are another version of matplotlib's, and for
    pages in a frame, which hold all the script that draws them."""
    return [(cell, _without_clock(output)) for cell, output in shown_by(made)]


def _without_clock(output: dict[str, Any]) -> Any:
    if PICTURE in output.get("data", {}):
        return "a picture"
    if "".join(output.get("data", {}).get("text/html", ())).startswith("<iframe "):
        return "a page"
    if "text" not in output:
        return output["data"]
    return CLOCK.sub("Time: now", "".join(output["text"]))


def build(source: Path) -> list[Path]:
    """Write all that is made of a lesson, or the index. What was written."""
    if source in sources():
        write_predictions(source)
    paths = [made_of(source, lang) for lang in LANGUAGES]
    for lang, path in zip(LANGUAGES, paths, strict=True):
        path.parent.mkdir(exist_ok=True)
        path.write_text(notebook_text(executed(unrun(source, lang), path.parent)), encoding="utf-8", newline="\n")
    return paths


if __name__ == "__main__":
    chosen = [
        page for page in pages() if number_of(page) in sys.argv[1:] or page.stem in sys.argv or len(sys.argv) == 1
    ]
    write_catalogue()
    with ThreadPoolExecutor(2) as pool:
        for written in pool.map(build, chosen):
            for path in written:
                print(path.relative_to(LESSONS_DIR.parent))

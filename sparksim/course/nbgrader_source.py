"""The exercises as source notebooks of nbgrader: cells that it empties for learners, and cells for checks to grade by.

nbgrader releases, collects and grades them as any others. Its points are ours: a cell for a check raises what our
grader found, in the sandbox and with inputs drawn anew. See `notebook.py` for what nbgrader itself leaves open.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

from sparksim.course.cells import Cell, Notebook, in_language, notebook, notebook_text, read_cells
from sparksim.course.exercise import Check
from sparksim.course.exercises import find_exercise
from sparksim.course.source import check_cell, notebook_metadata
from sparksim.course.texts import NOT_STARTED

CONFIG = "nbgrader_config.py"
_SCHEMA = 3
_CONFIG_TEXT = f"""# Written by sparksim, once; change it as you like.
c = get_config()

c.CourseDirectory.course_id = "sparksim"
c.ClearSolutions.code_stub = {{"python": 'raise NotImplementedError("{NOT_STARTED}")'}}
c.ExecutePreprocessor.timeout = 120
"""


def write_nbgrader_course(sources: Path, folder: Path, lang: str) -> list[Path]:
    """Write `source/exNN/exNN_slug.ipynb` for every source, in one language, and a configuration if there is none.

    What was written. Raises `SourceError` for a source that breaks the format.
    """
    made = {
        folder / "source" / path.stem[:4] / f"{path.stem}.ipynb": notebook_text(nbgrader_notebook(path, lang))
        for path in sorted(sources.glob("ex*.py"))
    }
    if not (folder / CONFIG).exists():
        made[folder / CONFIG] = _CONFIG_TEXT
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(made)


def nbgrader_notebook(source: Path, lang: str) -> Notebook:
    """The source notebook of an exercise. Raises `SourceError` for a source that breaks the format."""
    exercise = find_exercise(source.stem)
    cells = in_language(lang, read_cells(source))
    checks = exercise.checks(Random(0))
    tests = [Cell(None, False, _test(exercise.lesson, each, lang), 0) for each in checks]
    made = notebook([*cells, *tests], notebook_metadata(source))
    solutions = (cell for cell in made["cells"] if "### BEGIN SOLUTION" in "".join(cell["source"]))
    for number, cell in enumerate(solutions, start=1):
        cell["metadata"]["nbgrader"] = _metadata(f"solution-{number}", solution=True)
    for cell, check in zip(made["cells"][len(cells) :], checks, strict=True):
        cell["metadata"]["nbgrader"] = {**_metadata(check.name.replace("/", "-"), grade=True), "points": check.points}
    return made


def _test(number: str, check: Check, lang: str) -> str:
    return check_cell(f"# {check.title.of(lang)}", f'autograde("{number}", "{check.name}", lang="{lang}")')


def _metadata(name: str, *, solution: bool = False, grade: bool = False) -> dict[str, Any]:
    """What nbgrader reads in a cell: learners may change those with solutions and no others."""
    return {
        "grade_id": name,
        "grade": grade,
        "locked": not solution,
        "solution": solution,
        "task": False,
        "schema_version": _SCHEMA,
    }

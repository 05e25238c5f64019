"""Every exercise as released, and every solution, runs from its first cell to its last, in both languages.

They are run as IPython runs cells, in a process each but without a kernel: there are many.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from solutions.build import EXERCISES_DIR, SOLUTIONS_DIR
from sparksim.course.cells import in_language, notebook, notebook_text, read_cells
from sparksim.course.progress import VARIABLE
from sparksim.course.texts import LANGUAGES, NOT_STARTED

pytestmark = pytest.mark.course

RUN_CELLS = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code" and not shell.run_cell("".join(cell["source"]), store_history=True).success:
        sys.exit(1)
"""
"""Ends with 1 at the first cell that fails."""

SOURCES = sorted(SOLUTIONS_DIR.glob("ex*.py"))


def ran(path: Path, folder: Path) -> str:
    """What the cells of a notebook printed."""
    surroundings = {**os.environ, VARIABLE: str(folder / "progress.json"), "IPYTHONDIR": str(folder / "ipython")}
    command = [sys.executable, "-c", RUN_CELLS, str(path)]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=surroundings)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_an_exercise_runs_and_says_that_it_is_not_started(source: Path, lang: str, tmp_path: Path) -> None:
    assert NOT_STARTED in ran(EXERCISES_DIR / lang / f"{source.stem}.ipynb", tmp_path)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_solution_runs(source: Path, lang: str, tmp_path: Path) -> None:
    path = tmp_path / "solution.ipynb"
    path.write_text(notebook_text(notebook(in_language(lang, read_cells(source)), {})), encoding="utf-8")
    assert NOT_STARTED not in ran(path, tmp_path)


def test_a_notebook_with_a_cell_that_fails_is_found(tmp_path: Path) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": ["1 / 0"]}]}), encoding="utf-8")
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        ran(path, tmp_path)

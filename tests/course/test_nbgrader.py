"""nbgrader generates, releases and autogrades an exercise: its scores are ours, check by check."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from solutions.build import SOLUTIONS_DIR
from sparksim.course.exercises import EXERCISES
from sparksim.course.grader import grade
from sparksim.course.nbgrader_source import CONFIG, nbgrader_notebook, write_nbgrader_course
from sparksim.course.texts import NOT_STARTED

REPOSITORY = SOLUTIONS_DIR.parent
MUTANT = Path(__file__).parent / "mutants/ex03/keeps_capitals.py"
NAME = "ex03/ex03_word_count.ipynb"


def solution_cells(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in made["cells"] if cell["metadata"].get("nbgrader", {}).get("solution")]


def handed_in(course: Path, learner: str, *texts: str) -> None:
    """The exercise as it was released, with these texts in its cells to fill in."""
    made = json.loads((course / "release" / NAME).read_text(encoding="utf-8"))
    for cell, text in zip(solution_cells(made), texts, strict=False):
        cell["source"] = text
    path = course / "submitted" / learner / NAME
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(made), encoding="utf-8")


def nbgrader(course: Path, *words: str) -> None:
    """Run a command of nbgrader, which itself runs others that are installed beside it."""
    installed = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{installed}:{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY)}
    command = [str(installed / "nbgrader"), *words, f"--Exchange.root={course / 'exchange'}"]
    done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.course
def test_nbgrader_gives_the_points_that_we_give(tmp_path: Path) -> None:
    write_nbgrader_course(SOLUTIONS_DIR, tmp_path, "en")
    (tmp_path / "exchange").mkdir(mode=0o777)
    (tmp_path / "exchange").chmod(0o777)
    nbgrader(tmp_path, "generate_assignment", "ex03")
    nbgrader(tmp_path, "release_assignment", "ex03")
    released = (tmp_path / "exchange/sparksim/outbound" / NAME).read_text(encoding="utf-8")
    assert released.count(NOT_STARTED) == 2
    assert "reduceByKey(lambda" not in released

    reference = nbgrader_notebook(SOLUTIONS_DIR / "ex03_word_count.py", "en")
    handed_in(tmp_path, "alice", *("".join(cell["source"]) for cell in solution_cells(reference)))
    handed_in(tmp_path, "bob")
    handed_in(tmp_path, "carol", MUTANT.read_text(encoding="utf-8"), "")
    nbgrader(tmp_path, "autograde", "ex03")

    from nbgrader.api import Gradebook

    totals = {}
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as gradebook:
        for submission in gradebook.assignment_submissions("ex03"):
            ours = grade(tmp_path / "submitted" / submission.student.id / NAME, EXERCISES["ex03"], seed=1)
            points = {result.check.name.replace("/", "-"): result.score for result in ours.results}
            assert {each.name: each.score for each in submission.notebooks[0].grades} == points
            totals[submission.student.id] = (submission.score, submission.max_score)
    assert totals == {"alice": (8, 8), "bob": (0, 8), "carol": (7, 8)}


def test_a_source_notebook_says_what_is_graded_and_for_how_much() -> None:
    made = nbgrader_notebook(SOLUTIONS_DIR / "ex03_word_count.py", "zh")
    told = [cell["metadata"]["nbgrader"] for cell in made["cells"] if cell["metadata"]]
    assert [(each["grade_id"], each["solution"], each["locked"], each.get("points")) for each in told] == [
        ("solution-1", True, False, None),
        ("solution-2", True, False, None),
        ("words-split", False, True, 2),
        ("words-lower", False, True, 1),
        ("word_count-batch", False, True, 3),
        ("word_count-next", False, True, 2),
    ]
    assert {each["schema_version"] for each in told} == {3}
    assert "".join(made["cells"][-1]["source"]) == (
        "# word_count：下一批次只统计自己的行\nfrom sparksim.course import autograde\n\n"
        'autograde("03", "word_count/next", lang="zh")'
    )


def test_a_configuration_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_text("c = get_config()  # mine\n")
    made = write_nbgrader_course(SOLUTIONS_DIR, tmp_path, "en")
    assert tmp_path / "source" / NAME in made
    assert (tmp_path / CONFIG).read_text() == "c = get_config()  # mine\n"

"""Every lesson's notebook runs from its first cell to its last in a fresh kernel, and shows what was committed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lessons import build

pytestmark = pytest.mark.notebook


def texts(notebook: build.Notebook) -> list[tuple[str, Any]]:
    """What the cells show, but for pictures: their bytes are another version of matplotlib's."""
    shown = [(cell, output.get("text") or output["data"]) for cell, output in build.shown_by(notebook)]
    return [(cell, "a picture" if build.PICTURE in what else what) for cell, what in shown]


def test_there_are_lessons() -> None:
    assert build.sources(), f"no lesson in {build.LESSONS_DIR}"


@pytest.mark.parametrize("source", build.sources(), ids=lambda path: path.stem)
def test_lesson_runs_and_shows_what_was_committed(source: Path) -> None:
    committed = json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))
    ran = build.executed(build.notebook(source.read_text(encoding="utf-8")), source.parent)
    assert texts(ran) == texts(committed), "run: python lessons/build.py"

"""Every lesson's notebook runs from its first cell to its last in a fresh kernel, and shows what was committed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lessons import build
from sparksim.course.texts import LANGUAGES

pytestmark = pytest.mark.notebook


def test_there_are_lessons() -> None:
    assert build.sources(), f"no lesson in {build.LESSONS_DIR}"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("source", build.pages(), ids=lambda path: path.stem)
def test_lesson_runs_and_shows_what_was_committed(source: Path, lang: str) -> None:
    path = build.made_of(source, lang)
    committed = json.loads(path.read_text(encoding="utf-8"))
    ran = build.executed(build.unrun(source, lang), path.parent)
    assert build.comparable(ran) == build.comparable(committed), "run: python lessons/build.py"

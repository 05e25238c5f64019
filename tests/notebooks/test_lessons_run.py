"""Every lesson's notebook runs from its first cell to its last in a fresh kernel, and shows what was committed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lessons import build
from sparksim.course.texts import LANGUAGES

pytestmark = pytest.mark.notebook


def test_there_are_lessons() -> None:
    assert build.sources(), f"no lesson in {build.LESSONS_DIR}"


def _cases() -> Iterator[Any]:
    """Every page in every language. The code is the same in both, so a quick run takes them in turns."""
    for number, source in enumerate(build.pages()):
        for lang in LANGUAGES:
            in_turn = lang == LANGUAGES[number % len(LANGUAGES)]
            marks = () if in_turn else (pytest.mark.other_language,)
            yield pytest.param(source, lang, marks=marks, id=f"{source.stem}-{lang}")


@pytest.mark.parametrize(("source", "lang"), list(_cases()))
def test_lesson_runs_and_shows_what_was_committed(source: Path, lang: str) -> None:
    path = build.made_of(source, lang)
    committed = json.loads(path.read_text(encoding="utf-8"))
    ran = build.executed(build.unrun(source, lang), path.parent)
    assert build.comparable(ran) == build.comparable(committed), "run: python lessons/build.py"

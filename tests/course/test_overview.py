"""The map of the course: what lessons there are, and how far this learner has come."""

from __future__ import annotations

from pathlib import Path

import pytest

from lessons import build
from sparksim.core.errors import IllegalArgumentError
from sparksim.course import course_map, overview
from sparksim.course.overview import catalogue, catalogue_json
from sparksim.course.progress import VARIABLE, note_exercise, note_lesson, progress


@pytest.fixture(autouse=True)
def keeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the progress of this test's learner is kept."""
    path = tmp_path / "somewhere" / "progress.json"
    monkeypatch.setenv(VARIABLE, str(path))
    return path


def test_the_catalogue_is_that_of_the_sources() -> None:
    made = [build.entry_of(source) for source in build.sources()]
    assert overview.CATALOGUE.read_text(encoding="utf-8") == catalogue_json(made), "run: python lessons/build.py"


def test_every_lesson_builds_on_earlier_ones_and_has_an_exercise() -> None:
    entries = {entry.number: entry for entry in catalogue()}
    for entry in entries.values():
        assert entry.after == tuple(sorted(number for number in entry.after if number < entry.number))
        assert entry.exercise.startswith(f"ex{entry.number}_")
        assert 10 <= entry.minutes <= 60


def test_a_new_learner_sees_lessons_and_no_progress() -> None:
    lines = str(course_map(lang="en")).splitlines()
    line = next(line for line in lines if line.startswith(" 3."))
    assert line.startswith(" 3. Word count: from a line on a socket to a number on the screen (minutes 30, after 2)")


def test_progress_grows_and_keeps_the_best_score() -> None:
    note_lesson("03")
    assert ", predictions met begun)" in str(course_map(lang="en"))
    note_lesson("03", "tasks")
    note_lesson("03", "tasks")
    note_exercise("03", 5, 8)
    note_exercise("03", 2, 8)
    assert ", predictions met 1/3, exercise 5/8)" in str(course_map(lang="en"))
    note_exercise("03", 8, 8)
    assert "（" not in str(course_map(lang="en"))
    assert "预测正确 1/3, 练习 8/8)" in str(course_map(lang="zh"))


def test_the_map_leads_to_lessons_and_exercises() -> None:
    note_exercise("03", 8, 8)
    shown = course_map(lang="zh")._repr_html_()
    assert "<a href='03_word_count.ipynb'>3. 词数统计：从套接字上的一行到屏幕上的一个数</a>" in shown
    assert "<a href='../../exercises/zh/ex03_word_count.ipynb'>8/8</a>" in shown


@pytest.mark.parametrize("content", ["", "[]", '{"lessons": 5}', '{"lessons": {}, "exercises": {"03": 8}}', "\0"])
def test_a_file_that_cannot_be_read_is_no_progress(keeper: Path, content: str) -> None:
    keeper.parent.mkdir()
    keeper.write_text(content)
    assert progress().lessons == {}
    note_lesson("03")
    assert progress().lessons == {"03": set()}


def test_a_place_that_cannot_be_written_keeps_nothing_and_stops_nobody(keeper: Path) -> None:
    keeper.parent.write_text("a file where the folder should be")
    note_lesson("03")
    assert progress().lessons == {}


def test_another_language_is_refused() -> None:
    with pytest.raises(IllegalArgumentError, match="lang='fr'"):
        course_map(lang="fr")

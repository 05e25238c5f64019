"""Finds a learner's own file of an exercise.

It is looked for in the folder itself, then in `exercises/` of the course that the folder lies in. Of several, those
that are still as released come last; then the language that is set counts, then which one was saved last, then .py.
"""

from __future__ import annotations

from pathlib import Path

from sparksim.core.language import language
from sparksim.course.exercise import Exercise
from sparksim.course.released import is_as_released
from sparksim.course.submission import SUFFIXES
from sparksim.course.texts import LANGUAGES


def course_folder(folder: Path) -> Path | None:
    """The nearest of `folder` and the folders above it with exercises in a language."""
    for each in (folder, *folder.parents):
        if any((each / "exercises" / lang).is_dir() for lang in LANGUAGES):
            return each
    return None


def own_files(exercise: Exercise, folder: Path) -> list[Path]:
    """The learner's files of an exercise, the one that counts first; empty if there is none."""
    return in_order(files_of(exercise, folder), exercise)


def files_of(exercise: Exercise, folder: Path) -> list[Path]:
    """The same files in the order of their names."""
    here = _files_in(folder, exercise)
    course = course_folder(folder)
    if here or course is None:
        return here
    return [path for lang in LANGUAGES for path in _files_in(course / "exercises" / lang, exercise)]


def in_order(files: list[Path], exercise: Exercise) -> list[Path]:
    """Files of one exercise, the one that counts first."""

    def rank(path: Path) -> tuple[bool, bool, float, bool]:
        own_language = path.parent.name == language()
        return not is_as_released(path, exercise), own_language, _saved_s(path), path.suffix == ".py"

    return sorted(files, key=rank, reverse=True)


def _saved_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # an editor has put it away, and its new text is to come
        return 0.0


def _files_in(folder: Path, exercise: Exercise) -> list[Path]:
    """Files that are called exNN, or exNN_ and anything."""
    return sorted(
        path
        for path in folder.glob(f"{exercise.number}*")
        if path.suffix in SUFFIXES and path.is_file() and path.stem.partition("_")[0] == exercise.number
    )

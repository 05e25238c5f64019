"""The course as it was released, where this installation keeps it, and how it is laid out for a learner.

A wheel brings it in `sparksim/shipped/`; a clone of the repository has it at its root. Nothing is written there: a
learner works in a folder of their own, and what lies in that folder already is never overwritten.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sparksim.course.exercise import Exercise
from sparksim.course.submission import UnreadableSubmission, read_submission
from sparksim.course.texts import LANGUAGES, Text

_PACKAGE = Path(__file__).parents[1]
_PARTS = ("lessons", "exercises", "examples")
_MADE_HERE = ("__pycache__", ".ipynb_checkpoints")
_NO_COURSE = Text(
    "this installation of sparksim has no course; install it anew: pip install --force-reinstall sparksim",
    "此 sparksim 安装中没有课程；请重新安装：pip install --force-reinstall sparksim",
)


class NoCourse(Exception):
    """An installation without the course; the text says how to mend it."""


@dataclass(frozen=True)
class LaidOut:
    """How many files were written into the learner's folder, and how many were there and stay as they are."""

    written: int
    kept: int


def released_course() -> Path:
    """The folder with `lessons`, `exercises` and `examples` as released. Raises `NoCourse`."""
    for folder in (_PACKAGE / "shipped", _PACKAGE.parent):
        if (folder / "exercises").is_dir():
            return folder
    raise NoCourse(_NO_COURSE.of())


def released_file(exercise: Exercise, lang: str, suffix: str) -> Path:
    """The exercise as released, in this language, as .py or .ipynb. Raises `NoCourse`."""
    return released_course() / "exercises" / lang / f"{exercise.slug}{suffix}"


def is_as_released(path: Path, exercise: Exercise) -> bool:
    """Whether the code of a learner's file is still that of the exercise; cells may have been run."""
    try:
        code = read_submission(path)
        originals = [released_file(exercise, lang, path.suffix) for lang in LANGUAGES]
        return any(code == read_submission(original) for original in originals)
    except (UnreadableSubmission, NoCourse):
        return False


def lay_out(folder: Path) -> LaidOut:
    """Copy the course into a learner's folder, which is made if need be. Raises `NoCourse`."""
    written = kept = 0
    for original, name in _files(released_course()):
        copy = folder / name
        if copy.exists():
            kept += 1
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(original, copy)
        written += 1
    return LaidOut(written, kept)


def _files(course: Path) -> Iterator[tuple[Path, Path]]:
    """What learners need, each with its name in their folder: all but the sources and tools of those who write it."""
    for part in _PARTS:
        for path in sorted((course / part).rglob("*")):
            name = path.relative_to(course)
            for_writers = name.parts[0] == "lessons" and len(name.parts) == 2 and path.suffix == ".py"
            if path.is_file() and not for_writers and not set(name.parts) & set(_MADE_HERE):
                yield path, name

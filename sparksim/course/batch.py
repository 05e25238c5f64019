"""Grades many submissions at once. Each is on its own: whatever one does, the others get their results."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sparksim.core.errors import IllegalArgumentError
from sparksim.course.exercise import Exercise
from sparksim.course.exercises import EXERCISES, find_exercise
from sparksim.course.explain import printable
from sparksim.course.grader import Graded, grade, nothing
from sparksim.course.sandbox.process import Limits
from sparksim.course.submission import SUFFIXES
from sparksim.course.texts import Text

_NUMBER = re.compile(r"ex\d\d")


@dataclass(frozen=True)
class Submission:
    """A file to grade, its name in the results, and the exercise that it answers."""

    path: Path
    name: str
    exercise: Exercise


def find_submissions(paths: Sequence[Path], number: str | None = None) -> tuple[list[Submission], list[str]]:
    """The submissions among files and below folders, in order, and the names of files that were left out.

    An exercise is told by `number`, or by the last exNN in the path below the folder. A file that tells none is left
    out when it was found in a folder. Folders that are links to elsewhere are not entered. Raises
    `IllegalArgumentError` for a file that was named itself and tells none, for a path that does not exist, and for a
    number that there is not.
    """
    named = None if number is None else find_exercise(number)
    found: list[Submission] = []
    left_out: list[str] = []
    for path in paths:
        if not path.exists():
            raise IllegalArgumentError(f"{path} does not exist; give a .py or .ipynb file, or a folder of them")
        for file in _files(path):
            inner = str(file.relative_to(path)) if path.is_dir() else file.name
            exercise = named or EXERCISES.get(_number_in(inner))
            if exercise is not None:
                found.append(Submission(file, printable(inner), exercise))
            elif path.is_dir():
                left_out.append(printable(inner))
            else:
                raise IllegalArgumentError(
                    f"{path}: which exercise is this? Have its name begin with one of {', '.join(EXERCISES)}, or use "
                    "--exercise"
                )
    return found, left_out


def grade_all(
    submissions: Sequence[Submission], seed: int, *, jobs: int | None = None, limits: Limits | None = None
) -> Iterator[Graded]:
    """The results, in the order of the submissions; `jobs` at once, by default as many as there are cores."""

    def graded(submission: Submission) -> Graded:
        try:
            return grade(submission.path, submission.exercise, seed, name=submission.name, limits=limits)
        except Exception as error:  # such as a machine that is out of processes; the next submission may fare better
            why = f"{type(error).__name__}: {error}"
            text = Text(f"could not be graded ({why})", f"无法评分（{why}）")
            return nothing(submission.name, submission.exercise, seed, text)

    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        yield from pool.map(graded, submissions)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    root = path.resolve()
    inside = (
        file for file in path.rglob("*") if file.suffix in SUFFIXES and file.parent.resolve().is_relative_to(root)
    )
    return sorted(file for file in inside if not any(part.startswith(".") for part in file.relative_to(path).parts))


def _number_in(name: str) -> str:
    """The exercise of a path; the file's own name counts before the folders'."""
    numbers = _NUMBER.findall(name)
    return numbers[-1] if numbers else ""

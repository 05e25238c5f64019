"""How far a learner has come: lessons begun, predictions met, the best score of each exercise.

It is a file of this user's, for the map of the course alone; grades of teachers do not come from here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VARIABLE = "SPARKSIM_PROGRESS"
"""The environment variable with the file that keeps the progress; without it that is `~/.sparksim/progress.json`."""


@dataclass
class Progress:
    """By lesson number, such as "03": the questions answered rightly; and the best (score, points) of its exercise.

    A lesson that was begun has an entry in `lessons`, even without an answer.
    """

    lessons: dict[str, set[str]] = field(default_factory=dict)
    exercises: dict[str, tuple[int, int]] = field(default_factory=dict)


def progress() -> Progress:
    """What the file says; nothing where there is none, or one that cannot be read."""
    try:
        told = json.loads(_path().read_text(encoding="utf-8"))
        return Progress(
            {str(number): set(map(str, names)) for number, names in told["lessons"].items()},
            {str(number): (int(score), int(points)) for number, (score, points) in told["exercises"].items()},
        )
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return Progress()


def note_lesson(number: str, answered: str | None = None) -> None:
    """The lesson was begun, or a question of it answered rightly."""
    now = progress()
    now.lessons.setdefault(number, set()).update([answered] if answered else [])
    _keep(now)


def note_exercise(number: str, score: int, points: int) -> None:
    """The exercise of this lesson was graded; only the best score is kept."""
    now = progress()
    if score >= now.exercises.get(number, (0, 0))[0]:
        now.exercises[number] = (score, points)
        _keep(now)


def _path() -> Path:
    given = os.environ.get(VARIABLE)
    return Path(given) if given else Path.home() / ".sparksim" / "progress.json"


def _keep(now: Progress) -> None:
    """Write it all, whole or not at all. A home that cannot be written keeps no progress, and the lesson goes on."""
    told: Mapping[str, Any] = {
        "lessons": {number: sorted(names) for number, names in sorted(now.lessons.items())},
        "exercises": dict(sorted(now.exercises.items())),
    }
    path = _path()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        new.replace(path)

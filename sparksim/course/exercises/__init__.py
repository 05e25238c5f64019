"""The exercises that there are, each with its checks. Their texts and stubs are made from `solutions/`."""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import iter_modules

from sparksim.core.errors import IllegalArgumentError
from sparksim.course.exercise import Exercise

_NUMBER = re.compile(r"(?:ex)?(\d{1,2})")


def _all() -> list[Exercise]:
    names = sorted(module.name for module in iter_modules(__path__) if module.name.startswith("ex"))
    return [import_module(f"{__name__}.{name}").EXERCISE for name in names]


EXERCISES: dict[str, Exercise] = {exercise.number: exercise for exercise in _all()}
"""By number, such as "ex03"; every module of this folder that is called exNN_slug has one."""


def find_exercise(text: str) -> Exercise:
    """The exercise that people call 7, 07, ex07 or by its slug.

    Raises `IllegalArgumentError` for one that there is not.
    """
    number = _NUMBER.fullmatch(text.partition("_")[0])
    exercise = EXERCISES.get(f"ex{int(number[1]):02}") if number else None
    if exercise is None or ("_" in text and text != exercise.slug):
        raise IllegalArgumentError(f"exercise={text!r}: there are {', '.join(EXERCISES)}; give one of these")
    return exercise

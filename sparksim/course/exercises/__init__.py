"""The exercises that there are, each with its checks. Their texts and stubs are made from `solutions/`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from sparksim.course.exercise import Exercise


def _all() -> list[Exercise]:
    names = sorted(module.name for module in iter_modules(__path__) if module.name.startswith("ex"))
    return [import_module(f"{__name__}.{name}").EXERCISE for name in names]


EXERCISES: dict[str, Exercise] = {exercise.number: exercise for exercise in _all()}
"""By number, such as "ex03"; every module of this folder that is called exNN_slug has one."""

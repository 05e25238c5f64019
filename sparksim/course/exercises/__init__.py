"""The exercises that there are, each with its checks. Their texts and stubs are made from `solutions/`."""

from __future__ import annotations

from sparksim.course.exercise import Exercise
from sparksim.course.exercises import ex01_word_count, ex02_running_totals

EXERCISES: dict[str, Exercise] = {
    module.EXERCISE.number: module.EXERCISE for module in (ex01_word_count, ex02_running_totals)
}
"""By number, such as "ex01"."""

"""Asks the checks what they expect."""

from sparksim.course.exercises.ex01_word_count import checks

expected = checks

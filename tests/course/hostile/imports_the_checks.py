"""Asks the checks what they expect."""

from sparksim.course.exercises.ex03_word_count import checks

expected = checks

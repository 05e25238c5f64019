"""Lesson catalogue and grader: not part of this version."""

"""Texts for learners, in English and Chinese."""

from __future__ import annotations

from sparksim.core.language import LANGUAGES, Text

__all__ = ["LANGUAGES", "NOT_STARTED", "Text"]

NOT_STARTED = "not started yet · 尚未完成"
"""What the functions of an exercise raise until a learner writes them."""

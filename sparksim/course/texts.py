"""Texts for learners, in English and Chinese."""

from __future__ import annotations

from typing import NamedTuple

LANGUAGES = ("en", "zh")

NOT_STARTED = "not started yet · 尚未完成"
"""What the functions of an exercise raise until a learner writes them."""


class Text(NamedTuple):
    """The same text in both languages."""

    en: str
    zh: str

    def of(self, lang: str) -> str:
        """The text in one language, "en" or "zh"."""
        return self.zh if lang == "zh" else self.en

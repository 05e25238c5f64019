"""The texts of the pictures, by language.

What the trace itself says (names of programs, blocks and faults, texts of errors) stays as it is; why records were lost
is translated by `trace.words`.
"""

from __future__ import annotations

from collections.abc import Mapping

from sparksim.core.language import language
from sparksim.viz.chinese import CHINESE
from sparksim.viz.english import ENGLISH

Words = Mapping[str, str]

__all__ = ["ENGLISH", "WORDS", "Words", "words_of"]

WORDS: Mapping[str, Words] = {"en": ENGLISH, "zh": CHINESE}


def words_of(lang: str | None = None) -> Words:
    """The texts in a language, by default the set one. Raises `ValueError` for one that there is not."""
    return WORDS[language(lang)]

"""The texts of the pictures, by language.

What the trace itself says (names of programs, blocks and faults, reasons of failures) stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from sparksim.viz.chinese import CHINESE
from sparksim.viz.english import ENGLISH

Words = Mapping[str, str]

__all__ = ["ENGLISH", "LANGUAGES", "Words", "words_of"]

LANGUAGES: Mapping[str, Words] = {"en": ENGLISH, "zh": CHINESE}


def words_of(lang: str) -> Words:
    """The texts in a language. Raises `ValueError` for one that there is not."""
    if lang not in LANGUAGES:
        raise ValueError(f"lang={lang!r}: there are texts in {' and '.join(map(repr, LANGUAGES))}")
    return LANGUAGES[lang]

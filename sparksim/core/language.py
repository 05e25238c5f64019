"""The language of what people see: figures, pages, widgets, reports and the command's messages.

It is a setting of the process, for display alone: no event, no schedule and no result depends on it.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from sparksim.core.errors import IllegalArgumentError

LANGUAGES = ("en", "zh")
VARIABLE = "SPARKSIM_LANG"
"""The environment variable with the language that a process begins with; without it that is English."""

_set: list[str] = []
"""The language that the process chose, if it did."""


class Text(NamedTuple):
    """The same text in both languages."""

    en: str
    zh: str

    def of(self, lang: str | None = None) -> str:
        """The text in one language, "en" or "zh"; by default in the set one."""
        return self.zh if language(lang) == "zh" else self.en


def set_language(lang: str | None) -> None:
    """What is shown from now on is in this language, "en" or "zh", unless it is asked for in another one.

    None returns to what the environment says. Raises `IllegalArgumentError` for a language that there is not.
    """
    _set[:] = [] if lang is None else [language(lang)]


def language(lang: str | None = None) -> str:
    """The language to show something in: `lang` if it is given, else the set one, else that of the environment.

    Raises `IllegalArgumentError` for a language that there is not.
    """
    if lang is not None:
        if lang not in LANGUAGES:
            raise IllegalArgumentError(f"lang={lang!r}: there are texts in {_known()}; give one of these")
        return lang
    if _set:
        return _set[0]
    begun = os.environ.get(VARIABLE) or LANGUAGES[0]
    if begun not in LANGUAGES:
        raise IllegalArgumentError(
            f"environment variable {VARIABLE}={begun!r}: there are texts in {_known()}; set it to one of these, or "
            f"call sparksim.set_language({LANGUAGES[0]!r})"
        )
    return begun


def _known() -> str:
    return " and ".join(map(repr, LANGUAGES))

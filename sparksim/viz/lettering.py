"""How wide a text of a figure is, before it is drawn: in letters of the Latin font, of which a Chinese one is wider."""

from __future__ import annotations

from unicodedata import east_asian_width

CHINESE_LETTERS = 1.75
"""A Chinese character is as wide as high; an average letter has 0.58 of that."""


def letters(text: str) -> float:
    """The width of a text."""
    return sum(CHINESE_LETTERS if east_asian_width(letter) in "WF" else 1.0 for letter in text)


def shortened(text: str, room: float) -> str:
    """The text, or as much of it as fits into `room` letters, with an ellipsis."""
    if letters(text) <= room:
        return text
    end = len(text)
    while end and letters(text[:end]) + 1 > room:
        end -= 1
    return f"{text[:end]}…"

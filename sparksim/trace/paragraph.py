"""Running text in lines of a width, as a terminal counts it: a Chinese character takes two columns, and no space."""

from __future__ import annotations

import re
import textwrap

from sparksim.trace.table import room

_WIDE = "\u2e80-\u9fff\uff00-\uffef"
_PIECE = re.compile(rf"[（《“]*(?:[^\s{_WIDE}]+|[{_WIDE}])[，。；：、！？）》”]*\s*")
"""What stays on one line: a word or a Chinese character, with the punctuation that belongs to it."""


def filled(text: str, width: int, first: str = "", rest: str = "") -> str:
    """The text in lines of at most `width` columns, the first after `first`, the others after `rest`."""
    if room(text) == len(text):
        return textwrap.fill(text, width, initial_indent=first, subsequent_indent=rest)
    lines = [first]
    for piece in _PIECE.findall(text):
        if room(lines[-1] + piece.rstrip()) > width and lines[-1].strip():
            lines.append(rest)
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)

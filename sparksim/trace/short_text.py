"""Any value as a short text for the trace: the same value gives the same text in every run.

So sets are in order of their texts, and there are no addresses. An object is described by its own `__repr__`, if it has
one. Of a large value only what is shown is looked at, sets excepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Any

WIDTH = 40
"""So many characters a text has at most."""

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_PLAIN = (int, float, bool, type(None))


def short_text(value: Any, width: int = WIDTH) -> str:
    """`repr(value)` in at most `width` characters: the middle of a longer text is left out, the end of a collection.

    What cannot be described is named by its type: to be looked at must not make a program fail.
    """
    try:
        text = repr(value) if type(value) in _PLAIN else _text(value, width)
    except Exception:  # what the __repr__ of a user's class raises
        text = f"<{type(value).__name__}>"
    return cut(text, width)


def cut(text: str, width: int) -> str:
    """The text, without its middle if it is longer than `width`."""
    return text if len(text) <= width else f"{text[: width - width // 3 - 1]}…{text[len(text) - width // 3 :]}"


def _text(value: Any, width: int) -> str:
    kind = type(value)
    if isinstance(value, str):
        return repr(value if len(value) <= 2 * width else value[:width] + value[-width:])
    if isinstance(value, bytes):
        return repr(value if len(value) <= 2 * width else value[:width] + value[-width:])
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value) if field.repr]
        return f"{kind.__name__}({_named(names, [getattr(value, name) for name in names], width)})"
    if hasattr(kind, "_fields") and isinstance(value, tuple):
        return f"{kind.__name__}({_named(kind._fields, value, width)})"
    if isinstance(value, dict):
        pairs = (f"{short_text(key, width)}: {short_text(each, width)}" for key, each in value.items())
        return _as(kind, dict, f"{{{_joined(pairs, len(value), width)}}}")
    if isinstance(value, list):
        return _as(kind, list, f"[{_joined(_texts(value, width), len(value), width)}]")
    if isinstance(value, tuple):
        comma = "," if len(value) == 1 else ""
        return _as(kind, tuple, f"({_joined(_texts(value, width), len(value), width)}{comma})")
    if isinstance(value, set | frozenset) and value:
        return _as(kind, set, f"{{{_joined(sorted(_texts(value, width)), len(value), width)}}}")
    return _ADDRESS.sub("", repr(value))


def _texts(values: Iterable[Any], width: int) -> Iterator[str]:
    return (short_text(each, width) for each in values)


def _named(names: Iterable[str], values: Iterable[Any], width: int) -> str:
    return ", ".join(f"{name}={short_text(each, width)}" for name, each in zip(names, values, strict=True))


def _joined(texts: Iterable[str], count: int, width: int) -> str:
    """As many of `count` texts as there is room for, and how many more there are."""
    more = f"… {count:,} more"
    shown: list[str] = []
    room = width - 2
    for text in islice(texts, count):
        room -= len(text) + 2
        if room < (0 if len(shown) + 1 == count else len(more)) and shown:
            return ", ".join([*shown, f"… {count - len(shown):,} more"])
        shown.append(text)
    return ", ".join(shown)


def _as(kind: type, usual: type, text: str) -> str:
    """Subclasses and frozen sets are named."""
    return text if kind is usual else f"{kind.__name__}({text})"

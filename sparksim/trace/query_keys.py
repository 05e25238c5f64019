"""Keys of streaming states as people read them: a window by the clock, other parts as they are.

The trace has a key as the engine keeps it: a tuple in which a time is whole microseconds and a window (start, end).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

SINCE_US = 10**14
"""1973: whole numbers from here on are taken for times."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_WINDOW = re.compile(r"^\{(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*), (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*)\}$")
_TIME = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*$")
_DAY_MS = 86_400_000

Window = tuple[float, float]
"""Start and end, in ms since the epoch."""


@dataclass(frozen=True)
class ShownKey:
    """A key without its window, as a text, and the window; None without one."""

    text: str
    window: Window | None = None

    @property
    def name(self) -> str:
        """Both, in one text."""
        if self.window is None:
            return self.text
        return f"{window_text(self.window)} {self.text}".strip()


def shown_key(key: str, event_ms: Window | None = None) -> ShownKey:
    """What a key of `QueryStateCommitted` says; the value of a session has its window in the same place.

    `event_ms` are the first and the last event time of the run: near the year 1970, a pair of whole numbers is a window
    if it lies there.
    """
    parsed = _parsed(key)
    if parsed is None:
        return ShownKey(key)
    parts = list(parsed) if isinstance(parsed, tuple) else [parsed]
    for part in parts:
        if _is_window(part, event_ms):
            parts.remove(part)
            return ShownKey(_joined(parts), (part[0] / 1000, part[1] / 1000))
    if len(parts) == 2 and isinstance(parts[0], tuple) and type(parts[1]) is int:  # a row of a join: key and number
        number = f" ({parts[1] + 1})" if parts[1] else ""
        return ShownKey(f"{_joined(parts[0])}{number}")
    return ShownKey(_joined(parts))


def owner_of(key: str) -> str:
    """Whose session it is: the key without the session's number."""
    parsed = _parsed(key)
    return _joined(parsed[:-1]) if isinstance(parsed, tuple) else key


def shown_value(value: str, operator: str = "") -> str:
    """A state's value: of a tuple its parts, of a session what is beside its window, of a join the row.

    `operator` is the name of the operator that keeps it: of a duplicate there is nothing to say but that it was seen,
    and beside what a user's function keeps, its timeout is left out.
    """
    if operator.startswith("dedupe"):
        return ""
    parsed = _parsed(value)
    if operator.endswith("WithState") and isinstance(parsed, tuple) and len(parsed) == 2:
        parsed = parsed[0]
        if parsed is None:
            return "–"
    if isinstance(parsed, tuple) and len(parsed) == 2 and isinstance(parsed[1], tuple) and _is_pair(parsed[0]):
        parsed = parsed[1]
    if isinstance(parsed, tuple):
        return _joined(parsed)
    return value if parsed is None else _text(parsed)


def window_of_cell(cell: str) -> Window | None:
    """The window that a row's cell shows, `{2024-01-01 10:00:00, 2024-01-01 10:10:00}`; None if it is none."""
    found = _WINDOW.match(cell)
    if found is None:
        return None
    start, end = (datetime.fromisoformat(_six_digits(text)).replace(tzinfo=timezone.utc) for text in found.groups())
    return (start - _EPOCH) / timedelta(milliseconds=1), (end - _EPOCH) / timedelta(milliseconds=1)


def shown_cell(cell: str) -> str:
    """A cell of a row: a window by the clock, a time without its day."""
    window = window_of_cell(cell)
    if window is not None:
        return window_text(window)
    return cell[11:].removesuffix(":00") if _TIME.match(cell) else cell


def time_text(time_ms: float) -> str:
    """A moment of event time by the clock (UTC), as short as it can be: 10:05, 10:05:30, 10:05:30.5."""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    if moment.microsecond:
        return f"{moment:%H:%M:%S.%f}".rstrip("0")
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"


def window_text(window: Window) -> str:
    """A window by the clock, with its days where these differ."""
    start, end = (time_text(each) for each in window)
    days = (window[1] - window[0]) // _DAY_MS
    return f"{start}–{end}" if not days else f"{start}–{end} +{days:g} d"


def _parsed(text: str) -> Any:
    """The value; of a named tuple its first field, even if the end of the text is missing; None if nothing is whole."""
    named = re.match(r"^\w+\(\w+=(?=\()", text)
    if named is None:
        return _literal(text)
    ends = (end.end() for end in re.finditer(r"\)", text))
    fields = (_literal(text[named.end() : end]) for end in ends)
    return next((field for field in fields if field is not None), None)


@lru_cache(maxsize=20_000)
def _literal(text: str) -> Any:
    """The same few keys and values come in every batch, so each is read once."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _is_pair(part: Any) -> bool:
    return isinstance(part, tuple) and len(part) == 2 and all(type(each) is int for each in part) and part[0] < part[1]


def _is_window(part: Any, event_ms: Window | None) -> bool:
    if not _is_pair(part):
        return False
    start_us, end_us = part
    if start_us >= SINCE_US:
        return True
    return event_ms is not None and start_us <= event_ms[1] * 1000 and event_ms[0] * 1000 < end_us


def _joined(parts: Iterable[Any]) -> str:
    return ", ".join(map(_text, parts))


def _text(part: Any) -> str:
    if type(part) is int and part >= SINCE_US:
        return time_text(part / 1000)
    return part if isinstance(part, str) else f"{part}"


def _six_digits(text: str) -> str:
    """Python 3.10 reads three or six digits of a second's parts only."""
    whole, dot, part = text.partition(".")
    return f"{whole}.{part:0<6}" if dot else whole

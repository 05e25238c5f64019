"""What all events have in common; `events.py` is where to find every one of them."""

from __future__ import annotations

from dataclasses import dataclass

Origin = tuple[str, int, int]
"""Records `first` to `last` (both included) of the source at this address, such as `("localhost:9999", 0, 41)`."""


@dataclass(frozen=True, slots=True)
class Event:
    """One fact. `time_ms` is when it happened."""

    time_ms: float

"""What all events have in common; `events.py` is where to find every one of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import update_wrapper
from typing import Any, TypeVar

Origin = tuple[str, int, int]
"""Records `first` to `last` (both included) of the source at this address, such as `("localhost:9999", 0, 41)`."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Event:
    """One fact. `time_ms` is when it happened."""

    time_ms: float


def made_fast(kind: type[T]) -> type[T]:
    """Give a frozen dataclass with slots a constructor that takes a third of the time. Nothing may be derived from it.

    The usual one goes around the freeze for each field, which is no small part of a simulation. This one lends the new
    object the class of a twin that is not frozen.
    """
    frozen: Any = kind
    thawed = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    twin = type(kind.__name__, kind.__bases__, {"__slots__": frozen.__slots__, **thawed})
    names = [field.name for field in fields(frozen)]
    lines = [
        f"def __init__(self, {', '.join(names)}):",
        "    _lend(self, '__class__', _twin)",
        *[f"    self.{name} = {name}" for name in names],
        "    self.__class__ = _kind",
    ]
    made: dict[str, Any] = {"_lend": object.__setattr__, "_twin": twin, "_kind": kind}
    exec("\n".join(lines), made)
    usual, fast = frozen.__init__, made["__init__"]
    update_wrapper(fast, usual)
    fast.__defaults__ = usual.__defaults__
    frozen.__init__ = fast
    return kind

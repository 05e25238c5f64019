"""What the grader asks a submission: to call a function with plain values, or to simulate a program.

A probe holds data only and travels to the sandbox as JSON. What comes back is data too, and is judged elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """Call `function` with plain values: numbers, texts, None, and lists, tuples, dicts and sets of them."""

    function: str
    arguments: tuple[Any, ...]

    def as_request(self) -> dict[str, Any]:
        """The probe for the sandbox; the values as Python writes them, so that a tuple stays a tuple."""
        return {"kind": "call", "function": self.function, "arguments": repr(self.arguments)}


@dataclass(frozen=True)
class Simulate:
    """Simulate the program `function(ssc)` for `until` seconds.

    `lines` are `(seconds, line)`, sent to localhost:9999. The driver dies at `driver_crash` and starts again after
    `restart_after`; the context then comes from `checkpoint`, where that is given. All times are in seconds.
    """

    function: str
    lines: tuple[tuple[float, str], ...]
    until: float
    batch: float = 1.0
    checkpoint: str | None = None
    driver_crash: float | None = None
    restart_after: float = 1.0
    seed: int = 0

    def as_request(self) -> dict[str, Any]:
        """The probe for the sandbox."""
        return {"kind": "simulate", **vars(self)}


Probe = Call | Simulate

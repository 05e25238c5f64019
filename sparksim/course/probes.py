"""What the grader asks a submission: to call a function, or to run a program in a simulation.

A probe holds data only and travels to the sandbox. What comes back is data too, and is judged elsewhere.
"""

from __future__ import annotations

import base64
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sparksim.sim.run import Run
from sparksim.trace.jsonl import jsonl_lines


@dataclass(frozen=True)
class Call:
    """Call `function` with plain values: numbers, texts, None, and lists, tuples, dicts and sets of them."""

    function: str
    arguments: tuple[Any, ...]

    def as_request(self) -> dict[str, Any]:
        """The probe for the sandbox; the values as Python writes them, so that a tuple stays a tuple."""
        return {"kind": "call", "function": self.function, "arguments": repr(self.arguments)}


@dataclass(frozen=True)
class Diagnose:
    """Call `function` with a run, of which it gets the trace: what it has to find is in there."""

    function: str
    run: Run

    def as_request(self) -> dict[str, Any]:
        """The probe for the sandbox; the trace as JSON lines."""
        return {"kind": "diagnose", "function": self.function, "trace": "".join(jsonl_lines(self.run.trace))}


@dataclass(frozen=True)
class Simulate:
    """Simulate the program `function(ssc)` for `until` seconds.

    `settings` are `Simulation`'s other arguments, made of what `sparksim.sim` offers: data, and no function of ours.
    An honest run's batches have read `reads` records or more.
    """

    kind: ClassVar[str] = "simulate"

    function: str
    until: float
    settings: Mapping[str, Any] = field(default_factory=dict)
    reads: int = 0

    @property
    def seed(self) -> int:
        """The seed of the simulation."""
        return int(self.settings.get("seed", 0))

    def as_request(self) -> dict[str, Any]:
        """The probe for the sandbox."""
        return {"kind": self.kind, "function": self.function, "until": self.until, "settings": packed(self.settings)}


@dataclass(frozen=True)
class SimulateMain(Simulate):
    """Simulate a whole program, `function()`, which makes its own contexts, for `until` seconds.

    `settings` are `simulate_script`'s other arguments. A driver that comes back begins the submission anew.
    """

    kind: ClassVar[str] = "main"


@dataclass(frozen=True)
class SimulateQuery(Simulate):
    """Simulate the streaming queries that the program `function(spark)` starts, for `until` seconds.

    `settings` are `QuerySimulation`'s other arguments. An honest run's triggers have read `reads` rows or more.
    """

    kind: ClassVar[str] = "query"


Probe = Call | Diagnose | Simulate


def packed(settings: Mapping[str, Any]) -> str:
    """Values of this package as text. Only the grader packs, and only the sandbox unpacks."""
    return base64.b64encode(pickle.dumps(dict(settings))).decode("ascii")

"""Why a query may not run, told so that a learner can go on: what is not allowed, what would go wrong, what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sparksim.sql.plan.nodes import Plan

MODES = ("append", "update", "complete")
OUTPUT_MODE = "STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION"


@dataclass(frozen=True)
class Refusal:
    """Three sentences, and the name that the current Spark has for the condition, if it has one."""

    what: str
    why: str
    instead: str
    condition: str | None = None

    def __str__(self) -> str:
        name = f"[{self.condition}] " if self.condition else ""
        return f"{name}{self.what}. Why: {self.why}. Instead: {self.instead}."


@dataclass(frozen=True)
class Asked:
    """The whole query that a node is part of, and the output mode it is to run in."""

    plan: Plan
    mode: str


Rule = Callable[[Plan, Asked], Refusal | None]
"""A rule is asked about one node of a query, or about the whole query with its topmost node."""

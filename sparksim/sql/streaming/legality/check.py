"""Asks the rules whether a query may run (Spark: UnsupportedOperationChecker.checkForStreaming)."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

from sparksim.core.errors import IllegalArgumentError
from sparksim.sql.plan.nodes import Plan
from sparksim.sql.streaming.legality.questions import nodes_of
from sparksim.sql.streaming.legality.refusal import MODES, Asked, Refusal
from sparksim.sql.streaming.legality.rules import RULES
from sparksim.sql.utils import AnalysisException


def check(plan: Plan, mode: str, rules: str = "current") -> None:
    """Let a query start, or raise `AnalysisException` with what is not allowed, why, and what to do instead.

    `mode` is append, update or complete; `rules` is `current` or `2.3`. Raises `IllegalArgumentError` for others.
    """
    refusal = refusal_of(plan, mode, rules)
    if refusal is not None:
        raise AnalysisException(str(refusal))


def refusal_of(plan: Plan, mode: str, rules: str = "current") -> Refusal | None:
    """Why a query may not start, or None when it may. Raises `IllegalArgumentError` like `check`."""
    if mode not in MODES:
        raise IllegalArgumentError(f"mode={mode!r}: give one of {', '.join(MODES)}")
    if rules not in RULES:
        raise IllegalArgumentError(f"rules={rules!r}: give one of {', '.join(RULES)}")
    asked, version = Asked(plan, mode), RULES[rules]
    questions = chain(
        ((rule, plan) for rule in version.query),
        ((rule, node) for node in nodes_of(plan) for rule in version.operators),
        ((rule, plan) for rule in version.chains),
    )
    refusals = (rule(node, asked) for rule, node in questions)
    found = next((refusal for refusal in refusals if refusal is not None), None)
    if found is None or version.names_conditions:
        return found
    return replace(found, condition=None)


def verdicts(plan: Plan, rules: str = "current") -> dict[str, str]:
    """What a query may do in each output mode: `ok`, or the reason why not."""
    return {mode: str(refusal_of(plan, mode, rules) or "ok") for mode in MODES}

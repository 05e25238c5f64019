"""An exercise as the grader knows it: functions to write, and checks that are worth points.

A check asks probes and judges the answers one by one; the first finding is what the learner reads. Inputs are drawn
from a seed that the submission never sees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from sparksim.course.probes import Call, Diagnose, Probe
from sparksim.course.sandbox.process import USUAL, Limits
from sparksim.course.texts import Text
from sparksim.sim.run import Run


@dataclass(frozen=True)
class Finding:
    """What was expected and what came, and the hint for the misconception behind it."""

    message: Text
    hint: Text


Judge = Callable[[Any], Finding | None]
"""Gets what a `Call` returned, or the `Run` of a `Simulate`; None means that it is right.

What it gets may be forged, but holds no more than a few MB. Judge by `run.output` and `run.batches`: `run.delivery`
counts out ranges of records, and a forged range can be endless.
"""


@dataclass(frozen=True)
class Case:
    """One probe of a check, and who judges its answer."""

    probe: Probe
    judge: Judge


@dataclass(frozen=True)
class Check:
    """Worth `points`, all or none. `hint` is for answers that no judge got to see: errors and time-outs."""

    name: str
    title: Text
    points: int
    cases: Sequence[Case]
    hint: Text


@dataclass(frozen=True)
class Exercise:
    """`slug` begins with its number, as ex03_word_count; `checks` draws the hidden inputs.

    `limits` hold for a submission and all its probes together; an exercise that simulates for long needs its own.
    """

    slug: str
    title: Text
    functions: tuple[str, ...]
    checks: Callable[[Random], Sequence[Check]]
    limits: Limits = USUAL

    @property
    def number(self) -> str:
        """Such as ex03."""
        return self.slug.partition("_")[0]

    @property
    def lesson(self) -> str:
        """The number of its lesson, such as 03, by which learners call it too."""
        return self.number.removeprefix("ex")


def returns(function: str, arguments: tuple[Any, ...], expected: Any, hints: Callable[[Any], Text]) -> Case:
    """A call that has to give `expected`, of the same type; `hints` finds the hint for another value."""

    def judge(value: Any) -> Finding | None:
        if type(value) is type(expected) and value == expected:
            return None
        call = f"{function}({', '.join(map(repr, arguments))})"
        return Finding(
            Text(
                f"{call} should be {expected!r} ({type(expected).__name__}), and is {short(value)}",
                f"{call} 应为 {expected!r}（{type(expected).__name__}），得到 {short(value)}",
            ),
            hints(value),
        )

    return Case(Call(function, arguments), judge)


def finds(
    function: str,
    run: Run,
    expected: Any,
    hints: Callable[[Any], Text],
    is_right: Callable[[Any], bool] | None = None,
) -> Case:
    """A function that gets a run and has to find `expected` in it; `hints` is as in `returns`.

    Right is what equals it and has the same type, or what `is_right` says.
    """

    def judge(value: Any) -> Finding | None:
        if is_right(value) if is_right else type(value) is type(expected) and value == expected:
            return None
        wanted, came = short(expected), short(value)
        return Finding(
            Text(
                f"{function}(run) should be {wanted} for this run, and is {came}",
                f"对这次运行，{function}(run) 应为 {wanted}，得到 {came}",
            ),
            hints(value),
        )

    return Case(Diagnose(function, run), judge)


def short(value: Any) -> str:
    """A value with its type, in at most a line or two."""
    text = repr(value)
    return f"{text if len(text) <= 160 else text[:157] + '...'} ({type(value).__name__})"

"""Grades one submission: asks the sandbox all probes of an exercise, then judges the answers out here.

Points come from judges only. Whatever keeps a judge from an answer (a missing function, an error, a time-out, an answer
that is no answer) is put in words and gives none.
"""

from __future__ import annotations

import ast
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

from sparksim.course import explain
from sparksim.course.exercise import Case, Check, Exercise, Finding
from sparksim.course.probes import Probe, Simulate
from sparksim.course.sandbox.process import Answers, Limits, ask
from sparksim.course.sinks import sinks_of
from sparksim.course.submission import Chunk, UnreadableSubmission, read_submission
from sparksim.course.texts import NOT_STARTED, Text
from sparksim.sim.run import Run
from sparksim.trace.checks import check_trace
from sparksim.trace.events import ApplicationStart, OutputPrinted
from sparksim.trace.jsonl import read_jsonl_stream

_LONGEST_VALUE = 1 << 16


class Contradiction(Exception):
    """A trace that no simulation gives."""


@dataclass(frozen=True)
class Result:
    """A check and what it gave; `finding` is None where it passed."""

    check: Check
    finding: Finding | None

    @property
    def score(self) -> int:
        """The points: all or none."""
        return 0 if self.finding else self.check.points


@dataclass(frozen=True)
class Graded:
    """A submission with its results; `notes` say what concerns all of it, such as functions that are missing."""

    submission: str
    exercise: Exercise
    results: tuple[Result, ...]
    notes: tuple[Text, ...] = ()
    said: str = ""

    @property
    def score(self) -> int:
        """The points reached."""
        return sum(result.score for result in self.results)

    @property
    def points(self) -> int:
        """The points that there are."""
        return sum(result.check.points for result in self.results)


def drawn_seed() -> int:
    """A seed for hidden inputs that nobody knows beforehand, short enough to be typed again."""
    return secrets.randbelow(1_000_000)


def grade(path: Path, exercise: Exercise, seed: int, *, name: str = "", limits: Limits | None = None) -> Graded:
    """Grade the file at `path`, called `name` in the results; the same `seed` draws the same hidden inputs.

    `limits` are the exercise's own if none are given.
    """
    name = name or path.name
    try:
        chunks = read_submission(path)
    except UnreadableSubmission as unreadable:
        return nothing(name, exercise, seed, unreadable.text)
    return grade_chunks(chunks, exercise, seed, name=name, limits=limits)


def grade_chunks(
    chunks: Sequence[Chunk], exercise: Exercise, seed: int, *, name: str, limits: Limits | None = None
) -> Graded:
    """Grade a submission that was read already, such as the cells that a notebook has run."""
    limits = limits or exercise.limits
    checks = _drawn(exercise, seed)
    probes: list[Probe] = []
    for check in checks:
        probes += (case.probe for case in check.cases if case.probe not in probes)
    answers = ask(chunks, probes, limits)
    results = tuple(Result(check, _judge(check, probes, answers, limits)) for check in checks)
    return Graded(name, exercise, results, tuple(_notes(exercise, answers, results, limits)), answers.said)


def nothing(name: str, exercise: Exercise, seed: int, why: Text) -> Graded:
    """No points, for one reason that holds for all checks."""
    results = tuple(Result(check, Finding(why, check.hint)) for check in _drawn(exercise, seed))
    return Graded(name, exercise, results, (why,))


def _drawn(exercise: Exercise, seed: int) -> Sequence[Check]:
    return exercise.checks(Random(f"{seed}/{exercise.slug}"))


def _judge(check: Check, probes: Sequence[Probe], answers: Answers, limits: Limits) -> Finding | None:
    for case in check.cases:
        finding = _finding(case, check, answers, answers.of_probes.get(probes.index(case.probe)), limits)
        if finding is not None:
            return finding
    return None


def _finding(
    case: Case, check: Check, answers: Answers, answer: dict[str, Any] | None, limits: Limits
) -> Finding | None:
    if answer is None:
        return _without_answer(case.probe.function, check, answers, limits)
    if "raised" in answer:
        message = str(answer.get("message", ""))
        if NOT_STARTED in message:
            return Finding(Text(NOT_STARTED, NOT_STARTED), check.hint)
        return Finding(explain.error(answer, case.probe), explain.error_hint(answer) or check.hint)
    if "type" in answer:
        return Finding(explain.no_plain_value(str(answer["type"])[:80], case.probe), check.hint)
    try:
        value = _value(answer, case.probe)
        finding = case.judge(value)
        if finding is None and isinstance(case.probe, Simulate) and not _is_believable(value, case.probe):
            raise Contradiction
        return finding
    except Exception as error:  # the answer may be forged: whatever it makes a judge stumble over is its own fault
        return Finding(explain.no_answer(type(error).__name__, case.probe), check.hint)


def _without_answer(function: str, check: Check, answers: Answers, limits: Limits) -> Finding:
    if answers.loaded is not None and function not in answers.functions:
        for each in answers.loaded:
            return Finding(explain.error(each), explain.error_hint(each) or explain.MEND_FIRST)
        return Finding(explain.missing([function]), explain.NAME_IT)
    return Finding(explain.ended(answers.end, limits), explain.end_hint(answers.end) or check.hint)


def _value(answer: dict[str, Any], probe: Probe) -> Any:
    if isinstance(probe, Simulate):
        trace = read_jsonl_stream(BytesIO(answer["trace"].encode()), "the simulation")
        return Run(trace, sinks=sinks_of(ast.literal_eval(answer["sinks"])))
    if len(answer["value"]) > _LONGEST_VALUE:
        raise ValueError("too long")
    return ast.literal_eval(answer["value"])


def _is_believable(run: Run, probe: Simulate) -> bool:
    """Whether the run is of this seed, has read its records, printed in its batches, and contradicts itself nowhere.

    That is a hurdle and no proof. Who knows how to make up a whole run has been sent the records, and can count them.
    """
    seeds = {event.seed for event in run.trace.of(ApplicationStart)}
    printing = {event.batch_time_ms for event in run.trace.of(OutputPrinted)}
    batches = run.batches.column("batch_time_ms")
    read = sum(run.batches.column("records")) + sum(run.triggers.column("rows_read"))
    return seeds == {probe.seed} and printing <= {None, *batches} and read >= probe.reads and not check_trace(run.trace)


def _notes(exercise: Exercise, answers: Answers, results: Sequence[Result], limits: Limits) -> list[Text]:
    notes = [explain.error(each) for each in answers.loaded or ()]
    if answers.end != "done":
        notes.append(explain.ended(answers.end, limits))
    if answers.loaded is not None:
        missing = [name for name in exercise.functions if name not in answers.functions]
        if missing:
            notes.append(explain.missing(missing))
    untouched = {
        case.probe.function: None
        for result in results
        if result.finding and result.finding.message.en == NOT_STARTED
        for case in result.check.cases
    }
    if untouched:
        notes.append(Text(*(f"{NOT_STARTED}: {', '.join(untouched)}" for _ in range(2))))
    return notes

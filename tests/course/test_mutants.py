"""The reference gets all points, the exercise as released none; a typical mistake loses its points, with its hint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from solutions.build import EXERCISES_DIR, SOLUTIONS_DIR
from sparksim.course.exercise import Exercise
from sparksim.course.exercises import EXERCISES
from sparksim.course.grader import Graded, grade
from sparksim.course.texts import NOT_STARTED

MUTANTS_DIR = Path(__file__).parent / "mutants"

GROW, SURVIVE = "running_totals/grow", "running_totals/survive"
BATCH, NEXT = "word_count/batch", "word_count/next"

LOST = {
    "ex01_counts_a_window": {NEXT: "windows and states carry earlier batches along"},
    "ex01_keeps_capitals": {"words/lower": "lower()"},
    "ex01_map_for_flat_map": {BATCH: "map makes one record of a line", NEXT: "map makes one record of a line"},
    "ex01_never_reduced": {BATCH: "reduceByKey adds the numbers of one word"},
    "ex01_no_output": {BATCH: "Without an output operation", NEXT: "Without an output operation"},
    "ex01_split_at_one_blank": {"words/split": "split() without an argument"},
    "ex02_adds_to_none": {"add/new": "has the state None", GROW: "updateStateByKey(add)", SURVIVE: "dies with it"},
    "ex02_counts_each_batch": {GROW: "keeps a state per word from batch to batch", SURVIVE: "Keep totals in the state"},
    "ex02_forgets_quiet_words": {
        "add/quiet": "return None and Spark forgets the word",
        GROW: "keeps a state per word",
        SURVIVE: "dies with it",
    },
    "ex02_last_count_only": {
        "add/adds": "plus all new counts",
        "add/new": "begin with 0",
        GROW: "keeps a state per word",
        SURVIVE: "dies with it",
    },
    "ex02_no_checkpoint": {GROW: "it needs ssc.checkpoint"},
    "ex02_saves_rarely": {SURVIVE: "totals.checkpoint(1)"},
    "ex02_totals_in_the_driver": {SURVIVE: "What lies in the driver's memory"},
}
"""For each mutant, the checks that it fails and what the hint says."""


def graded(path: Path, seed: int) -> Graded:
    return grade(path, EXERCISES[path.name[:4]], seed)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("slug", [exercise.slug for exercise in EXERCISES.values()])
def test_the_reference_gets_all_points(slug: str, seed: int) -> None:
    result = graded(SOLUTIONS_DIR / f"{slug}.py", seed)
    assert (result.score, result.notes) == (result.points, ())


@pytest.mark.parametrize(
    "path", sorted(EXERCISES_DIR.glob("*/ex*")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_the_exercise_as_released_gets_none_and_says_what_is_missing(path: Path) -> None:
    result = graded(path, 1)
    missing = ", ".join(result.exercise.functions)
    assert (result.score, [note.en for note in result.notes]) == (0, [f"{NOT_STARTED}: {missing}"])


@pytest.mark.parametrize("name", LOST)
def test_a_mutant_loses_its_points_and_no_others(name: str) -> None:
    findings = {each.check.name: each.finding for each in graded(MUTANTS_DIR / f"{name}.py", seed=1).results}
    failed = {check: finding for check, finding in findings.items() if finding}
    assert failed.keys() == LOST[name].keys()
    for check, finding in failed.items():
        assert LOST[name][check] in finding.hint.en
        assert finding.hint.zh


def test_each_source_has_its_checks() -> None:
    assert [path.stem for path in sorted(SOLUTIONS_DIR.glob("ex*.py"))] == [each.slug for each in EXERCISES.values()]


def test_each_exercise_has_its_mutants() -> None:
    assert sorted(LOST) == sorted(path.stem for path in MUTANTS_DIR.glob("*.py"))
    counts = [sum(name.startswith(number) for name in LOST) for number in EXERCISES]
    assert min(counts) >= 4


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_checks_are_the_same_for_the_same_seed_and_others_for_another(exercise: Exercise) -> None:
    def probes(seed: int) -> Sequence[object]:
        return [case.probe for check in exercise.checks(Random(seed)) for case in check.cases]

    assert probes(1) == probes(1)
    assert probes(1) != probes(2)


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_an_exercise_and_its_source_agree(exercise: Exercise) -> None:
    """Each task of the text says how many points its function is worth."""
    text = (SOLUTIONS_DIR / f"{exercise.slug}.py").read_text(encoding="utf-8")
    for function in exercise.functions:
        points = sum(each.points for each in exercise.checks(Random(0)) if each.name.startswith(f"{function}/"))
        assert f": {function} ({points} points)" in text
        assert f"：{function}（{points} 分）" in text

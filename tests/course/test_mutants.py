"""The reference gets all points, the exercise as released none; a typical mistake loses its points, with its hint."""

from __future__ import annotations

import ast
from pathlib import Path
from random import Random

import pytest

from solutions.build import EXERCISES_DIR, SOLUTIONS_DIR
from sparksim.course.exercise import Exercise
from sparksim.course.exercises import EXERCISES
from sparksim.course.grader import Graded, grade
from sparksim.course.texts import NOT_STARTED

MUTANTS_DIR = Path(__file__).parent / "mutants"
MUTANTS = sorted(MUTANTS_DIR.glob("ex*/*.py"))


def loses(mutant: Path) -> dict[str, str]:
    """What the mutant's LOSES says: the checks that it fails, and a part of each hint."""
    for statement in ast.parse(mutant.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "LOSES":
            return dict(ast.literal_eval(statement.value))
    raise AssertionError(f'{mutant}: say what it loses, as LOSES = {{"function/check": "part of the hint"}}')


def graded(path: Path, seed: int) -> Graded:
    return grade(path, EXERCISES[f"ex{path.name[2:4]}"], seed)


@pytest.mark.course
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("slug", [exercise.slug for exercise in EXERCISES.values()])
def test_the_reference_gets_all_points(slug: str, seed: int) -> None:
    result = graded(SOLUTIONS_DIR / f"{slug}.py", seed)
    assert (result.score, result.notes, [each.finding for each in result.results if each.finding]) == (
        result.points,
        (),
        [],
    )


@pytest.mark.course
@pytest.mark.parametrize(
    "path", sorted(EXERCISES_DIR.glob("*/ex*")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_the_exercise_as_released_gets_none_and_says_what_is_missing(path: Path) -> None:
    result = graded(path, 1)
    missing = ", ".join(result.exercise.functions)
    assert (result.score, [note.en for note in result.notes]) == (0, [f"{NOT_STARTED}: {missing}"])


@pytest.mark.course
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_mutant_loses_its_points_and_no_others(mutant: Path) -> None:
    result = grade(mutant, EXERCISES[mutant.parent.name], seed=1)
    failed = {each.check.name: each.finding for each in result.results if each.finding}
    expected = loses(mutant)
    assert {name: finding.hint.en for name, finding in failed.items() if name not in expected} == {}
    assert failed.keys() == expected.keys()
    for check, finding in failed.items():
        assert expected[check] in finding.hint.en
        assert finding.hint.zh


def test_each_source_has_its_checks() -> None:
    assert [path.stem for path in sorted(SOLUTIONS_DIR.glob("ex*.py"))] == [each.slug for each in EXERCISES.values()]


def test_each_exercise_has_its_mutants() -> None:
    counts = {number: len(list((MUTANTS_DIR / number).glob("*.py"))) for number in EXERCISES}
    assert {number: count for number, count in counts.items() if count < 4} == {}
    assert {path.parent.name for path in MUTANTS} == set(EXERCISES)


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_checks_are_the_same_for_the_same_seed_and_others_for_another(exercise: Exercise) -> None:
    def probes(seed: int) -> list[dict[str, object]]:
        return [case.probe.as_request() for check in exercise.checks(Random(seed)) for case in check.cases]

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

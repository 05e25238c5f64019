"""Real PySpark 4 does what the structured vectors say, and sparksim does what real PySpark 4 does.

One process of the environment of PySpark 4 runs all vectors of a file before its first test. Fails, and does not skip,
without. The vectors that were recorded for more than the rest (`more`) take minutes: `make test-spark4-more`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.structured_cases import MORE, run_on_sparksim, structured_files, vectors_of
from tests.conformance.structured_programs import EXACT, differences
from tests.spark4.environment import run_there

pytestmark = pytest.mark.spark4

Real = Callable[[Path], dict[str, Any]]

CASES = [
    pytest.param(file, vector, id=vector["id"], marks=[pytest.mark.more] if file == MORE else [])
    for file in structured_files()
    for vector in vectors_of(file)
]


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Real:
    """The results of real Spark for a file of vectors, by name."""

    @cache
    def answers(file: Path) -> dict[str, Any]:
        results = tmp_path_factory.mktemp("spark4") / "results.json"
        run_there("run_vectors", file, results)
        found: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))
        return found

    return answers


@pytest.mark.parametrize(("file", "vector"), CASES)
def test_real_spark_does_what_is_recorded(file: Path, vector: dict[str, Any], real: Real) -> None:
    assert differences(vector, real(file)[vector["id"]], EXACT) == []


@pytest.mark.parametrize(("file", "vector"), CASES)
def test_sparksim_does_what_real_spark_does(file: Path, vector: dict[str, Any], real: Real, tmp_path: Path) -> None:
    result = run_on_sparksim(vector["program"], tmp_path)
    assert differences(recorded_as(vector, real(file)[vector["id"]]), result) == []


def recorded_as(vector: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """What real Spark did as a vector says it: conditions that are only numbers of old messages are none, and states
    count where the vector has them (Spark runs what it sorts twice, and reports its states twice).
    """
    if "error" in told:
        facts = told["error"]
        has_none = str(facts.get("condition", "")).startswith("_LEGACY")
        return {"expected_error": {name: fact for name, fact in facts.items() if name != "condition" or not has_none}}
    expected = vector.get("expected", {"ordered": False, "batches": []})
    with_states = {batch["batch"] for batch in expected["batches"] if "state" in batch}
    batches = [
        batch if batch["batch"] in with_states else {name: fact for name, fact in batch.items() if name != "state"}
        for batch in told["batches"]
    ]
    return {"expected": {**told, "ordered": expected["ordered"], "batches": batches}}

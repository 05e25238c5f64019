"""Real PySpark 4 does what the structured vectors say, and sparksim does what real PySpark 4 does.

One process of the environment of PySpark 4 runs all vectors before the first test. Fails, and does not skip, without.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.structured_cases import run_on_sparksim, structured_files, structured_vectors
from tests.conformance.structured_programs import EXACT, differences
from tests.spark4.environment import run_there

pytestmark = pytest.mark.spark4


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The results of real Spark, by vector."""
    answers: dict[str, Any] = {}
    for file in structured_files():
        results = tmp_path_factory.mktemp("spark4") / "results.json"
        run_there("run_vectors", file, results)
        answers |= json.loads(results.read_text(encoding="utf-8"))
    return answers


@pytest.mark.parametrize("vector", structured_vectors(), ids=lambda vector: vector["id"])
def test_real_spark_does_what_is_recorded(vector: dict[str, Any], real: dict[str, Any]) -> None:
    assert differences(vector, real[vector["id"]], EXACT) == []


@pytest.mark.parametrize("vector", structured_vectors(), ids=lambda vector: vector["id"])
def test_sparksim_does_what_real_spark_does(vector: dict[str, Any], real: dict[str, Any], tmp_path: Path) -> None:
    answer = {**real[vector["id"]], "ordered": vector.get("expected", {}).get("ordered", False)}
    result = run_on_sparksim(vector["program"], tmp_path)
    assert differences({"expected_error": answer["error"]} if "error" in answer else {"expected": answer}, result) == []

"""Real PySpark still gives what the recording says. Fails, and does not skip, without pyspark or Java."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance import rdd_cases
from tests.conformance.cases import CASES, Case, answer, recording
from tests.conformance.dstream_cases import recorded_cases, shared_vectors
from tests.conformance.dstream_ops import ALL_OPS, can_run
from tests.conformance.dstream_runner import BatchClock, Vector, build, differences
from tests.spark.dstreams import BATCH_S, groups, run_group
from tests.spark.record import printed_word_count, program_answers

pytestmark = pytest.mark.spark

RECORDED = recording()
SHARED = [v for v in shared_vectors() if v["kind"] == "dstream" and can_run(v, ALL_OPS) and v.get("needs") != "scala"]
VECTORS = [v for v in [*recorded_cases(), *SHARED] if "expected_build_error" not in v]
REFUSED = [v for v in SHARED if "expected_build_error" in v]


@pytest.fixture(scope="module")
def dstream_differences(sc: Any) -> dict[str, list[str]]:
    """All vectors, run together: what differs, by vector id."""
    return {
        run.vector["id"]: differences(run, slices, error)
        for vectors in groups(VECTORS)
        for run, slices, error in run_group(vectors, sc)
    }


def test_every_case_is_recorded() -> None:
    assert {name.partition(".")[0] for name in CASES} == set(rdd_cases.__all__)
    assert set(CASES) == set(RECORDED["rdd"])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_rdd_case_answers_as_recorded(case: Case, sc: Any) -> None:
    assert answer(case, sc) == RECORDED["rdd"][case.name]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_dstream_vector_yields_as_recorded(vector: Vector, dstream_differences: dict[str, list[str]]) -> None:
    assert dstream_differences[vector["id"]] == []


@pytest.mark.parametrize("vector", REFUSED, ids=lambda vector: vector["id"])
def test_a_program_that_sparksim_refuses_is_refused(vector: Vector, sc: Any) -> None:
    from pyspark.streaming import StreamingContext

    error = {"ValueError": ValueError}[vector["expected_build_error"]]
    with pytest.raises(error):
        build(vector, sc, StreamingContext(sc, BATCH_S), BatchClock(BATCH_S))


def test_pprint_prints_as_recorded(sc: Any) -> None:
    assert printed_word_count(sc) == RECORDED["printed"]["word_count"]


def test_streaming_programs_answer_as_recorded(sc: Any) -> None:
    assert program_answers(sc) == RECORDED["programs"]

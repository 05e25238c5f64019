"""DStream vectors in virtual time: Spark's own expectations, and our programs as real PySpark answered them."""

from __future__ import annotations

from typing import Any

import pytest

from sparksim.streaming import StreamingContext
from tests.conformance.dstream_cases import recorded_cases, shared_vectors
from tests.conformance.dstream_ops import ALL_OPS, can_run
from tests.conformance.dstream_runner import BatchClock, Vector, build
from tests.conformance.virtual_dstreams import BATCH_S, found_differences

RUNNABLE = [v for v in [*shared_vectors(), *recorded_cases()] if v["kind"] == "dstream" and can_run(v, ALL_OPS)]
VECTORS = [vector for vector in RUNNABLE if "expected_build_error" not in vector]
REFUSED = [vector for vector in RUNNABLE if "expected_build_error" in vector]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_operators_yield_batch_by_batch(vector: Vector, sim: Any, tmp_path: Any) -> None:
    assert found_differences(vector, sim, tmp_path) == []


@pytest.mark.parametrize("vector", REFUSED, ids=lambda vector: vector["id"])
def test_a_program_that_spark_refuses_is_refused(vector: Vector, sim: Any) -> None:
    error = {"ValueError": ValueError}[vector["expected_build_error"]]
    with pytest.raises(error):
        build(vector, sim, StreamingContext(sim, BATCH_S), BatchClock(BATCH_S))


WORD_COUNT = next(vector for vector in VECTORS if vector["id"] == "own-word-count-order")
WRONG = {
    "another order": {"expected": [list(reversed(batch)) for batch in WORD_COUNT["expected"]]},
    "a batch too many": {"expected": [*WORD_COUNT["expected"], []]},
    "an empty batch left out": {"expected": [batch for batch in WORD_COUNT["expected"] if batch]},
    "an error that does not happen": {"expected_error": "record 1"},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_expectation_is_found(wrong: Vector, sim: Any, tmp_path: Any) -> None:
    assert len(found_differences({**WORD_COUNT, **wrong}, sim, tmp_path)) == 1

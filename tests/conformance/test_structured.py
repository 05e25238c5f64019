"""Streaming queries do what real Spark was seen to do: batch by batch, rows, watermarks and kinds, or the refusal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.structured_cases import run_on_sparksim, structured_vectors
from tests.conformance.structured_programs import differences

ROWS = {"batch": 0, "step": 0, "kind": "data", "rows": [["a", 1], ["b", 2]]}
VECTOR = {"expected": {"columns": [["k", "string"], ["n", "bigint"]], "ordered": False, "batches": [ROWS]}}
REFUSED = {"expected_error": {"phase": "start", "exception": "AnalysisException", "reason": "why"}}
STATE = {"op": "stateStoreSave", "total": 2, "updated": 1}


@pytest.mark.parametrize("vector", structured_vectors(), ids=lambda vector: vector["id"])
def test_a_query_does_what_spark_did(vector: dict[str, Any], tmp_path: Path) -> None:
    assert differences(vector, run_on_sparksim(vector["program"], tmp_path)) == []


# --- what the comparison sees -----------------------------------------------------------------------------------------


def result(**changes: Any) -> dict[str, Any]:
    """The result that VECTOR expects, its batch changed."""
    return {"columns": VECTOR["expected"]["columns"], "batches": [{**ROWS, **changes}]}


def test_the_order_of_rows_counts_only_where_it_is_promised() -> None:
    other = result(rows=[["b", 2], ["a", 1]])
    ordered = {"expected": {**VECTOR["expected"], "ordered": True}}
    assert differences(VECTOR, other) == []
    assert differences(ordered, other) == ["batch 0: rows [['b', 2], ['a', 1]], not [['a', 1], ['b', 2]]"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rows": [["a", 1], ["a", 1], ["b", 2]]}, "batch 0: rows [['a', 1], ['a', 1], ['b', 2]]"),
        ({"kind": "no_data"}, "batch 0: kind 'no_data', not 'data'"),
        ({"step": 1}, "batch 0: step 1, not 0"),
        ({"watermark": "2024-01-01 10:00:00"}, "batch 0: watermark '2024-01-01 10:00:00', not None"),
    ],
)
def test_another_batch_is_told(changes: dict[str, Any], said: str) -> None:
    [told] = differences(VECTOR, result(**changes))
    assert told.startswith(said)


def test_a_batch_too_many_is_told() -> None:
    other = result()
    other["batches"] *= 2
    assert differences(VECTOR, other) == ["2 batches, not 1"]


@pytest.mark.parametrize(("op", "count"), [("stateStoreSave", 1), ("symmetricHashJoin", 0)])
def test_totals_of_states_count_except_those_of_joins(op: str, count: int) -> None:
    batch = {**ROWS, "state": [{**STATE, "op": op}]}
    vector = {"expected": {**VECTOR["expected"], "batches": [batch]}}
    assert len(differences(vector, result(state=[{**STATE, "op": op, "total": 3}]))) == count


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ({"phase": "start", "exception": "AnalysisException", "condition": None}, []),
        (
            {"phase": "build", "exception": "AnalysisException", "condition": None},
            ["phase 'build', not 'start': because"],
        ),
    ],
)
def test_a_refusal_is_compared_by_phase_and_class(error: dict[str, Any], said: list[str]) -> None:
    assert differences(REFUSED, {"error": error, "text": "because"}) == said


def test_a_refusal_that_did_not_come_is_told() -> None:
    [told] = differences(REFUSED, result())
    assert told.startswith("not refused, but was to be: ")


def test_a_refusal_that_should_not_have_come_is_told() -> None:
    error = {"error": {"phase": "start", "exception": "AnalysisException"}, "text": "because"}
    [told] = differences(VECTOR, error)
    assert told.startswith("refused: ")

"""No vector is left out in silence: each is run by a test.

Run other vectors with `pytest tests/conformance --vectors FILE`: they take the place of the shipped ones.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from tests.conformance.dstream_cases import FORMAT, Vector, read_vectors, shared_vectors
from tests.conformance.structured_cases import structured_vectors

TESTS = [
    importlib.import_module(f"tests.conformance.{path.stem}")
    for path in sorted(Path(__file__).parent.glob("test_*.py"))
    if path.stem != Path(__file__).stem
]


def vectors_run_by(module: ModuleType) -> Iterator[Vector]:
    """The vectors that a module's tests are parametrised with."""
    for test in vars(module).values():
        for mark in getattr(test, "pytestmark", ()):
            if mark.name == "parametrize":
                yield from vectors_in(mark.args[1])


def vectors_in(cases: Iterable[Any]) -> Iterator[Vector]:
    """The vectors among the cases of a parametrised test, on their own or beside other values."""
    for case in cases:
        values = case.values if isinstance(case, ParameterSet) else case
        for value in values if isinstance(values, (tuple, list)) else [values]:
            if isinstance(value, dict) and {"id", "kind"} <= value.keys():
                yield value


def complaints(vectors: Iterable[Vector], run: Iterable[Vector]) -> list[str]:
    """For each kind: the vectors no test runs, and whether a test knows the kind at all."""
    run = list(run)
    tested, kinds = {vector["id"] for vector in run}, sorted({vector["kind"] for vector in run})
    missed: dict[str, list[str]] = {}
    for vector in vectors:
        if vector["id"] not in tested:
            missed.setdefault(vector["kind"], []).append(vector["id"])
    return [
        f"{len(ids)} of the kind {kind!r}, which "
        + ("a test knows, are left out by it: " if kind in kinds else "no test knows (only " + ", ".join(kinds) + "): ")
        + ", ".join(ids)
        for kind, ids in missed.items()
    ]


def test_every_vector_is_run() -> None:
    run = [vector for module in TESTS for vector in vectors_run_by(module)]
    found = complaints([*shared_vectors(), *structured_vectors()], run)
    assert not found, "\n".join(found)


def test_a_vector_that_is_left_out_is_named() -> None:
    vectors = [{"id": name, "kind": kind} for name, kind in (("a", "pid"), ("b", "pid"), ("c", "new"))]
    assert complaints(vectors, vectors[:1]) == [
        "1 of the kind 'pid', which a test knows, are left out by it: b",
        "1 of the kind 'new', which no test knows (only pid): c",
    ]
    assert complaints(vectors[2:], vectors[2:]) == []


@pytest.mark.parametrize("module", TESTS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_the_vectors_of_a_module_carry_their_ids(module: ModuleType) -> None:
    ids = [vector["id"] for vector in vectors_run_by(module)]
    assert len(ids) == len(set(ids)), "a vector is run twice"


# --- the option -----------------------------------------------------------------------------------------------------

PID = {
    "id": "given-pid",
    "kind": "pid",
    "estimator": {"batch_ms": 20, "proportional": 1, "integral": 0, "derivative": 0, "min_rate": 10},
    "calls": [[0, 10, 10, 0], [10, 10, 10, 0]],
    "expected": [None, 1000],
}


def run_given(path: Path, *tests: str) -> str:
    """What pytest says of these test files with the vectors of `path`."""
    here = Path(__file__).parent
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider"]
    command += [*[str(here / test) for test in tests], "--vectors", str(path)]
    done = subprocess.run(command, cwd=here.parents[1], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_other_vectors_take_the_place_of_the_shipped_ones(tmp_path: Path) -> None:
    wrong = {**PID, "id": "given-wrong-pid", "expected": [None, 999]}
    given = tmp_path / "given.json"
    given.write_text(json.dumps({"format": FORMAT, "vectors": [PID, wrong, {"id": "given-new", "kind": "new"}]}))
    said = run_given(given, "test_inner_kinds.py", "test_every_vector.py::test_every_vector_is_run")
    assert "PASSED tests/conformance/test_inner_kinds.py::test_pid[given-pid]" in said
    assert "FAILED tests/conformance/test_inner_kinds.py::test_pid[given-wrong-pid]" in said
    assert "1 of the kind 'new', which no test knows" in said
    assert "pid-first-is-none" not in said


def test_structured_vectors_take_the_place_of_structured_ones(tmp_path: Path) -> None:
    program = {
        "inputs": {"e": {"kind": "static", "schema": [["k", "string"]], "rows": [["a"]]}},
        "query": {"op": "source", "name": "e"},
        "output_mode": "append",
        "drive": "available_now",
        "steps": [],
    }
    error = {"phase": "start", "exception": "AnalysisException", "condition": "WRITE_STREAM_NOT_ALLOWED"}
    vectors = [{"name": "given-static", "program": program, "expected_error": error}]
    given = tmp_path / "given.json"
    given.write_text(json.dumps({"format": 1, "vectors": vectors}))
    said = run_given(
        given, "test_structured.py", "test_inner_kinds.py", "test_every_vector.py::test_every_vector_is_run"
    )
    assert "test_structured.py::test_a_query_does_what_spark_did[given-static]" in said
    assert "window_tumbling_boundaries" not in said
    assert "PASSED tests/conformance/test_inner_kinds.py::test_pid[pid-first-is-none]" in said


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    given = tmp_path / "given.json"
    assert f"ERROR: --vectors: {given}: cannot be read as JSON" in run_given(given, "test_inner_kinds.py")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("{", "cannot be read as JSON"), ("[]", "not a file of vectors"), ('{"format": "x"}', "not a file of vectors")],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: str, complaint: str) -> None:
    given = tmp_path / "given.json"
    given.write_text(content)
    with pytest.raises(ValueError, match=complaint):
        read_vectors(given)

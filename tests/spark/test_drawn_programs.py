"""Real PySpark still yields what the corpus of drawn programs says: a sample of them, the same one every time."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.conformance.drawn_programs import drawn_vectors
from tests.conformance.dstream_runner import Vector, differences
from tests.spark.dstreams import groups, run_group

pytestmark = pytest.mark.spark

SAMPLE = random.Random(1).sample(drawn_vectors(), 30)


@pytest.fixture(scope="module")
def drawn_differences(sc: Any) -> dict[str, list[str]]:
    """All programs of the sample, run together: what differs, by id."""
    return {
        run.vector["id"]: differences(run, slices, error)
        for vectors in groups(sorted(SAMPLE, key=lambda vector: vector["batches"]))
        for run, slices, error in run_group(vectors, sc)
    }


@pytest.mark.parametrize("vector", SAMPLE, ids=lambda vector: vector["id"])
def test_drawn_program_yields_as_recorded(vector: Vector, drawn_differences: dict[str, list[str]]) -> None:
    assert drawn_differences[vector["id"]] == []

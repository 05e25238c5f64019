"""Programs drawn at random yield on sparksim what they yielded on real PySpark."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.drawn_programs import drawn_vectors
from tests.conformance.dstream_ops import ops_of
from tests.conformance.virtual_dstreams import found_differences

GROUPS = 20


def test_the_corpus_is_large_and_uses_every_operator_of_pyspark() -> None:
    from tests.conformance.dstream_grammar import MANY_STREAMS, ONE_STREAM, TWO_STREAMS

    assert len(drawn_vectors()) >= 300
    used = {name for vector in drawn_vectors() for name in ops_of(vector["program"])}
    assert used == {*ONE_STREAM, *TWO_STREAMS, *MANY_STREAMS}


@pytest.mark.parametrize("group", range(GROUPS))
def test_drawn_programs_yield_what_pyspark_yielded(group: int, sim: Any, tmp_path: Any) -> None:
    found = {vector["id"]: found_differences(vector, sim, tmp_path) for vector in drawn_vectors()[group::GROUPS]}
    assert {name: differences for name, differences in found.items() if differences} == {}

"""Two thousand seeded crash schedules of streaming queries: no row lost, none doubled, where Spark promises that.

They strike between any two files that a query writes: its offsets, states, output and commits.
"""

from __future__ import annotations

import pytest

from sparksim.semantics import QUERYING, find
from sparksim.semantics.query_promises import EXACTLY_ONCE


def test_two_thousand_schedules_of_crashes_have_every_row_once() -> None:
    sure = [cell for cell in QUERYING.cells() if QUERYING.promise(cell) == EXACTLY_ONCE]
    assert {cell.sink for cell in sure} == {"files", "upsert"}
    matrix = find(QUERYING._replace(cells=lambda: iter(sure)), progress=False)
    assert matrix.runs >= 2_000
    assert list(matrix.contradictions()) == []


pytestmark = pytest.mark.crashes

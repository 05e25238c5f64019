"""Every RDD case gives on sparksim what it gave on real PySpark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sparksim import SparkContext
from tests.conformance import rdd_cases
from tests.conformance.cases import CASES, Case, answer, recording

RECORDED = recording()["rdd"]


@pytest.fixture(scope="module")
def sc() -> Iterator[Any]:
    with SparkContext("local[2]", "conformance") as context:
        yield context


def test_every_module_of_cases_is_registered_and_every_case_recorded() -> None:
    assert {name.partition(".")[0] for name in CASES} == set(rdd_cases.__all__)
    assert set(CASES) == set(RECORDED)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_same_answer_as_pyspark(case: Case, sc: Any) -> None:
    assert answer(case, sc) == RECORDED[case.name]

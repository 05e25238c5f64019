"""sparksim.sql answers every case as real PySpark did."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sparksim import SparkContext
from sparksim.sql import Row, SparkSession, functions, types
from tests.sql.cases import CASES, Api, answer, recorded

RECORDED = recorded()


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with SparkContext("sim[2,2]", "sql"):
        yield Api(SparkSession.builder.getOrCreate(), Row, functions, types)


@pytest.mark.parametrize("name", CASES)
def test_case_answers_as_spark_does(name: str, api: Api) -> None:
    assert answer(name, api) == RECORDED[name]

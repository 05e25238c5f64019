"""Real PySpark still answers the SQL cases as recorded. Fails, and does not skip, without pyspark or Java."""

from __future__ import annotations

from typing import Any

import pytest

from tests.spark.record_sql import pyspark_api
from tests.sql.cases import CASES, Api, answer, recorded

pytestmark = pytest.mark.spark

RECORDED = recorded()


@pytest.fixture(scope="module")
def api(sc: Any) -> Api:
    return pyspark_api(sc)


def test_every_case_is_recorded() -> None:
    assert set(CASES) == set(RECORDED)


@pytest.mark.parametrize("name", CASES)
def test_case_answers_as_recorded(name: str, api: Api) -> None:
    assert answer(name, api) == RECORDED[name]

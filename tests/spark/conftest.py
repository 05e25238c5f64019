"""Real Spark, for every module of tests that compares with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.spark.real import spark_context


@pytest.fixture(scope="module")
def sc() -> Iterator[Any]:
    """A `local[2]` SparkContext of pyspark."""
    context = spark_context()
    yield context
    context.stop()

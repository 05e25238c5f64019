"""A session on a small simulated cluster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sparksim import SparkContext
from sparksim.sql import SparkSession


@pytest.fixture
def spark() -> Iterator[SparkSession]:
    with SparkContext("sim[2,2]", "sql"):
        yield SparkSession.builder.getOrCreate()

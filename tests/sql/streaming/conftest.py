"""A session on this machine, and one on a small simulated cluster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sparksim import SparkContext
from sparksim.sql import SparkSession


@pytest.fixture(params=["local[2]", "sim[2,2]"])
def both(request: pytest.FixtureRequest) -> Iterator[SparkSession]:
    with SparkContext(request.param, "streams"):
        yield SparkSession.builder.getOrCreate()

"""A simulated cluster as large as the real one that answered: two cores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sparksim import SparkContext
from sparksim.streaming import StreamingContext


@pytest.fixture
def sim() -> Iterator[Any]:
    """A SparkContext in virtual time. A streaming context that a failing test left running is stopped."""
    with SparkContext("sim[1,2]", "conformance") as sc:
        yield sc
        active = StreamingContext.getActive()
        if active is not None:
            active.stop(stopSparkContext=False)

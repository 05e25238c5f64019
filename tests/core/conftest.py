"""What the tests of core share: a context on the inline cluster, with two partitions by default."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sparksim.core.context import SparkContext
from tests.core.inline_backend import InlineBackend


@pytest.fixture
def sc() -> Iterator[SparkContext]:
    with SparkContext("inline[2]", "core tests") as context:
        yield context


@pytest.fixture
def cluster(sc: SparkContext) -> InlineBackend:
    """The backend of `sc`, which counts jobs, stages and records."""
    backend = sc._backend
    assert isinstance(backend, InlineBackend)
    return backend

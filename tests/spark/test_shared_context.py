"""The shared vectors on contexts and listeners, on real PySpark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.context_scripts import context_script, heard_by_a_listener
from tests.conformance.dstream_cases import shared_vectors
from tests.conformance.dstream_runner import Vector
from tests.conformance.test_components import follow

pytestmark = pytest.mark.spark

BATCH_S = 1


def of_kind(kind: str) -> Any:
    found = [each for each in shared_vectors() if each["kind"] == kind and "pyspark-3.5.9" in each["checked"]]
    return pytest.mark.parametrize("vector", found, ids=lambda vector: vector["id"])


@pytest.fixture
def streaming(sc: Any) -> Iterator[Any]:
    """The module of PySpark, and no context left behind."""
    import pyspark.streaming

    yield pyspark.streaming
    active = pyspark.streaming.StreamingContext.getActive()
    if active is not None:
        active.stop(False)


@of_kind("context")
def test_streaming_context(vector: Vector, sc: Any, streaming: Any, tmp_path: Any) -> None:
    script = context_script(streaming.StreamingContext, sc, str(tmp_path), BATCH_S)
    follow(vector, script, error=Exception)


@of_kind("listener")
def test_listener(vector: Vector, sc: Any, streaming: Any) -> None:
    assert heard_by_a_listener(vector, streaming, sc, BATCH_S) == []

"""A simulated cluster as large as the real one that answered, and the choice of vectors.

`pytest tests/conformance --vectors FILE` runs the vectors of another file in place of the shipped ones of its format,
`data/dstream-vectors.json` or `data/structured-vectors.json`, in every test that is made from vectors. A vector that no
test runs is an error there (`test_every_vector.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sparksim import SparkContext
from sparksim.streaming import StreamingContext
from tests.conformance import dstream_cases, structured_cases


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option exists when pytest is told to run this folder, or something in it."""
    parser.addoption("--vectors", metavar="FILE", help="run these vectors in place of the shipped ones")


def pytest_configure(config: pytest.Config) -> None:
    """Tests are made from vectors when their modules are imported: the file has to be known before."""
    given = config.getoption("--vectors", default=None)
    if given is None:
        return
    path = config.invocation_params.dir / given
    if structured_cases.is_structured(path):
        structured_cases.take_structured_vectors_from(path)
        return
    dstream_cases.take_vectors_from(path)
    try:
        dstream_cases.shared_vectors()
    except ValueError as error:
        raise pytest.UsageError(f"--vectors: {error}") from None


@pytest.fixture
def sim() -> Iterator[Any]:
    """A SparkContext in virtual time. A streaming context that a failing test left running is stopped."""
    with SparkContext("sim[1,2]", "conformance") as sc:
        yield sc
        active = StreamingContext.getActive()
        if active is not None:
            active.stop(stopSparkContext=False)

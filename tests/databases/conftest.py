"""A database to write to: SQLite in every run, a MariaDB and a PostgreSQL of one's own in `make test-databases`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparksim import SparkContext
from tests.databases import servers

EXAMPLES_DIR = Path(__file__).parents[2] / "examples" / "databases"

sys.path.insert(0, str(EXAMPLES_DIR))  # the examples import each other as programs do


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    with servers.mariadb() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    with servers.postgresql() as url:
        yield url


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("mariadb", marks=pytest.mark.database),
        pytest.param("postgresql", marks=pytest.mark.database),
    ]
)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with empty tables."""
    from tests.databases.saved import empty_tables

    made = f"sqlite:///{tmp_path}/records.db" if request.param == "sqlite" else request.getfixturevalue(request.param)
    empty_tables(made)
    yield made
    empty_tables(made)


@pytest.fixture
def sc() -> Iterator[SparkContext]:
    """Live, two cores; a task may fail three times and still succeed."""
    context = SparkContext("local[2,4]", "ways to write")
    yield context
    context.stop()

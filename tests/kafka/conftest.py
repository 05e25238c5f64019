"""One cluster for the tests of a module, and a topic of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kafka.mock_broker import Brokers, mock_brokers, produce


@pytest.fixture(scope="module")
def brokers() -> Iterator[Brokers]:
    with mock_brokers({}) as cluster:
        yield cluster


@pytest.fixture
def topic(brokers: Brokers, request: pytest.FixtureRequest) -> str:
    """A new topic with two partitions of ten records each: "0" to "9" in both."""
    name: str = "".join(each if each.isalnum() else "-" for each in request.node.name)
    brokers.create_topic(name, 2)
    produce(brokers.servers, name, ((partition, str(number)) for number in range(10) for partition in (0, 1)))
    return name

"""The structured Kafka examples, live. `tests/examples/test_structured.py` simulates them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.process import Command, run
from tests.examples.structured import FOLDER, tables
from tests.kafka.mock_broker import Brokers, produce

pytestmark = pytest.mark.kafka

LINES = [f"word{number % 3} word" for number in range(6)]
COUNTS = {("word", "6"), ("word0", "2"), ("word1", "2"), ("word2", "2")}
MOST_READINGS = 20


@pytest.fixture
def words(brokers: Brokers, request: pytest.FixtureRequest) -> str:
    """A topic with two partitions and six lines."""
    name = "".join(each if each.isalnum() else "-" for each in request.node.name)
    brokers.create_topic(name, 2)
    produce(brokers.servers, name, ((number % 2, line) for number, line in enumerate(LINES)))
    return name


def messages(brokers: Brokers, topic: str) -> int:
    """How many messages a topic holds, as the example that reads it as a table prints it."""
    read = run("run", FOLDER / "11_kafka_batch.py", brokers.servers, topic)
    assert read.code == 0, read.said
    rows = [line.strip("|").split("|") for line in read.printed.splitlines() if line.startswith("|")]
    return sum(int(count) for _, count in rows[1:])


def test_words_of_a_topic_are_counted(brokers: Brokers, words: str, tmp_path: Path) -> None:
    with Command("run", FOLDER / "10_kafka_source.py", brokers.servers, words, tmp_path / "checkpoint") as command:
        while not any(set(rows) >= COUNTS for rows in tables(command.printed)):
            command.wait_for("|")


def test_a_topic_is_read_as_a_table(brokers: Brokers, words: str) -> None:
    assert messages(brokers, words) == len(LINES)


def test_words_come_out_loud(brokers: Brokers, words: str, tmp_path: Path) -> None:
    loud = f"{words}-loud"
    brokers.create_topic(loud, 1)
    with Command("run", FOLDER / "12_kafka_sink.py", brokers.servers, words, loud, tmp_path / "checkpoint"):
        found = [messages(brokers, loud)]
        while found[-1] < len(LINES) and len(found) < MOST_READINGS:
            found.append(messages(brokers, loud))
    assert found[-1] == len(LINES), found


def test_rows_go_to_the_topics_that_they_name(brokers: Brokers) -> None:
    for topic in ("orders", "returns"):
        brokers.create_topic(topic, 1)
    written = run("run", FOLDER / "13_kafka_batch_write.py", brokers.servers)
    assert written.code == 0, written.said
    assert (messages(brokers, "orders"), messages(brokers, "returns")) == (2, 1)

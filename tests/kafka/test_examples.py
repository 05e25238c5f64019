"""The three Kafka cases and the four stores of offsets, live. `tests/examples/test_kafka.py` simulates them."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.process import REPOSITORY, Command
from tests.examples.test_cases import HEADER, summed
from tests.kafka.mock_broker import Brokers, produce

pytestmark = pytest.mark.kafka

EXAMPLES = REPOSITORY / "examples" / "kafka"
LINES = [f"word{number % 5} word" for number in range(40)]
END = "the-end"
BATCH_S = "0.4"
MOST_BATCHES = 100
PATIENCE_S = 40


@pytest.fixture
def topic(brokers: Brokers, request: pytest.FixtureRequest) -> str:
    """A new topic with two partitions."""
    name = "".join(each if each.isalnum() else "-" for each in request.node.name)
    brokers.create_topic(name, 2)
    return name


def write(brokers: Brokers, topic: str, *lines: str) -> None:
    """Lines to both partitions in turn."""
    produce(brokers.servers, topic, ((number % 2, line) for number, line in enumerate(lines)))


def words(lines: list[str]) -> Counter[str]:
    return Counter(word for line in lines for word in line.split())


def live(name: str, *args: object) -> Command:
    """The example as `sparksim run` runs it, on local[2]. It is killed with `kill -9` at the end of its block."""
    return Command("run", EXAMPLES / f"{name}.py", *map(str, args))


# --- the three cases --------------------------------------------------------------------------------------------------


def wait_until_counted(command: Command, count: int) -> None:
    """Until the batches that were printed have counted so many words."""
    for _ in range(MOST_BATCHES):
        command.wait_for(HEADER)
        if summed(command.stdout).total() >= count:
            return
    raise AssertionError(f"after {MOST_BATCHES} batches: {command.printed}")


@pytest.mark.parametrize("name", ["receiver_word_count", "direct_word_count_08", "direct_word_count"])
def test_a_case_counts_what_was_there_before_it_and_what_comes_later(name: str, brokers: Brokers, topic: str) -> None:
    before, later = LINES[:15], LINES[15:]
    write(brokers, topic, *before)
    with live(name, brokers.servers, topic, BATCH_S) as command:
        wait_until_counted(command, 2 * len(before))
        write(brokers, topic, *later)
        wait_until_counted(command, 2 * len(LINES))
        write(brokers, topic, END)
        command.wait_for(END)
        command.interrupt()
        assert command.end() == 0, command.said
    assert summed(command.stdout) == words([*LINES, END])


def test_a_direct_stream_says_what_it_reads(brokers: Brokers, topic: str) -> None:
    write(brokers, topic, *LINES)
    with live("direct_word_count_08", brokers.servers, topic, BATCH_S) as command:
        command.wait_for(HEADER)
        assert command.stdout[:2] == [f"{topic} {partition}: from 0 to before 20" for partition in (0, 1)]


# --- the four stores --------------------------------------------------------------------------------------------------

EXPECTED = words([*LINES, END, END])
PROGRAMS = [
    *[(f"offsets_in_{store}", way) for store in ("checkpoint", "zookeeper", "kafka") for way in ("add", "upsert")],
    ("offsets_in_database", "once"),
]


class Store:
    """One of the programs, with a topic, a group and a database of its own."""

    def __init__(self, name: str, way: str, brokers: Brokers, directory: Path) -> None:
        self.topic = f"{name}-{way}"
        self._name = name
        self._brokers = brokers
        self._database = directory / "words.db"
        ways = [] if way == "once" else [way]
        rest = [directory / "checkpoint", BATCH_S] if name == "offsets_in_checkpoint" else [BATCH_S, self.topic]
        self._args = [brokers.servers, self.topic, f"sqlite:///{self._database}", *ways, *rest]

    def found(self) -> Counter[str]:
        """Word and total, from the totals and from the rows of the messages."""
        with closing(sqlite3.connect(self._database)) as connection:
            if not connection.execute("select 1 from sqlite_master where name = 'messages'").fetchall():
                return Counter()
            totals = Counter(dict(connection.execute("select word, total from totals")))
            return totals + words([line for (line,) in connection.execute("select line from messages")])

    def wait_for(self, count: int, word: str = "word") -> None:
        """Until the database has so many of a word."""
        deadline = time.monotonic() + PATIENCE_S
        while (found := self.found())[word] < count:
            assert time.monotonic() < deadline, f"after {PATIENCE_S} s there are only {found}"
            time.sleep(0.01)

    def killed_once(self) -> Counter[str]:
        """What is there after two lives. The first ends when a batch is in the database, and its offsets hardly."""
        first, second, third = LINES[:10], LINES[10:25], LINES[25:]
        write(self._brokers, self.topic, *first)
        with live(self._name, *self._args):
            self.wait_for(len(first))
            write(self._brokers, self.topic, *second)
            self.wait_for(len(first) + 1)
        write(self._brokers, self.topic, *third, END, END)
        with live(self._name, *self._args):
            self.wait_for(2, END)  # each is the last of its partition
        return self.found()


Outcomes = dict[tuple[str, str], Future[Counter[str]]]


@pytest.fixture(scope="module")
def outcomes(brokers: Brokers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    """What each program and way left in its database. All run at once: they wait most of the time."""
    stores = {each: Store(*each, brokers, tmp_path_factory.mktemp("-".join(each))) for each in PROGRAMS}
    for store in stores.values():
        brokers.create_topic(store.topic, 2)
    with ThreadPoolExecutor(len(stores)) as pool:
        yield {each: pool.submit(store.killed_once) for each, store in stores.items()}


@pytest.mark.parametrize("name", ["offsets_in_checkpoint", "offsets_in_zookeeper", "offsets_in_kafka"])
def test_what_is_added_up_counts_at_least_once(name: str, outcomes: Outcomes) -> None:
    found = outcomes[name, "add"].result()
    assert not EXPECTED - found
    assert set(found) == set(EXPECTED)


@pytest.mark.parametrize("name", ["offsets_in_checkpoint", "offsets_in_zookeeper", "offsets_in_kafka"])
def test_a_row_for_each_message_is_there_once(name: str, outcomes: Outcomes) -> None:
    assert outcomes[name, "upsert"].result() == EXPECTED


def test_offsets_beside_the_results_make_every_word_count_once(outcomes: Outcomes) -> None:
    assert outcomes["offsets_in_database", "once"].result() == EXPECTED

"""The three Kafka cases and the four stores of offsets, simulated. `tests/kafka/test_examples.py` runs them live."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from sparksim.cli.main import main
from sparksim.sim import AtBatch, DriverCrash, Replay, Run, simulate_script
from sparksim.sim.kafka import KafkaCluster, Producer, Topic
from sparksim.trace.events import OffsetsCommitted
from tests.cli.process import REPOSITORY
from tests.examples.test_cases import commands

EXAMPLES = REPOSITORY / "examples" / "kafka"
LINES = [(round(0.25 + 0.25 * number, 2), f"word{number % 5} word") for number in range(36)]
WORDS = Counter(word for _, line in LINES for word in line.split())
BATCH_3_DONE = DriverCrash(AtBatch(3, "completed"), restart_after=1.5)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A database that is not there yet; the examples' module of tables is not kept from test to test."""
    yield f"sqlite:///{tmp_path / 'words.db'}"
    sys.modules.pop("totals", None)


def simulated(name: str, *args: str, until: float = 24, **surroundings: Any) -> Run:
    """The example, its lines in a topic of two partitions from second 0.25 to second 9."""
    producer = Producer("words", Replay(LINES), acks="all", idempotent=True, partitioner="round-robin")
    network = {"localhost:9092": KafkaCluster([Topic("words", partitions=2)], [producer])}
    return simulate_script(EXAMPLES / f"{name}.py", args=args, until=until, network=network, **surroundings)


def counted(run: Run) -> Counter[str]:
    """All counts that a run printed, added up."""
    total: Counter[str] = Counter()
    for line in str(run.output).splitlines():
        if line.startswith("('"):
            word, count = line.strip("()").replace("'", "").split(", ")
            total[word] += int(count)
    return total


def totals(url: str) -> Counter[str]:
    """Word and total, as the database has them."""
    with create_engine(url).connect() as connection:
        rows = list(connection.execute(text("SELECT word, total FROM totals")))
        lines = [row.line for row in connection.execute(text("SELECT line FROM messages"))]
    return Counter({row.word: row.total for row in rows}) + Counter(word for line in lines for word in line.split())


# --- the three cases --------------------------------------------------------------------------------------------------


def test_a_receiver_counts_every_word_and_commits_by_the_clock() -> None:
    run = simulated("receiver_word_count", "localhost:2181", "words", "2", until=80)
    assert counted(run) == WORDS
    [first, *_] = run.trace.of(OffsetsCommitted)
    assert (first.storage, first.group) == ("zookeeper", "receiver word count")
    assert first.time_ms > 60_000  # auto.commit.interval.ms of Kafka 0.8 is a minute


def test_more_receivers_than_cores_leave_none_to_count_with() -> None:
    run = simulated("receiver_word_count", "localhost:2181", "words", "2", "20", master="sim[1,2]")
    assert (counted(run), len(run.batches.where(status="completed"))) == (Counter(), 0)


@pytest.mark.parametrize("name", ["direct_word_count", "direct_word_count_08"])
def test_a_direct_stream_counts_every_word_with_all_cores(name: str) -> None:
    run = simulated(name, "localhost:9092", "words", "2", master="sim[1,1]", cost="spark-local")
    assert counted(run) == WORDS
    assert len(run.receivers) == 0


def test_a_direct_stream_says_what_it_reads() -> None:
    run = simulated("direct_word_count_08", "localhost:9092", "words", "2")
    printed = str(run.output[4.0]).splitlines()
    assert printed[:2] == ["words 0: from 4 to before 8", "words 1: from 4 to before 8"]


# --- the four stores --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["add", "upsert"])
@pytest.mark.parametrize("name", ["offsets_in_checkpoint", "offsets_in_zookeeper", "offsets_in_kafka"])
def test_every_word_counts_once_while_nothing_breaks(name: str, way: str, url: str) -> None:
    directory = ["sim://checkpoint"] if name == "offsets_in_checkpoint" else []
    simulated(name, "localhost:9092", "words", url, way, *directory)
    assert totals(url) == WORDS


@pytest.mark.parametrize("name", ["offsets_in_checkpoint", "offsets_in_kafka"])
def test_what_is_added_up_counts_twice_after_a_crash(name: str, url: str) -> None:
    """The driver dies with a batch in the database and its offsets not yet stored."""
    directory = ["sim://checkpoint"] if name == "offsets_in_checkpoint" else []
    simulated(name, "localhost:9092", "words", url, "add", *directory, faults=[BATCH_3_DONE])
    found = totals(url)
    assert not WORDS - found  # nothing is missing,
    assert found.total() > WORDS.total()  # and something is there twice


@pytest.mark.parametrize("name", ["offsets_in_checkpoint", "offsets_in_zookeeper", "offsets_in_kafka"])
def test_a_row_for_each_message_is_there_once_after_a_crash(name: str, url: str) -> None:
    directory = ["sim://checkpoint"] if name == "offsets_in_checkpoint" else []
    simulated(name, "localhost:9092", "words", url, "upsert", *directory, faults=[BATCH_3_DONE])
    assert totals(url) == WORDS


@pytest.mark.parametrize("second", [2.5, 3.03, 3.2, 4.04, 5.9])
def test_offsets_beside_the_results_make_every_word_count_once(second: float, url: str) -> None:
    crash = DriverCrash(second, restart_after=1.0)
    simulated("offsets_in_database", "localhost:9092", "words", url, faults=[crash])
    assert totals(url) == WORDS


# --- what is said about the examples ----------------------------------------------------------------------------------

PROGRAMS = sorted({path.stem for path in EXAMPLES.glob("*.py")} - {"receiver_beside_direct", "totals"})


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_docstring_has_a_live_command_and_a_simulated_one_that_runs(
    name: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    live_command, command = commands(f"kafka/{name}")
    assert live_command[:2] == command[:2] == ["run", f"examples/kafka/{name}.py"]
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(EXAMPLES / f"{name}.py"), *command[2:]]) == 0
    assert " records produced: " in capsys.readouterr().err
    if name.startswith("offsets_in_"):
        assert totals(url).total() > 100

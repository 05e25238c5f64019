"""The structured examples, simulated and live. `tests/spark4` runs the same stories on real Spark."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sparksim.cli.main import main
from sparksim.sim import Replay, Run, simulate_script
from sparksim.sim.kafka import KafkaCluster, Producer, Topic
from sparksim.trace.kafka_events import RecordsAppended
from tests.cli.process import Command, server
from tests.examples.structured import (
    COUNTS_OF_USERS,
    FOLDER,
    KAFKA,
    LINE_OF_AN_EVENT,
    STORIES,
    USERS,
    Story,
    rows_of,
    tables,
)
from tests.examples.test_cases import commands

NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))
LINES = [(0.5 + number, f"word{number % 3} word") for number in range(6)]
COUNTS = {("word", "6"), ("word0", "2"), ("word1", "2"), ("word2", "2")}


def story_id(story: Story) -> str:
    return "-".join((story.name, *story.args))


def simulated(name: str, *args: str, until: float = 20, **surroundings: Any) -> Run:
    return simulate_script(FOLDER / f"{name}.py", args=args, until=until, **surroundings)


def kafka(lines: Sequence[tuple[float, str]] = LINES) -> dict[str, Any]:
    """Two partitions of words, and a topic that nobody writes to yet."""
    producer = Producer("words", Replay(lines), acks="all", idempotent=True, partitioner="round-robin")
    topics = [Topic("words", partitions=2), Topic("loud", partitions=1), Topic("orders"), Topic("returns")]
    return {"localhost:9092": KafkaCluster(topics, [producer])}


# --- the stories ------------------------------------------------------------------------------------------------------

CTRL_C = 130
"""How a shell is told that a program was ended by Ctrl-C."""


@pytest.mark.parametrize("story", STORIES, ids=story_id)
def test_a_story_in_virtual_time(story: Story) -> None:
    sockets = range(len(story.steps[0]))
    network = {
        f"localhost:{9998 if len(sockets) == 2 and socket == 0 else 9999}": Replay(
            [(1 + 4 * number, line) for number, step in enumerate(story.steps) for line in step[socket]]
        )
        for socket in sockets
    }
    ports = ["9998", "9999"] if len(sockets) == 2 else ["9999"]
    run = simulated(story.name, "localhost", *ports, *story.args, network=network)
    assert rows_of(story, str(run.output)) == story.rows


@pytest.mark.parametrize("story", STORIES, ids=story_id)
def test_a_story_live(story: Story) -> None:
    with ExitStack() as stack:
        sources = [stack.enter_context(server()) for _ in story.steps[0]]
        ports = [source.port for source in sources]
        command = stack.enter_context(Command("run", FOLDER / f"{story.name}.py", "localhost", *ports, *story.args))
        for step, text in zip(story.steps, story.shown or ["Batch: "] * len(story.steps), strict=True):
            for source, lines in zip(sources, step, strict=True):
                source.send(*lines)
            command.wait_for(text)
        while not story.rows <= rows_of(story, command.printed):
            command.wait_for("|")
        command.interrupt()
        assert command.end() == CTRL_C, command.said
    assert rows_of(story, command.printed) == story.rows


def test_a_word_is_in_two_windows() -> None:
    run = simulated("02_windowed_word_count", network={"localhost:9999": Replay([(1, "to")])})
    assert [row[1:] for row in tables(str(run.output))[-1]] == [("to", "1"), ("to", "1")]


def test_files_are_counted_by_user() -> None:
    files = {
        f"incoming/{name}": (second, LINE_OF_AN_EVENT.format(user))
        for second, (name, user) in enumerate(USERS.items(), start=1)
    }
    run = simulated("09_csv_files", "sim://incoming/events_*.csv", files=files)
    assert set(tables(str(run.output))[-1]) == COUNTS_OF_USERS


# --- Kafka ------------------------------------------------------------------------------------------------------------


def test_words_of_a_topic_are_counted() -> None:
    run = simulated("10_kafka_source", "localhost:9092", "words", "sim://checkpoint", network=kafka())
    assert set(tables(str(run.output))[-1]) == COUNTS


def test_words_come_out_loud() -> None:
    run = simulated("12_kafka_sink", "localhost:9092", "words", "loud", "sim://checkpoint", network=kafka())
    appended = [event for event in run.trace.of(RecordsAppended) if event.log.startswith("loud")]
    assert sum(len(event.numbers) for event in appended) == len(LINES)


def test_a_topic_is_counted_by_partition() -> None:
    run = simulated("11_kafka_batch", "localhost:9092", "words", network=kafka([(0, "word")] * 5))
    shown = [line.strip("|").split("|") for line in str(run.output).splitlines() if line.startswith("|")]
    assert [[cell.strip() for cell in row] for row in shown[1:]] == [["0", "3"], ["1", "2"]]


def test_a_row_goes_to_the_topic_that_it_names() -> None:
    run = simulated("13_kafka_batch_write", "localhost:9092", network=kafka())
    appended = Counter[str]()
    for event in run.trace.of(RecordsAppended):
        appended[event.log] += len(event.numbers)
    assert {log: count for log, count in appended.items() if not log.startswith("words")} == {
        "orders/0": 2,
        "returns/0": 1,
    }


# --- record by record -------------------------------------------------------------------------------------------------


def test_numbers_are_printed_as_they_come() -> None:
    """Every third number, within 50 ms in continuous processing; a batch has waited half a second."""
    continuous = simulated("14_continuous", "continuous", "foreach", "sim://checkpoint", until=6)
    batches = simulated("14_continuous", "processingTime", "foreach", "sim://checkpoint", until=6)
    printed = [int(value) for value in re.findall(r"value=(\d+)", str(continuous.output))]
    assert printed == list(range(0, 24, 3))
    assert max(row.latency_ms for row in continuous.written_rows) < 50
    assert len(str(batches.output).splitlines()) < len(printed)


def test_the_console_prints_epochs() -> None:
    run = simulated("14_continuous", "continuous", "console", "sim://checkpoint", until=6)
    assert [value for rows in tables(str(run.output)) for _, value in rows] == [str(n) for n in range(0, 21, 3)]


# --- what is said about the examples ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in NAMES if len(commands(f"structured/{name}")) > 1])
def test_the_simulated_command_of_a_docstring_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    *_, command = commands(f"structured/{name}")
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(FOLDER / f"{name}.py"), *command[2:]]) == 0
    if name != "12_kafka_sink":
        assert ("Row(" if name == "14_continuous" else "Batch: 0") in capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_every_docstring_has_a_live_command(name: str) -> None:
    assert commands(f"structured/{name}")[0][:2] == ["run", f"examples/structured/{name}.py"]


def test_every_kafka_example_is_known() -> None:
    assert [name for name in NAMES if "kafka" in name] == list(KAFKA)

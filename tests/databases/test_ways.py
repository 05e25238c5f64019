"""Each way saves what was sent, and asks of the database what it promises to: on real databases, live and simulated."""

from __future__ import annotations

from collections import Counter
from types import ModuleType

import driver_connection
import pytest
from record_store import COUNTED, counts

from sparksim import SparkContext
from sparksim.core.errors import NotSerializable
from sparksim.sim import Replay, Run, simulate_script
from tests.cli.process import Command, run, server
from tests.databases.conftest import EXAMPLES_DIR
from tests.databases.saved import BATCHES, NOON, PER_PARTITION, PER_RECORD, POOL, WAYS, name_of, saved

LINES = ("to be", "To be", "面包 🥐", "it's 100%; DROP TABLE records", "  two  spaces  ", "", *map(str, range(30)))
SIM_CORES = 6

pytestmark = [
    pytest.mark.filterwarnings("error::sqlalchemy.exc.SAWarning"),
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
]
each_way = pytest.mark.parametrize("way", WAYS, ids=name_of)


def promised(way: ModuleType, asked: Counter[str], records: int, partitions: int, cores: int) -> None:
    """Check the counts of one batch or more; `partitions` are those that hold records."""
    assert asked["rows"] == records
    if way is BATCHES:
        assert asked["statements"] == asked["commits"] == partitions
    else:
        assert asked["statements"] == asked["commits"] == records
    if way is PER_RECORD:
        assert asked["connections"] == records
    elif way is PER_PARTITION:
        assert asked["connections"] == partitions
    else:
        assert 1 <= asked["connections"] <= cores


def simulated(way: ModuleType, url: str) -> Run:
    """The program on six simulated cores. The records come while it listens, and there is time to save them all."""
    load = Replay([(1 + number * 0.05, line) for number, line in enumerate(LINES)])
    program = EXAMPLES_DIR / f"{way.__name__}.py"
    return simulate_script(program, args=("localhost", "9999", url), until=6, network={"localhost:9999": load})


def reported(printed: list[str]) -> Counter[str]:
    """The sum of the lines that a program printed, one per batch, below its heading."""
    total: Counter[str] = Counter()
    for line in printed:
        *_, rows, connections, statements, commits, _ms = ["", "", "", "", *line.split()]
        if rows.isdecimal():
            total.update(dict(zip(COUNTED, map(int, (rows, connections, statements, commits)), strict=True)))
    return total


@pytest.mark.database
@each_way
def test_a_live_stream_is_saved_as_it_was_sent(way: ModuleType, url: str) -> None:
    program = EXAMPLES_DIR / f"{way.__name__}.py"
    with server() as source, Command("run", program, "localhost", source.port, url, "--master", "local[3]") as command:
        source.send(*LINES)
        while reported(command.stdout)["rows"] < len(LINES):
            command.wait_for("20")
        command.interrupt()
        assert command.end() == 0, command.said
    assert saved(url) == Counter(LINES)


@each_way
def test_a_simulated_stream_is_saved_and_asks_what_the_way_promises(way: ModuleType, url: str) -> None:
    before = counts()
    run = simulated(way, url)
    assert saved(url) == Counter(LINES)
    promised(way, counts() - before, len(LINES), len(run.blocks), SIM_CORES)
    assert reported(str(run.output).splitlines()) == counts() - before


@each_way
def test_a_live_batch_asks_what_the_way_promises(way: ModuleType, url: str, sc: SparkContext) -> None:
    before = counts()
    way.save(url, NOON, sc.parallelize(LINES, 4))
    promised(way, counts() - before, len(LINES), 4, cores=2)
    assert saved(url) == Counter(LINES)


@each_way
def test_an_empty_partition_asks_for_nothing(way: ModuleType, url: str, sc: SparkContext) -> None:
    before = counts()
    way.save(url, NOON, sc.parallelize(["a", "b"], 5))
    way.save(url, NOON, sc.parallelize([], 5))
    promised(way, counts() - before, records=2, partitions=2, cores=2)


def test_a_pool_serves_the_batches_that_follow(url: str, sc: SparkContext) -> None:
    before = counts()
    for _ in range(5):
        POOL.save(url, NOON, sc.parallelize(LINES, 4))
    assert 1 <= (counts() - before)["connections"] <= 2


def test_a_large_partition_takes_several_statements_and_one_commit(
    url: str, sc: SparkContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BATCHES, "ROWS_PER_STATEMENT", 4)
    before = counts()
    BATCHES.save(url, NOON, sc.parallelize(range(10), 1).map(str))
    assert (counts() - before)["statements"] == 3
    assert (counts() - before)["commits"] == 1
    assert saved(url) == Counter(map(str, range(10)))


def test_a_connection_of_the_driver_cannot_be_sent_and_is_named(url: str) -> None:
    with pytest.raises(NotSerializable, match=r"it holds 'connection', a Connection\b.*once per partition"):
        simulated(driver_connection, url)
    assert not saved(url)


def test_a_live_program_ends_with_that_error(url: str) -> None:
    with server() as source:
        source.send("to be")
        ended = run("run", EXAMPLES_DIR / "driver_connection.py", "localhost", source.port, url)
    assert ended.code == 1
    assert "it holds 'connection', a Connection" in ended.stderr[-1]
    assert not saved(url)

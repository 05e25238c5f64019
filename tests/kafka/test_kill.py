"""A direct stream over the wire under `kill -9`: a million messages, each in the database exactly once."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from tests.kafka.exactly_once import BATCH_S, PARTITIONS
from tests.kafka.mock_broker import mock_brokers, produce

pytestmark = pytest.mark.kafka

PROGRAM = Path(__file__).with_name("exactly_once.py")
REPOSITORY = Path(__file__).parents[2]
MESSAGES = 1_000_000
PATIENCE_S = 120


class Life:
    """One process of the program."""

    def __init__(self, servers: str, database: Path) -> None:
        self._database = database
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM), servers, "orders", str(database)],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def wait_until(self, holds: Callable[[int], bool]) -> None:
        """Until it holds for the number of messages in the database."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds(count := messages_in(self._database)):
            assert self._process.poll() is None, f"the program ended by itself with code {self._process.returncode}"
            assert time.monotonic() < deadline, f"after {PATIENCE_S} s there are only {count} messages"
            time.sleep(0.05)

    def wait_while_it_writes(self, writes: bool) -> None:
        """Until a transaction is in progress, which has a journal then, or none is."""
        journal = self._database.with_name(f"{self._database.name}-journal")
        deadline = time.monotonic() + PATIENCE_S
        while journal.exists() != writes:
            assert time.monotonic() < deadline, f"no change of the journal within {PATIENCE_S} s"
            time.sleep(0.0005)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def in_the_midst_of_a_transaction(life: Life) -> None:
    life.wait_while_it_writes(True)


def right_after_a_transaction(life: Life) -> None:
    """When a program that keeps its offsets elsewhere has not yet stored them."""
    life.wait_while_it_writes(True)
    life.wait_while_it_writes(False)


def at_any_moment(life: Life) -> None:
    time.sleep(random.Random("kill -9").uniform(0, 2 * BATCH_S))


def when_all_is_done(life: Life) -> None:
    """Two batches more would show what comes twice."""
    time.sleep(2 * BATCH_S)


DEATHS: tuple[tuple[int, Callable[[Life], None]], ...] = (
    (100_000, in_the_midst_of_a_transaction),
    (350_000, right_after_a_transaction),
    (600_000, at_any_moment),
    (MESSAGES, when_all_is_done),
)
"""How many messages are in the database when a life's end is near, and what it waits for."""


def test_three_times_kill_9(tmp_path: Path) -> None:
    database = tmp_path / "results.db"
    found: list[int] = []
    with mock_brokers({"orders": PARTITIONS}) as brokers:
        produce(brokers.servers, "orders", ((number % PARTITIONS, str(number)) for number in range(MESSAGES)))
        for messages, moment in DEATHS:
            life = Life(brokers.servers, database)
            try:
                life.wait_until(lambda count, enough=messages: count >= enough)
                moment(life)
            finally:
                life.kill()
            found.append(messages_in(database))
    assert all(earlier < later for earlier, later in pairwise(found)), "each life has done its part"
    assert found[-2] < MESSAGES
    check(database)


def check(database: Path) -> None:
    """Counted from the database, by the number in the message and by its place in the log."""
    with closing(sqlite3.connect(database)) as connection:
        [counted] = connection.execute(
            "select count(*), count(distinct value), min(value), max(value) from messages"
        ).fetchall()
        assert counted == (MESSAGES, MESSAGES, 0, MESSAGES - 1)
        astray = connection.execute(
            "select count(*) from messages where log <> value % :logs or position <> value / :logs",
            {"logs": PARTITIONS},
        ).fetchall()
        assert astray == [(0,)]
        offsets = connection.execute("select log, next from offsets order by log").fetchall()
        assert offsets == [(log, MESSAGES // PARTITIONS) for log in range(PARTITIONS)]


def messages_in(database: Path) -> int:
    """How many are there now; also while a program writes, or was killed in the midst of it."""
    with closing(sqlite3.connect(database)) as connection:
        tables = connection.execute("select count(*) from sqlite_master where name = 'messages'").fetchone()[0]
        if not tables:
            return 0
        count: int = connection.execute("select coalesce(max(rowid), 0) from messages").fetchone()[0]
        return count

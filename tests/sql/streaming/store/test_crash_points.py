"""A driver may die between any two steps of any write: what is there afterwards is whole, and in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparksim.sim import DriverCrash
from sparksim.sim.simulation import simulate_script
from sparksim.sql.streaming.store.folder import Folder
from sparksim.sql.streaming.store.provider import StateStoreProvider

PROGRAM = """
from sparksim import SparkConf, SparkContext
from sparksim.sql.streaming.store.commit_log import CommitEntry, CommitLog
from sparksim.sql.streaming.store.disk_time import driver_disk
from sparksim.sql.streaming.store.offset_log import OffsetEntry, OffsetLog

sc = SparkContext(conf=SparkConf().setAppName("logs"))
disk = driver_disk(sc._backend)
offsets, commits = OffsetLog("sim://checkpoint/offsets", disk), CommitLog("sim://checkpoint/commits", disk)
print(offsets.ids(), commits.ids())
for batch in range(len(commits.ids()), 3):
    offsets.add(batch, OffsetEntry(0, batch))
    commits.add(batch, CommitEntry(batch))
print(offsets.ids(), commits.ids())
"""
"""Each write takes 20 ms: the file lies there under another name, then it gets its own."""


@pytest.mark.parametrize(
    ("at_ms", "found"),
    [
        (10, "[] []"),
        (30, "[0] []"),
        (50, "[0] [0]"),
        (70, "[0, 1] [0]"),
        (90, "[0, 1] [0, 1]"),
        (110, "[0, 1, 2] [0, 1]"),
        (130, "[0, 1, 2] [0, 1, 2]"),
    ],
)
def test_a_driver_that_starts_again_finds_whole_entries_and_goes_on(at_ms: float, found: str, tmp_path: Path) -> None:
    script = tmp_path / "logs.py"
    script.write_text(PROGRAM)
    run = simulate_script(script, until=5, faults=[DriverCrash(at=at_ms / 1000, restart_after=1)])
    assert run.error is None
    assert str(run.output).splitlines()[-2:] == [found, "[0, 1, 2] [0, 1, 2]"]


class Died(Exception):
    """The process that writes is gone."""


def die(size_bytes: int) -> None:
    raise Died


def test_a_delta_that_got_no_name_is_not_there(checkpoint: str) -> None:
    dying = StateStoreProvider(checkpoint, 0, 0, charge=die)
    states = dying.open(0)
    states.put("a", 1)
    with pytest.raises(Died):
        dying.commit(states)
    folder = Folder(f"{checkpoint}/state/0/0")
    assert folder.names() == []
    assert folder.has(".1.delta.0.tmp")
    assert dying.open(0).get("a") is None

    living = StateStoreProvider(checkpoint, 0, 0)
    again = living.open(0)
    again.put("a", 1)
    assert living.commit(again).version == 1
    assert folder.names() == ["1.delta"]


def test_of_two_who_write_at_once_the_second_changes_nothing(checkpoint: str) -> None:
    def other(size_bytes: int) -> None:
        Folder(checkpoint).create("0", b"other")

    folder = Folder(checkpoint, other)
    assert not folder.create("0", b"mine")
    assert folder.read("0") == b"other"
    assert not folder.has(".0.0.tmp")
    assert not folder.has(".0.1.tmp")

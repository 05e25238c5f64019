"""Simulated files: an fsspec file system in virtual time."""

from __future__ import annotations

import datetime as dt

import fsspec
import pytest

from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.core.errors import IllegalArgumentError
from sparksim.sim.files import SimulatedFiles
from tests.streaming.fakes import reach


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def disk(clock):
    """fsspec's view of two files."""
    files = SimulatedFiles(clock, {"sim://in/a.txt": (2.5, "text"), "in/deep/b.bin": (0, b"\x00\x01", -3)})
    files.mount()
    yield fsspec.filesystem("sim")
    files.unmount()


def test_a_file_appears_at_its_moment(clock, disk):
    assert disk.ls("sim://in", detail=False) == ["in/deep"]
    assert not disk.exists("sim://in/a.txt")
    reach(clock, 2500)
    assert disk.ls("sim://in", detail=False) == ["in/a.txt", "in/deep"]
    assert disk.cat_file("sim://in/a.txt") == b"text"
    assert disk.cat_file("in/deep/b.bin", start=1) == b"\x01"


def test_asking_for_one_of_many_files_looks_at_no_other():
    class CountingClock(VirtualClock):
        asked = 0

        @property
        def now_ms(self):
            self.asked += 1
            return super().now_ms

    counting = CountingClock()
    files = SimulatedFiles(counting, {f"in/{number}": (0, "") for number in range(1000)})
    assert files.info("in/500")["size"] == 0
    assert files.children("in/500") == []
    assert counting.asked < 10


def test_its_modification_time_is_that_moment_unless_the_story_says_otherwise(clock, disk):
    reach(clock, 2500)
    assert disk.info("in/a.txt") == {"name": "in/a.txt", "size": 4, "type": "file", "mtime": 2.5}
    assert disk.info("in/deep/b.bin")["mtime"] == -3
    assert disk.modified("in/a.txt") == dt.datetime(1970, 1, 1, 0, 0, 2, 500_000, tzinfo=dt.timezone.utc)


def test_a_directory_changes_when_a_file_appears_in_it(clock, disk):
    assert disk.info("in")["type"] == "directory"
    reach(clock, 3000)
    assert disk.info("in")["mtime"] == 2.5
    assert disk.info("in/deep")["mtime"] == 0


def test_what_a_program_writes_is_modified_now(clock, disk):
    reach(clock, 7000)
    with disk.open("sim://out/c.txt", "w") as file:
        file.write("new")
    assert disk.info("out/c.txt")["mtime"] == 7
    assert disk.cat_file("out/c.txt") == b"new"


def test_a_rename_keeps_the_modification_time_and_a_copy_does_not(clock, disk):
    reach(clock, 4000)
    disk.mv("in", "moved")
    assert disk.find("") == ["moved/a.txt", "moved/deep/b.bin"]
    disk.copy("moved/a.txt", "copy.txt")
    assert [disk.info(name)["mtime"] for name in ("moved/a.txt", "copy.txt")] == [2.5, 4]


def test_files_and_directories_are_removed(clock, disk):
    reach(clock, 3000)
    disk.makedirs("sim://empty")
    assert disk.isdir("empty")
    disk.rm("in", recursive=True)
    disk.rm("empty", recursive=True)
    assert disk.find("") == []
    assert not disk.exists("in")


def test_globs(clock, disk):
    reach(clock, 3000)
    assert disk.glob("sim://in/*.txt") == ["in/a.txt"]
    assert disk.glob("i*/d*") == ["in/deep"]


def test_what_cannot_be_done_says_so(disk):
    with pytest.raises(FileNotFoundError, match=r"sim://in/a.txt does not exist at 0 s"):
        disk.cat_file("in/a.txt")
    with pytest.raises(IsADirectoryError, match="sim://in is a directory"):
        disk.cat_file("in")
    with pytest.raises(FileExistsError, match="in"):
        disk.makedirs("in")
    with pytest.raises(ValueError, match="mode 'ab' of sim://x: simulated files are read"):
        disk.open("x", "ab")


def test_without_a_simulation_there_are_no_simulated_files(clock):
    files = SimulatedFiles(clock)
    files.mount()
    files.unmount()
    with pytest.raises(FileNotFoundError, match="sim: paths exist only inside a simulation that was given files"):
        fsspec.filesystem("sim")


@pytest.mark.parametrize("story", ["text", (1,), ("1", "text"), (1, 2), (1, "text", None), (float("nan"), "x")])
def test_a_story_of_another_shape_is_refused(clock, story):
    with pytest.raises(IllegalArgumentError, match=r"files\['a'\]=.*: give \(seconds, text\) or \(seconds, text, mod"):
        SimulatedFiles(clock, {"a": story})

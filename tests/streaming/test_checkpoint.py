"""The files that a driver leaves for the next one, and what is read of them when they are damaged."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sparksim import SparkContext
from sparksim.cluster.faults import Victim
from sparksim.core.conf import _system_properties
from sparksim.core.errors import IllegalArgumentError, NotSerializable, SparkException
from sparksim.sim import DriverCrash, Run, Simulation
from sparksim.streaming.graph_checkpoint import GraphCheckpoint, checkpoint_files, read_newest, write_checkpoint
from sparksim.trace.events import BatchCompleted, CheckpointWritten, StreamingRecovered, Warned
from tests.streaming import lives
from tests.streaming.lives import NOTES, live, note, one, running_count, story, total


@dataclass(frozen=True)
class Event:
    """Something happens to the checkpoint directory, in second `at`."""

    at: float
    happens: Callable[[], Any]

    def strike(self, victim: Victim) -> Iterator[Any]:
        yield victim.clock.env.timeout(self.at * 1000 - victim.clock.now_ms)
        self.happens()


def saved(directory: Path, time_ms: int) -> GraphCheckpoint:
    return GraphCheckpoint("local", "test", (), str(directory), 1000, time_ms, (), b"")


def pass_through(ssc: Any) -> None:
    ssc.textFileStream("sim://in").foreachRDD(note)


def run(directory: Path, *faults: Any, until: float, program: Any = running_count) -> Run:
    NOTES.clear()
    surroundings: dict[str, Any] = {"files": story("abacabadabacaba"), "cost": "free", "checkpoint": str(directory)}
    return Simulation(program, faults=faults, **surroundings).run(until=until)


def warnings(of: Run) -> list[str]:
    return [event.message for event in of.trace if isinstance(event, Warned)]


# --- names ----------------------------------------------------------------------------------------------------------


def test_two_files_per_batch_and_ten_are_kept(tmp_path: Path) -> None:
    written = run(tmp_path, until=12.5).trace.of(CheckpointWritten)
    assert checkpoint_files(str(tmp_path)) == [f"checkpoint-{s}000{kind}" for s in range(8, 13) for kind in (".bk", "")]
    assert [(event.batch_time_ms, event.pending) for event in written[:4]] == [
        (1000, (1000,)),
        (1000, ()),
        (2000, (2000,)),
        (2000, ()),
    ]


def test_only_checkpoints_count_and_a_backup_is_older_than_its_file(tmp_path: Path) -> None:
    for name in ("checkpoint-10", "checkpoint-9.bk", "checkpoint-9", "checkpoint-x", "temp", "checkpoint-10.bk"):
        (tmp_path / name).touch()
    assert checkpoint_files(str(tmp_path)) == ["checkpoint-9.bk", "checkpoint-9", "checkpoint-10.bk", "checkpoint-10"]


def test_what_a_crash_left_half_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "temp").write_bytes(b"half")
    write_checkpoint(saved(tmp_path, 1000), 1000)
    assert sorted(os.listdir(tmp_path)) == ["checkpoint-1000"]


def test_a_late_snapshot_of_an_old_batch_gets_the_newest_name(tmp_path: Path) -> None:
    slow = {"spark.streaming.concurrentJobs": 1}
    cost = {"cost": "teaching", "conf": slow, "checkpoint": str(tmp_path), "batch": 0.1}
    written = Simulation(running_count, files=story("abc", 0.1), **cost).run(until=3).trace.of(CheckpointWritten)
    late = [event for event in written if event.name != f"checkpoint-{event.batch_time_ms}"]
    assert late
    assert all(int(event.name.removeprefix("checkpoint-")) > event.batch_time_ms for event in late)


# --- damaged files --------------------------------------------------------------------------------------------------


def damage(directory: Path, names: list[str], how: Callable[[bytes], bytes]) -> None:
    for name in names:
        path = directory / name
        path.write_bytes(how(path.read_bytes()))


HARM: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "truncated": lambda data: data[: len(data) // 2],
    "garbage": lambda data: b"garbage",
    "something else": lambda data: b"N.",
}


@pytest.mark.parametrize("harm", HARM)
def test_a_damaged_file_gives_way_to_the_one_before(harm: str, tmp_path: Path) -> None:
    newest = ["checkpoint-5000", "checkpoint-5000.bk"]
    event = Event(5.6, lambda: damage(tmp_path, newest, HARM[harm]))
    result = run(tmp_path, event, DriverCrash(5.7, 0.1), until=7.5)
    [recovered] = result.trace.of(StreamingRecovered)
    assert (recovered.checkpoint_ms, recovered.batches) == (4000, (4000, 5000))
    assert [f"{tmp_path}/{name}: " in text for name, text in zip(newest, warnings(result), strict=False)] == [True] * 2
    assert NOTES[-1] == [("a", 4), ("b", 2), ("c", 1)]


def test_no_file_can_be_read(tmp_path: Path) -> None:
    event = Event(2.6, lambda: damage(tmp_path, checkpoint_files(str(tmp_path)), HARM["garbage"]))
    words = rf"Failed to read checkpoint from directory {tmp_path}: none of its 4 files.*delete the directory"
    with pytest.raises(SparkException, match=words):
        run(tmp_path, event, DriverCrash(2.7, 0.1), until=9)


def test_no_file_means_a_new_program(tmp_path: Path) -> None:
    assert read_newest(str(tmp_path / "nothing"), lambda checkpoint: checkpoint, pytest.fail) is None
    run(tmp_path, DriverCrash(0.6, 0.1), until=2.5)
    assert NOTES == [[], [("b", 1)]]  # the file of 0.5 s is older than the second driver


def test_a_function_that_the_program_no_longer_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def change() -> None:
        monkeypatch.delattr(lives, "total")

    with pytest.raises(SparkException, match=r"Can't get attribute 'total'.*program was changed"):
        run(tmp_path, Event(2.6, change), DriverCrash(2.7, 0.1), until=9, program=chained)


# --- a directory that cannot be used ----------------------------------------------------------------------------------


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(IllegalArgumentError, match=r"directory='.*file': no checkpoint can be kept there"):
        run(tmp_path / "file", until=2)


def test_three_attempts_then_a_warning_and_the_program_goes_on(tmp_path: Path) -> None:
    directory = tmp_path / "checkpoint"

    def block() -> None:
        directory.rename(tmp_path / "away")
        directory.touch()

    result = run(directory, Event(2.6, block), until=4.5, program=pass_through)
    third = [text for text in warnings(result) if "batch 3000 ms" in text]
    assert [text[:18] for text in third] == [f"Error in attempt {n}" for n in (1, 2, 3)] + ["the checkpoint of "]
    assert "given up after 3 attempts" in third[-1]
    assert [event.batch_time_ms for event in result.trace.of(BatchCompleted)] == [1000, 2000, 3000, 4000]


# --- what cannot be saved ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("captured", "words"),
    [
        (lambda ssc: threading.Lock(), "cannot pickle '_thread.lock' object"),
        (lambda ssc: ssc, "the StreamingContext exists on the driver only"),
        (lambda ssc: ssc.sparkContext, "SparkContext"),
        (lambda ssc: ssc.sparkContext.parallelize([1]), "exists on the driver only"),
    ],
    ids=["lock", "streaming context", "context", "rdd"],
)
def test_a_function_captures_what_cannot_be_saved(captured: Any, words: str, tmp_path: Path) -> None:
    def program(ssc: Any) -> None:
        caught = captured(ssc)
        ssc.textFileStream("sim://in").foreachRDD(lambda rdd: rdd.foreach(lambda _: None) or caught)

    with pytest.raises(NotSerializable, match=rf"not serializable.*{words}.*foreachRDD at test_checkpoint"):
        run(tmp_path, until=2, program=program)


def test_a_queue_runs_with_a_warning_and_is_not_recovered(tmp_path: Path) -> None:
    def program(ssc: Any) -> None:
        ssc.queueStream([["a"], ["b"]]).foreachRDD(note)

    assert "queueStream doesn't support checkpointing" in warnings(run(tmp_path / "one", until=2.5, program=program))[0]
    assert NOTES == [["a"], ["b"]]
    with pytest.raises(SparkException, match="queueStream doesn't support checkpointing: its RDDs are gone"):
        run(tmp_path / "two", DriverCrash(1.5, 0.1), until=4, program=program)


# --- settings ---------------------------------------------------------------------------------------------------------


def test_saved_settings_win_but_for_those_of_the_surroundings() -> None:
    pairs = {"spark.master": "local[2]", "spark.app.name": "old", "spark.driver.host": "gone", "my.own": "saved"}
    checkpoint = GraphCheckpoint("local[2]", "old", tuple(pairs.items()), "d", 1000, 0, (), b"")
    assert dict(checkpoint.conf().getAll()) == {k: v for k, v in pairs.items() if k != "spark.driver.host"}
    SparkContext.setSystemProperty("spark.master", "local[4]")
    SparkContext.setSystemProperty("my.own", "new")
    try:
        conf = checkpoint.conf()
    finally:
        for key in ("spark.master", "my.own"):
            _system_properties.pop(key)
    assert (conf.get("spark.master"), conf.get("my.own")) == ("local[4]", "saved")


# --- data -------------------------------------------------------------------------------------------------------------


def chained(ssc: Any) -> None:
    """A state behind a state: both are written, the further one first."""
    counts = ssc.textFileStream("sim://in").map(one).updateStateByKey(lives.total)
    counts.map(lambda pair: (pair[1], 1)).updateStateByKey(lives.total).foreachRDD(note)


def rdd_directories(directory: Path) -> list[Path]:
    return [path for own in directory.iterdir() if own.is_dir() for path in own.glob("rdd-*")]


def test_one_state_behind_another_is_written_too(tmp_path: Path) -> None:
    run(tmp_path, until=10.5, program=chained)
    assert len(rdd_directories(tmp_path)) == 2


def test_files_that_no_checkpoint_needs_are_deleted(tmp_path: Path) -> None:
    run(tmp_path, until=45, program=running_count)
    assert 1 <= len(rdd_directories(tmp_path)) <= 3


def test_lineage_does_not_grow_over_a_hundred_batches() -> None:
    live(length_of_lineage, until=100.5, files=story("ab"))
    assert len(NOTES) == 100
    assert max(NOTES[50:]) == max(NOTES[10:30])


def length_of_lineage(ssc: Any) -> None:
    def measure(rdd: Any) -> None:
        rdd.count()
        NOTES.append(rdd.toDebugString().count(b"\n"))

    ssc.textFileStream("sim://in").map(one).updateStateByKey(total).foreachRDD(measure)

"""How a query runs: the order of its steps, how a program waits for it, how it is stopped, and how it dies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sparksim import SparkContext
from sparksim.sim import DriverCrash, Run, simulate_script
from sparksim.sql import SparkSession
from sparksim.sql.streaming.triggers import AvailableNow
from sparksim.sql.utils import StreamingQueryException
from sparksim.trace.events import (
    QueryBatchCommitted,
    QueryBatchPlanned,
    QueryIdle,
    QueryProgressed,
    QueryRowsWritten,
    QueryStarted,
    QueryTerminated,
    TaskStart,
)
from tests.sql.streaming.scripted import Script, ScriptedOperator, new_session, passes, trace_of

LIFE = (
    QueryStarted,
    QueryBatchPlanned,
    QueryRowsWritten,
    QueryBatchCommitted,
    QueryProgressed,
    QueryIdle,
    QueryTerminated,
)


@pytest.fixture(params=["sim[1,1]", "local[2]"])
def both(request: pytest.FixtureRequest) -> Iterator[SparkSession]:
    """A session in virtual time, and one in live time."""
    with new_session(request.param) as session:
        yield session


def test_the_offset_log_comes_first_and_the_commit_log_last(both: SparkSession, tmp_path: Path) -> None:
    script = Script(rows=3)

    def look(batch_id: int) -> None:
        names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("[0-9]*"))
        script.diary.append([name for name in names if not name.endswith(".crc")])

    script.in_batch = look
    query = script.start(both, tmp_path)
    query.processAllAvailable()
    script.rows = 5
    query.processAllAvailable()
    query.stop()
    assert script.diary == [
        "200 partitions",
        (0, (None, 3)),
        ["offsets/0"],
        "forget 3",
        (1, (3, 5)),
        ["commits/0", "offsets/0", "offsets/1"],
        "source stops",
        "plan closes",
    ]
    kinds = [type(event).__name__ for event in trace_of(both, *LIFE)]
    batch = ["QueryBatchPlanned", "QueryRowsWritten", "QueryBatchCommitted", "QueryProgressed", "QueryIdle"]
    assert kinds == ["QueryStarted", *batch, *batch, "QueryTerminated"]


def test_a_query_without_data_polls_and_tells_it_once(tmp_path: Path) -> None:
    with new_session() as session:
        script = Script()
        query = script.start(session, tmp_path)
        passes(session, 60_000)
        assert (query.isActive, script.inputs) == (True, [])
        assert len(trace_of(session, QueryIdle)) == 1
        assert query.status == {
            "message": "Waiting for data to arrive",
            "isDataAvailable": False,
            "isTriggerActive": False,
        }
        script.rows = 1
        passes(session, 500)
        assert [event.ends for event in trace_of(session, QueryBatchPlanned)] == [("1",)]


def test_what_waits_for_all_data_waits_for_the_batches_without_data_too(both: SparkSession, tmp_path: Path) -> None:
    script = Script(rows=2, times_ms={0: [5_000, 9_000]}, delay_ms=1_000, operator=ScriptedOperator())
    query = script.start(both, tmp_path)
    query.processAllAvailable()
    assert [sorted(each.ranges.values(), key=str) for each in script.inputs] == [[(None, 2)], [None]]
    planned = trace_of(both, QueryBatchPlanned)
    assert [(event.batch, event.watermark_ms, event.data) for event in planned] == [(0, 0, True), (1, 8_000, False)]


def fail(batch_id: int) -> None:
    raise ValueError("no such table")


def test_a_batch_that_fails_kills_its_query_and_no_other(both: SparkSession, tmp_path: Path) -> None:
    well = Script(rows=1).start(both, tmp_path / "well")
    ill = Script(rows=2, in_batch=fail).start(both, tmp_path / "ill", name="ill")
    with pytest.raises(StreamingQueryException) as caught:
        ill.awaitTermination()
    text = str(caught.value)
    ids = f"[id = {ill.id}, runId = {ill.runId}]"
    assert text.startswith(f"[STREAM_FAILED] Query {ids} terminated with exception: Traceback")
    assert "ValueError: no such table\n=== Streaming Query ===\n" in text
    assert f"Identifier: ill {ids}\n" in text
    assert "Current Committed Offsets: {}\nCurrent Available Offsets: {Scripted: 2}\n" in text
    assert (ill.isActive, ill.exception()) == (False, caught.value)
    assert ill.status["message"].startswith("Terminated with exception: Traceback")
    with pytest.raises(StreamingQueryException):
        ill.processAllAvailable()
    well.processAllAvailable()
    assert well.isActive
    assert (tmp_path / "ill/offsets/0").exists()
    assert not (tmp_path / "ill/commits/0").exists()


def test_a_stop_ends_the_batch_under_way_with_its_jobs(tmp_path: Path) -> None:
    with new_session() as session:
        script = Script(rows=1)
        numbers = session.sparkContext.range(1_000_000, numSlices=1)
        script.in_batch = lambda batch_id: script.diary.append(numbers.count())
        query = script.start(session, tmp_path)
        while not trace_of(session, TaskStart):
            passes(session, 10)
        query.stop()
        query.stop()
        assert script.diary[-2:] == ["source stops", "plan closes"]
        assert (query.isActive, query.exception(), query.status["message"]) == (False, None, "Stopped")
        assert query.awaitTermination() is None
        assert not (tmp_path / "commits").exists()
        assert session.sparkContext.range(3).count() == 3


def test_waiting_for_the_end_has_a_limit(both: SparkSession, tmp_path: Path) -> None:
    query = Script(rows=1).start(both, tmp_path / "steady")
    assert query.awaitTermination(0.05) is False
    query.stop()
    assert query.awaitTermination(0.05) is True
    done = Script(rows=1).start(both, tmp_path / "done", AvailableNow())
    assert done.awaitTermination(5) is True


def test_settings_that_change_later_do_not_reach_a_query(tmp_path: Path) -> None:
    with new_session() as session:
        session.conf.set("spark.sql.shuffle.partitions", "3")
        script = Script(rows=1)
        request = script.request(session, tmp_path)
        session.conf.set("spark.sql.shuffle.partitions", "5")
        session.streams.start(request).processAllAvailable()
        assert script.diary[0] == "3 partitions"
        assert session.conf.get("spark.sql.shuffle.partitions") == "5"


def test_a_temporary_checkpoint_is_deleted_after_a_clean_end_only(tmp_path: Path) -> None:
    with new_session() as session:
        well, ill = tmp_path / "well", tmp_path / "ill"
        Script(rows=1).start(session, well, AvailableNow(), is_temporary=True).awaitTermination()
        dead = Script(rows=1, in_batch=fail).start(session, ill, is_temporary=True)
        with pytest.raises(StreamingQueryException, match="no such table"):
            dead.awaitTermination()
        assert (well.exists(), ill.exists()) == (False, True)


CRASHING: list[tuple[Script, Path]] = []
"""The query of `crash`, for the script that starts it in each life of the driver."""


def start_crashing() -> None:
    [(script, checkpoint)] = CRASHING
    script.start(SparkSession(SparkContext.getOrCreate()), checkpoint).awaitTermination()


def crash(script: Script, tmp_path: Path, at: float) -> Run:
    """Three seconds of a query whose driver dies at second `at`, and is back half a second later."""
    program = tmp_path / "program.py"
    program.write_text("from tests.sql.streaming.test_execution import start_crashing\n\nstart_crashing()\n")
    CRASHING[:] = [(script, tmp_path / "checkpoint")]
    return simulate_script(program, until=3, faults=[DriverCrash(at=at, restart_after=0.5)])


@pytest.mark.parametrize(
    ("while_writing", "at", "lives", "again"),
    [
        ("the id", 0.010, 1, [False]),
        ("the offset log", 0.030, 2, [False]),
        ("the commit log", 0.050, 2, [False, True]),
        ("nothing any more", 0.100, 2, [False]),
    ],
)
def test_a_crash_may_fall_between_any_two_writes(
    tmp_path: Path, while_writing: str, at: float, lives: int, again: list[bool]
) -> None:
    script = Script(rows=4)
    run = crash(script, tmp_path, at)
    assert [entry for entry in script.diary if isinstance(entry, tuple)] == [(0, (None, 4))] * len(again)
    planned = run.trace.of(QueryBatchPlanned)
    assert [event.again for event in planned] == again
    assert len({event.batch_time_ms for event in planned}) == 1
    assert len(run.trace.of(QueryBatchCommitted)) == 1
    starts = run.trace.of(QueryStarted)
    assert len({event.run for event in starts}) == len(starts) == lives
    assert len({event.query for event in starts}) == 1

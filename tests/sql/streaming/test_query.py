"""The handle of a query: who it is, what it says, and how a program waits with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sparksim.sql.streaming.triggers import Once
from sparksim.sql.utils import PySparkValueError, StreamingQueryException
from tests.sql.streaming.scripted import Script, new_session
from tests.sql.streaming.test_execution import fail


def test_who_a_query_is(tmp_path: Path) -> None:
    with new_session() as session:
        script = Script(rows=1)
        first = script.start(session, tmp_path, Once(), name="counts")
        first.awaitTermination()
        second = script.start(session, tmp_path, Once())
        assert (first.name, second.name) == ("counts", None)
        assert first.id == second.id
        assert len({first.id, first.runId, second.runId}) == 3
        assert (first.isActive, second.isActive) == (False, True)


def test_ids_are_the_same_in_every_run_of_a_simulation(tmp_path: Path) -> None:
    ids = []
    for number in range(2):
        with new_session() as session:
            query = Script().start(session, tmp_path / str(number))
            ids.append((query.id, query.runId))
    assert ids[0] == ids[1]


@pytest.mark.parametrize("timeout", [0, -1, "a", True])
def test_a_timeout_is_a_positive_number_of_seconds(tmp_path: Path, timeout: Any) -> None:
    with new_session() as session:
        query = Script().start(session, tmp_path)
        with pytest.raises(PySparkValueError) as caught:
            query.awaitTermination(timeout)
        kind = type(timeout).__name__
        assert str(caught.value) == f"[VALUE_NOT_POSITIVE] Value for `timeout` must be positive, got '{kind}'."


def test_a_plan_is_shown_once_there_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with new_session() as session:
        script = Script()
        query = script.start(session, tmp_path)
        query.explain()
        script.rows = 1
        query.processAllAvailable()
        query.explain()
        query.explain(extended=True)
        nothing, rest = capsys.readouterr().out.split("\n", 1)
        assert nothing == "No physical plan. Waiting for data."
        assert rest.count("== Physical Plan ==") == 2
        assert rest.count("== Logical Plan ==") == 1
        assert "Watermark" in rest


def test_a_query_that_died_raises_whenever_it_is_waited_for(tmp_path: Path) -> None:
    with new_session() as session:
        query = Script(rows=1, in_batch=fail).start(session, tmp_path)
        for wait in (query.awaitTermination, query.processAllAvailable, lambda: query.awaitTermination(1)):
            with pytest.raises(StreamingQueryException, match="no such table") as caught:
                wait()
            assert caught.value is query.exception()
            assert caught.value.getErrorClass() == "STREAM_FAILED"
        query.stop()


def test_a_query_that_was_stopped_is_waited_for_no_more(tmp_path: Path) -> None:
    with new_session() as session:
        query = Script(rows=1).start(session, tmp_path)
        query.stop()
        query.processAllAvailable()
        assert query.awaitTermination() is None
        assert query.status == {"message": "Stopped", "isDataAvailable": False, "isTriggerActive": False}


def test_a_query_may_stop_itself_in_a_batch(tmp_path: Path) -> None:
    with new_session() as session:
        script = Script(rows=1)
        query = script.start(session, tmp_path)
        script.in_batch = lambda batch_id: query.stop()
        assert query.awaitTermination(5) is True
        assert query.exception() is None
        assert (tmp_path / "offsets/0").exists()
        assert not (tmp_path / "commits/0").exists()

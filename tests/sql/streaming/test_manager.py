"""The queries of a session: which run, which names and checkpoints exclude each other, and waiting for any of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.sql.streaming.triggers import Once
from sparksim.sql.utils import PySparkTypeError, PySparkValueError, StreamingQueryException
from sparksim.trace.events import Warned
from tests.sql.streaming.scripted import Script, new_session, trace_of
from tests.sql.streaming.test_execution import fail


def test_the_queries_that_run(tmp_path: Path) -> None:
    with new_session() as session:
        first = Script().start(session, tmp_path / "1")
        second = Script().start(session, tmp_path / "2")
        assert [query.id for query in session.streams.active] == [first.id, second.id]
        found = session.streams.get(second.id)
        assert found is not None
        assert found.runId == second.runId
        first.stop()
        assert [query.id for query in session.streams.active] == [second.id]
        assert session.streams.get(first.id) is None


@pytest.mark.parametrize("id", ["x", 3, None])
def test_what_is_no_id_is_refused(id: Any) -> None:
    with new_session() as session, pytest.raises(IllegalArgumentError, match=f"Invalid UUID string: {id}"):
        session.streams.get(id)


def test_a_name_belongs_to_one_running_query(tmp_path: Path) -> None:
    with new_session() as session:
        first = Script().start(session, tmp_path / "1", name="counts")
        with pytest.raises(IllegalArgumentError) as caught:
            Script().start(session, tmp_path / "2", name="counts")
        assert str(caught.value) == (
            "Cannot start query with name counts as a query with that name is already active in this SparkSession"
        )
        first.stop()
        assert Script().start(session, tmp_path / "2", name="counts").isActive


def test_the_older_run_on_a_checkpoint_is_stopped(tmp_path: Path) -> None:
    with new_session() as session:
        older = Script(rows=1).start(session, tmp_path)
        newer = Script(rows=1).start(session, tmp_path)
        assert (older.id == newer.id, older.isActive, newer.isActive) == (True, False, True)
        assert [event.message for event in trace_of(session, Warned)] == [
            f"run {older.runId} of query {older.id} is stopped: the query was started again on the same checkpoint"
        ]


def test_or_the_newer_one_is_refused(tmp_path: Path) -> None:
    with new_session() as session:
        session.conf.set("spark.sql.streaming.stopActiveRunOnRestart", "false")
        older = Script(rows=1).start(session, tmp_path)
        with pytest.raises(IllegalStateError, match=f"Cannot start query with id {older.id} as another query"):
            Script(rows=1).start(session, tmp_path)
        assert older.isActive


def test_waiting_for_any_query_hears_of_past_ends_until_they_are_reset(tmp_path: Path) -> None:
    with new_session() as session:
        streams = session.streams
        assert streams.awaitAnyTermination(1) is False
        Script(rows=1).start(session, tmp_path / "1", Once()).awaitTermination()
        assert streams.awaitAnyTermination() is None
        assert streams.awaitAnyTermination(1) is True
        streams.resetTerminated()
        assert streams.awaitAnyTermination(1) is False
        Script(rows=1, in_batch=fail).start(session, tmp_path / "2")
        for _ in range(2):
            with pytest.raises(StreamingQueryException, match="no such table"):
                streams.awaitAnyTermination()
        streams.resetTerminated()
        assert streams.awaitAnyTermination(0.1) is False


def test_a_timeout_is_a_positive_number_of_seconds_here_too() -> None:
    with new_session() as session, pytest.raises(PySparkValueError, match="VALUE_NOT_POSITIVE"):
        session.streams.awaitAnyTermination(0)


def test_a_listener_is_one_of_the_right_class() -> None:
    with new_session() as session, pytest.raises(PySparkTypeError, match="listener=3: give an object of a class that"):
        session.streams.addListener(3)  # type: ignore[arg-type]  # what is tested

"""What listeners hear, and when."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sparksim.sql.streaming import StreamingQueryListener
from sparksim.sql.streaming.triggers import AvailableNow
from sparksim.sql.utils import StreamingQueryException
from tests.sql.streaming.scripted import Script, new_session, passes
from tests.sql.streaming.test_execution import fail


class Diary(StreamingQueryListener):
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def onQueryStarted(self, event: Any) -> None:
        self.heard.append(("started", event.name, event.timestamp))

    def onQueryProgress(self, event: Any) -> None:
        self.heard.append(("progress", event.progress.batchId))

    def onQueryIdle(self, event: Any) -> None:
        self.heard.append(("idle", event.timestamp))

    def onQueryTerminated(self, event: Any) -> None:
        self.heard.append(("terminated", event.exception and event.exception.splitlines()[-1]))


def test_that_a_query_started_is_heard_before_start_returns(tmp_path: Path) -> None:
    with new_session() as session:
        diary = Diary()
        session.streams.addListener(diary)
        query = Script(rows=2, limit=1).start(session, tmp_path, AvailableNow(), name="told")
        assert diary.heard == [("started", "told", "1970-01-01T00:00:00.020Z")]
        query.awaitTermination()
        assert diary.heard[1:] == [("progress", 0), ("progress", 1), ("terminated", None)]


def test_a_query_without_work_says_so_every_ten_seconds(tmp_path: Path) -> None:
    with new_session() as session:
        diary = Diary()
        session.streams.addListener(diary)
        Script().start(session, tmp_path)
        passes(session, 25_000)
        assert [what for what, *_ in diary.heard] == ["started", "idle", "idle", "idle"]


def test_what_a_query_died_of_is_heard(tmp_path: Path) -> None:
    with new_session() as session:
        diary = Diary()
        session.streams.addListener(diary)
        query = Script(rows=1, in_batch=fail).start(session, tmp_path)
        with pytest.raises(StreamingQueryException):
            query.awaitTermination()
        assert diary.heard[-1] == ("terminated", "ValueError: no such table")


def test_a_listener_that_raises_is_logged_and_disturbs_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(StreamingQueryListener):
        def onQueryProgress(self, event: Any) -> None:
            raise KeyError("rows")

    with new_session() as session, caplog.at_level(logging.ERROR, "sparksim.sql"):
        diary = Diary()
        for listener in (Broken(), diary):
            session.streams.addListener(listener)
        Script(rows=1).start(session, tmp_path).processAllAvailable()
        assert ("progress", 0) in diary.heard
        assert "Listener Broken.onQueryProgress raised:" in caplog.text


def test_a_listener_that_was_removed_hears_no_more(tmp_path: Path) -> None:
    with new_session() as session:
        diary = Diary()
        session.streams.addListener(diary)
        session.streams.removeListener(diary)
        session.streams.removeListener(diary)
        Script(rows=1).start(session, tmp_path).processAllAvailable()
        assert diary.heard == []


@pytest.mark.parametrize("master", ["sim[1,1]", "local[1]"])
def test_a_listener_may_stop_the_query_that_it_hears_of(tmp_path: Path, master: str) -> None:
    with new_session(master) as session:
        stop: list[Callable[[], None]] = []

        class Stopper(StreamingQueryListener):
            def onQueryProgress(self, event: Any) -> None:
                stop[0]()

        session.streams.addListener(Stopper())
        script = Script(rows=0)
        query = script.start(session, tmp_path)
        stop.append(query.stop)
        script.rows = 1
        assert query.awaitTermination(30) is True
        assert query.exception() is None

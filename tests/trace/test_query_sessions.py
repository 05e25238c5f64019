"""Sessions are followed by their windows: the engine numbers them anew in each batch."""

from __future__ import annotations

import pytest

from sparksim.trace.query_sessions import Place, Sessions

A, LATER, LONGER, BOTH = (0.0, 5.0), (20.0, 25.0), (0.0, 9.0), (0.0, 25.0)


def told(sessions: Sessions, batch: int, *places: tuple[str, tuple[float, float] | None, str]) -> list[tuple[str, str]]:
    made = sessions.after(batch, [Place(key, "ann", window, value) for key, window, value in places])
    return [(f"{each.window[0]:g}-{each.window[1]:g}", each.change) for each in made]


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


def test_a_session_begins_grows_and_expires(sessions: Sessions) -> None:
    assert told(sessions, 0, ("0", A, "1")) == [("0-5", "created")]
    assert told(sessions, 1, ("0", LONGER, "2")) == [("0-9", "updated")]
    assert told(sessions, 2, ("0", None, "")) == [("0-9", "expired")]


def test_its_name_stays(sessions: Sessions) -> None:
    names = [sessions.after(batch, [Place("0", "ann", window, "")])[0].name for batch, window in enumerate((A, LONGER))]
    assert names == ["ann 1", "ann 1"]


def test_the_second_session_takes_the_place_of_the_first_and_is_not_changed(sessions: Sessions) -> None:
    assert told(sessions, 0, ("0", A, "1"), ("1", LATER, "7")) == [("0-5", "created"), ("20-25", "created")]
    assert told(sessions, 1, ("0", LATER, "7"), ("1", None, "")) == [("0-5", "expired")]
    assert told(sessions, 2, ("0", None, "")) == [("20-25", "expired")]


def test_two_sessions_become_one(sessions: Sessions) -> None:
    told(sessions, 0, ("0", A, "1"), ("1", LATER, "7"))
    assert told(sessions, 1, ("0", BOTH, "9"), ("1", None, "")) == [("20-25", "removed"), ("0-25", "updated")]


def test_a_batch_that_is_run_again_is_told_again(sessions: Sessions) -> None:
    told(sessions, 0, ("0", A, "1"))
    for _ in range(2):
        assert told(sessions, 1, ("0", LONGER, "2"), ("1", LATER, "1")) == [("0-9", "updated"), ("20-25", "created")]


def test_what_left_no_trace_is_not_missed(sessions: Sessions) -> None:
    assert told(sessions, 0, ("3", None, "")) == []

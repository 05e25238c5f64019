"""Session windows over a stream: sessions that grow, touch, are bridged, end and are forgotten."""

from __future__ import annotations

from sparksim.sql import types as t
from sparksim.sql.streaming.operators.session import SessionOperator
from tests.sql.streaming.operators.stories import WINDOW, Story, aggregate

MINUTE_MS = 60_000
SESSION = "session_window(ts, '5 minutes')"


def sessions(mode: str, gap: str = SESSION) -> Story:
    columns = {gap: WINDOW, "k": t.StringType(), "count(*)": t.LongType(), "sum(v)": t.LongType()}
    node = aggregate([gap, "k"], columns, delay_ms=10 * MINUTE_MS if mode == "append" else None, session=0)
    return Story(SessionOperator(node, mode), partitions=2)


def test_append_emits_a_session_when_it_is_over() -> None:
    story = sessions("append")
    assert story.batch([("10:00", "a", 1), ("10:04", "a", 2), ("10:00", "b", 4)]) == []
    assert story.counts == (2, 2, 0, 0)
    assert story.batch(evict="09:54") == []
    assert story.batch([("10:08", "a", 8), ("10:20", "z", 16)], late="09:54") == []
    assert story.counts == (3, 2, 0, 0)
    assert story.batch(late="09:54", evict="10:10") == [("10:00-10:05", "b", 1, 4)]
    assert story.counts == (2, 0, 1, 0)
    assert (story.batch([("10:40", "z", 32)], late="10:10"), story.counts) == ([], (3, 2, 0, 0))
    assert story.batch(late="10:10", evict="10:30") == [("10:00-10:13", "a", 3, 11), ("10:20-10:25", "z", 1, 16)]
    assert story.counts == (1, 0, 2, 0)
    assert story.batch(late="10:30", evict="10:45") == [("10:40-10:45", "z", 1, 32)]


def test_a_row_in_between_makes_two_sessions_one() -> None:
    story = sessions("append")
    story.batch([("10:00", "a", 1), ("10:08", "a", 2)])
    story.batch([("10:04", "a", 4)])
    assert story.counts == (1, 1, 1, 0)
    assert story.batch(evict="10:13") == [("10:00-10:13", "a", 3, 7)]


def test_complete_emits_every_session_and_those_that_touch_are_one() -> None:
    story = sessions("complete")
    assert story.batch([("10:00", "a", 1), ("10:10", "a", 2)]) == [
        ("10:00-10:05", "a", 1, 1),
        ("10:10-10:15", "a", 1, 2),
    ]
    assert story.batch([("10:05", "a", 4)], late="12:00") == [("10:00-10:15", "a", 3, 7)]
    assert story.counts == (1, 1, 1, 0)
    assert story.batch([("10:04:59", "a", 8)]) == [("10:00-10:15", "a", 4, 15)]


def test_a_row_is_late_by_the_end_of_its_own_session() -> None:
    story = sessions("append")
    story.batch([("10:00", "a", 1), ("10:00:01", "a", 2)], late="10:05")
    assert story.counts == (1, 1, 0, 1)


def test_a_gap_may_differ_by_row_and_none_makes_no_session() -> None:
    story = sessions("complete", "session_window(ts, CASE WHEN v > 0 THEN '1 minutes' ELSE '-1 minutes' END)")
    assert story.batch([("10:00", "a", 1), ("10:00", "b", 0), (None, "c", 1)]) == [("10:00-10:01", "a", 1, 1)]


def test_rows_move_by_the_key_without_the_window() -> None:
    assert list(sessions("append").operator.partition_keys(0)) == [1]
    alone = aggregate([SESSION], {"count(*)": t.LongType()}, session=0)
    assert SessionOperator(alone, "complete").is_single

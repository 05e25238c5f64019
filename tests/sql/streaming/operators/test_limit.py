"""LIMIT over a stream: so many rows of the whole stream, not of each batch."""

from __future__ import annotations

from sparksim.sql.plan.nodes import Limit
from sparksim.sql.streaming.operators.limit import LimitOperator
from tests.sql.streaming.operators.stories import EVENTS, Story, stream


def test_three_rows_and_no_more() -> None:
    source = stream()
    story = Story(LimitOperator(Limit(EVENTS, source.event_times, source, 3)))
    assert story.operator.is_single
    assert [row[1] for row in story.batch([("10:00", "a", 1), ("10:00", "b", 1)])] == ["a", "b"]
    assert story.counts == (1, 1, 0, 0)
    assert [row[1] for row in story.batch([("10:00", "c", 1), ("10:00", "d", 1)])] == ["c"]
    assert story.counts == (1, 1, 0, 0)
    assert story.batch([("10:00", "e", 1)]) == []
    assert story.counts == (1, 0, 0, 0)


def test_time_changes_nothing() -> None:
    source = stream()
    operator = LimitOperator(Limit(EVENTS, source.event_times, source, 3))
    assert not operator.wants_batch(0, 1000)
    assert operator.output_watermark_ms(7) == 7

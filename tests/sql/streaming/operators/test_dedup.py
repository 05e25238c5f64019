"""dropDuplicates, distinct and dropDuplicatesWithinWatermark over a stream."""

from __future__ import annotations

from typing import Any

from sparksim.sql.plan.nodes import Deduplicate
from sparksim.sql.streaming.operators.dedup import DedupOperator
from tests.sql.streaming.operators.stories import EVENTS, Story, stream

TS, K, V = 0, 1, 2


def duplicates(*columns: int, delay_s: int | None = None, within: bool = False) -> Story:
    source = stream(delay_ms=None if delay_s is None else delay_s * 1000)
    node = Deduplicate(EVENTS, source.event_times, source, columns, within)
    return Story(DedupOperator(node), partitions=2)


def values(rows: list[Any]) -> list[int]:
    return sorted(row[V] for row in rows)


def test_the_first_row_of_a_key_is_the_only_one() -> None:
    story = duplicates(K)
    assert values(story.batch([("10:00", "a", 1), ("10:01", "b", 2), ("10:02", "a", 3)])) == [1, 2]
    assert values(story.batch([("10:03", "a", 4), ("10:04", "c", 5)])) == [5]
    assert values(story.batch([("11:00", "b", 6)])) == []
    assert story.counts == (3, 0, 0, 0)


def test_rows_that_are_equal_in_all_columns() -> None:
    story = duplicates(TS, K, V)
    assert values(story.batch([("10:00", "a", 1), ("10:00", "a", 1), ("10:00", "a", 2)])) == [1, 2]
    assert values(story.batch([("10:00", "a", 2), ("10:00", "b", 2)])) == [2]
    assert story.counts == (3, 1, 0, 0)


def test_a_key_with_the_event_time_is_forgotten_with_the_watermark() -> None:
    story = duplicates(K, TS, delay_s=10)
    assert values(story.batch([("10:00", "a", 1), ("10:00", "a", 2), ("10:00:05", "b", 3)])) == [1, 3]
    assert values(story.batch([("10:00:20", "c", 4), ("10:00:05", "b", 5)], late="09:59:55")) == [4]
    assert (story.batch(late="09:59:55", evict="10:00:10"), story.counts) == ([], (1, 0, 2, 0))
    again = [("10:00:10", "a", 6), ("10:00:10.001", "a", 7), ("10:00:05", "b", 8)]
    assert values(story.batch(again, late="10:00:10")) == [7]
    assert story.counts == (2, 1, 0, 2)


def test_a_key_without_the_event_time_is_kept_though_late_rows_go() -> None:
    story = duplicates(K, delay_s=10)
    story.batch([("10:00", "a", 1)])
    story.batch([("10:01", "b", 2)], late="09:59:50")
    rows = [("10:00:40", "c", 3), ("10:00:55", "a", 4), ("10:00:56", "d", 5)]
    assert values(story.batch(rows, late="10:00:50")) == [5]
    assert story.counts == (3, 1, 0, 1)


def test_within_the_watermark_a_key_is_new_again_once_the_first_row_is_old() -> None:
    story = duplicates(K, delay_s=10, within=True)
    assert story.operator.name == "dedupeWithinWatermark"
    assert values(story.batch([("10:00", "a", 1), ("10:00:03", "a", 2)])) == [1]
    assert values(story.batch([("10:00:19", "b", 3), ("10:00:09", "a", 4)], late="09:59:53")) == [3]
    assert (story.batch(late="09:59:53", evict="10:00:09"), story.counts) == ([], (2, 0, 0, 0))
    assert (story.batch(late="10:00:09", evict="10:00:10"), story.counts) == ([], (1, 0, 1, 0))
    assert values(story.batch([("10:00:21", "a", 6)], late="10:00:10")) == [6]


def test_null_is_a_key_like_any_other() -> None:
    story = duplicates(K)
    assert values(story.batch([("10:00", None, 1), ("10:00", "a", 2)])) == [1, 2]
    assert values(story.batch([("10:00", None, 3), ("10:00", "b", 4)])) == [4]


def test_a_moved_watermark_wants_a_batch() -> None:
    operator = duplicates(K, delay_s=10).operator
    assert (operator.name, operator.wants_batch(0, 1), operator.wants_batch(1, 1)) == ("dedupe", True, False)
    assert operator.output_watermark_ms(7) == 7

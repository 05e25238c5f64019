"""Aggregations over a stream: which groups a batch touches, emits, drops and forgets, in each output mode."""

from __future__ import annotations

import pytest

from sparksim.sql import types as t
from sparksim.sql.streaming.operators.aggregate import AggregateOperator
from tests.sql.streaming.operators.stories import WINDOW, Story, aggregate

MINUTE_MS = 60_000
WINDOWED = {"window": WINDOW, "k": t.StringType(), "count(*)": t.LongType(), "sum(v)": t.LongType()}
BY_KEY = {"k": t.StringType(), "count(*)": t.LongType(), "sum(v)": t.LongType()}
GLOBAL = {"count(*)": t.LongType(), "sum(v)": t.LongType(), "max(v)": t.IntegerType()}


def windowed(mode: str, partitions: int = 2) -> Story:
    node = aggregate(["window", "k"], WINDOWED, delay_ms=10 * MINUTE_MS)
    return Story(AggregateOperator(node, mode), partitions)


def test_update_emits_what_was_touched_and_forgets_silently() -> None:
    story = windowed("update")
    first = [("10:01", "a", 1), ("10:12", "b", 2)]
    assert story.batch(first) == [("10:00-10:10", "a", 1, 1), ("10:10-10:20", "b", 1, 2)]
    assert (story.batch(evict="10:02"), story.counts) == ([], (2, 0, 0, 0))
    assert story.batch([("10:21", "c", 1)], late="10:02") == [("10:20-10:30", "c", 1, 1)]
    assert (story.batch(late="10:02", evict="10:11"), story.counts) == ([], (2, 0, 1, 0))
    late = [("10:03", "a", 9), ("10:13", "b", 9)]
    assert story.batch(late, late="10:11") == [("10:10-10:20", "b", 2, 11)]
    assert story.counts == (2, 1, 0, 1)


def test_append_emits_what_can_no_longer_change() -> None:
    story = windowed("append")
    assert story.batch([("10:01", "a", 1), ("10:09", "a", 2), ("10:10", "b", 3)]) == []
    assert story.batch([("10:20", "a", 5)], late=None, evict="10:00") == []
    late_by_the_newest_watermark_only = [("10:05", "a", 7), ("10:12", "b", 9)]
    assert story.batch(late_by_the_newest_watermark_only, late="10:00", evict="10:10") == [("10:00-10:10", "a", 3, 10)]
    assert story.counts == (2, 2, 1, 0)
    assert (story.batch([("10:35", "c", 1)], late="10:10"), story.counts) == ([], (3, 1, 0, 0))
    assert story.batch(late="10:10", evict="10:25") == [("10:10-10:20", "b", 2, 12)]
    assert story.counts == (2, 0, 1, 0)


def test_complete_emits_every_group_and_neither_drops_nor_forgets() -> None:
    story = windowed("complete")
    story.batch([("10:01", "a", 1)])
    assert story.batch([("09:01", "a", 1)], late="12:00") == [("09:00-09:10", "a", 1, 1), ("10:00-10:10", "a", 1, 1)]
    assert story.counts == (2, 1, 0, 0)


def test_a_late_group_counts_once_per_chunk_and_is_told_by_its_key() -> None:
    story = windowed("update", partitions=1)
    same_group = [("10:01", "a", 1), ("10:02", "a", 1)]
    assert story.batch(same_group, same_group, late="10:10") == []
    assert story.counts == (0, 0, 0, 2)
    [late] = story.outcomes[0].late
    assert (late.num_rows, late.num_columns) == (2, 2)


def test_a_touched_group_is_emitted_though_its_value_is_the_same() -> None:
    story = Story(AggregateOperator(aggregate(["k"], {"k": t.StringType(), "max(v)": t.IntegerType()}), "update"))
    story.batch([("10:00", "a", 5)])
    assert story.batch([("10:00", "a", 3)]) == [("a", 5)]


def test_nulls_are_a_key_and_no_values() -> None:
    columns = {**BY_KEY, "count(v)": t.LongType(), "avg(v)": t.DoubleType(), "min(v)": t.IntegerType()}
    story = Story(AggregateOperator(aggregate(["k"], columns), "update"), partitions=2)
    first = [("10:00", "a", None), ("10:00", None, 2)]
    assert story.batch(first) == [("a", 1, None, 0, None, None), (None, 1, 2, 1, 2.0, 2)]
    assert story.batch([("10:00", "a", 4), ("10:00", None, None)]) == [("a", 2, 4, 1, 4.0, 4), (None, 2, 2, 1, 2.0, 2)]
    assert story.counts == (2, 2, 0, 0)


def test_a_time_that_is_null_is_never_late_and_never_goes() -> None:
    node = aggregate(["ts", "k"], {"ts": t.TimestampType(), "k": t.StringType(), "count(*)": t.LongType()}, delay_ms=0)
    story = Story(AggregateOperator(node, "update"))
    story.batch([("10:10", "a", 1), (None, "n", 1)])
    assert story.batch([(None, "n", 1), ("10:05", "late", 1)], late="10:05", evict="10:20") == [(None, "n", 2)]
    assert story.counts == (1, 1, 1, 1)


def test_an_aggregation_without_keys_has_one_row_always() -> None:
    story = Story(AggregateOperator(aggregate([], GLOBAL, where="v > 100"), "complete"))
    assert story.operator.is_single
    assert story.batch([("10:00", "a", 1)]) == [(0, None, None)]
    assert story.batch([("10:00", "a", 200)], [("10:00", "a", 300)]) == [(2, 500, 300)]
    assert story.batch([]) == [(2, 500, 300)]
    assert story.counts == (1, 1, 0, 0)


def test_having_filters_what_is_emitted() -> None:
    story = Story(AggregateOperator(aggregate(["k"], BY_KEY, having="count(*) > 1"), "update"))
    assert story.batch([("10:00", "a", 1), ("10:00", "b", 1), ("10:00", "a", 1)]) == [("a", 2, 2)]
    assert story.batch([("10:00", "b", 1)]) == [("b", 2, 2)]


def test_a_key_that_was_rolled_up_is_another_one_than_null() -> None:
    columns = {"k": t.StringType(), "v": t.IntegerType(), "count(*)": t.LongType(), "grouping(k)": t.ByteType()}
    columns["grouping_id()"] = t.LongType()
    node = aggregate(["k", "v"], columns, sets=((0, 1), (0,), ()))
    story = Story(AggregateOperator(node, "update"))
    assert story.batch([]) == []
    rows = [
        ("a", 1, 1, 0, 0),
        ("a", None, 1, 0, 1),
        (None, None, 1, 0, 0),
        (None, None, 1, 0, 1),
        (None, None, 2, 1, 3),
    ]
    assert story.batch([("10:00", "a", 1), ("10:00", None, None)]) == rows
    assert story.batch([("10:00", None, None)])[-1] == (None, None, 3, 1, 3)


def test_keys_alone_are_a_state_too() -> None:
    story = Story(AggregateOperator(aggregate(["k"], {"k": t.StringType()}), "complete"))
    story.batch([("10:00", "a", 1)])
    assert story.batch([("10:00", "b", 1), ("10:00", "a", 1)]) == [("a",), ("b",)]


def test_there_is_one_zero_and_one_nan() -> None:
    key = "CASE WHEN v = 0 THEN CAST('NaN' AS DOUBLE) ELSE v * CAST(0 AS DOUBLE) END"
    node = aggregate([key], {key: t.DoubleType(), "count(*)": t.LongType()})
    story = Story(AggregateOperator(node, "update"), partitions=2)
    for count in (2, 4):
        [zero, nan] = story.batch([("10:00", "a", -1), ("10:00", "a", 1)], [("10:00", "a", 0), ("10:00", "a", 0)])
        assert (zero, nan[1]) == ((0.0, count), count)
    assert len(story.stores[0]) + len(story.stores[1]) == 2


def test_a_grouping_set_that_is_named_twice_counts_once() -> None:
    columns = {"upper(k)": t.StringType(), "v / 2": t.DoubleType(), "count(*)": t.LongType()}
    story = Story(AggregateOperator(aggregate(["upper(k)", "v / 2"], columns, sets=((0, 1), (1, 0), (0,))), "update"))
    assert story.batch([("10:00", "a", 1), ("10:00", "A", 1)]) == [("A", 0.5, 2), ("A", None, 2)]


def test_only_touched_groups_are_looked_up() -> None:
    story = windowed("update", partitions=1)
    story.batch([("10:00", f"k{number}", 1) for number in range(100)])
    [store] = story.stores
    store.asked.clear()
    story.batch([("10:00", "k7", 1), ("10:00", "new", 1)])
    assert [key[1] for key in store.asked] == ["k7", "new"]


@pytest.mark.parametrize("mode", ["append", "update", "complete"])
def test_a_moved_watermark_wants_a_batch_unless_all_is_kept(mode: str) -> None:
    operator = AggregateOperator(aggregate(["k"], BY_KEY, delay_ms=0), mode)
    assert operator.wants_batch(1000, 2000) == (mode != "complete")
    assert not operator.wants_batch(2000, 2000)
    assert operator.output_watermark_ms(2000) == 2000


def test_a_watermark_that_no_key_carries_drops_nothing_and_removes_nothing() -> None:
    story = Story(AggregateOperator(aggregate(["k"], BY_KEY, delay_ms=0), "update"))
    story.batch([("10:00", "a", 1)])
    assert story.batch([("09:00", "a", 8)], late="12:00") == [("a", 2, 9)]
    assert story.counts == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("key", "selected", "expected"),
    [
        ("k", "this.k", "a"),
        ("this.k", "K", "a"),
        ("upper(k)", "concat(UPPER(`K`), '!')", "A!"),
        ("window", "date_format(window.start, 'HH:mm')", "10:00"),
        ("this.window", "date_format(this.window.end, 'HH:mm')", "10:10"),
    ],
)
def test_a_key_is_known_however_it_is_written(key: str, selected: str, expected: str) -> None:
    story = Story(AggregateOperator(aggregate([key], {selected: t.StringType()}), "update"))
    assert story.batch([("10:00", "a", 1)]) == [(expected,)]

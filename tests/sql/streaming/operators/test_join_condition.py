"""What the condition of a join of two streams says."""

from __future__ import annotations

import pytest

from sparksim.sql.streaming.operators.join_condition import equi_keys, split, state_bounds, state_offsets, time_key
from sparksim.sql.utils import AnalysisException

from .join_stage import stream_join

HOUR = 3_600_000


@pytest.mark.parametrize(
    ("condition", "keys", "left_only", "right_only", "two_sided"),
    [
        ("lk = rk", [("l.c1", "r.c1")], [], [], []),
        ("rk = lk", [("l.c1", "r.c1")], [], [], []),
        ("left.lk = right.rk AND (lv > 0 AND rv < 9)", [("l.c1", "r.c1")], ["l.c2 > 0"], ["r.c2 < 9"], []),
        ("lv + 1 = rv * 2", [("l.c2 + 1", "r.c2 * 2")], [], [], []),
        ("lk = rk AND lv <> rv", [("l.c1", "r.c1")], [], [], ["l.c2 <> r.c2"]),
        ("lk = rk OR lv = rv", [], [], [], ["l.c1 = r.c1 OR l.c2 = r.c2"]),
        ("lk = 'a' AND LK = RK", [("l.c1", "r.c1")], ["l.c1 = 'a'"], [], []),
        ("lv + rv = 3", [], [], [], ["l.c2 + r.c2 = 3"]),
        (None, [], [], [], []),
    ],
)
def test_a_condition_is_split_into_its_parts(
    condition: str | None,
    keys: list[tuple[str, str]],
    left_only: list[str],
    right_only: list[str],
    two_sided: list[str],
) -> None:
    found = split(stream_join("inner", condition))
    assert [(key.left.sql(), key.right.sql()) for key in found.keys] == keys
    assert [[part.sql() for part in parts] for parts in found.one_sided] == [left_only, right_only]
    assert [part.sql() for part in found.two_sided] == two_sided


def test_nulls_are_equal_only_where_it_says_so() -> None:
    assert [key.matches_null for key in equi_keys(stream_join("inner", "lk = rk AND lv <=> rv"))] == [False, True]


@pytest.mark.parametrize(
    ("condition", "left", "right"),
    [
        ("rt >= lt", None, -1),
        ("rt > lt", None, 0),
        ("lt <= rt", None, -1),
        ("rt <= lt + interval 1 hour", -HOUR - 1, None),
        ("lt + interval 1 hour >= rt", -HOUR - 1, None),
        ("rt - interval 1 hour < lt", -HOUR, None),
        ("rt - lt <= interval 1 hour", None, None),
        ("rt BETWEEN lt AND lt + interval 1 hour", -HOUR - 1, -1),
        ("rt >= lt - interval 5 minutes AND lt > rt - interval 5 minutes", -300_000, -300_001),
        ("rt <= lt + interval 1 hour AND rt <= lt + interval 2 hours", -2 * HOUR - 1, None),
        ("rt <= lt + interval 1 hour 30 minutes", -HOUR * 3 // 2 - 1, None),
        ("rt <= lt + interval 1 day", -24 * HOUR - 1, None),
        ("rt <= lt + interval 1 month", None, None),
        ("rt <= lt + interval 1 year - interval 1 hour", None, None),
        ("-interval 1 hour + rt <= lt", -HOUR - 1, None),
        ("CAST(rt AS TIMESTAMP) <= (lt + interval 1 hour)", -HOUR - 1, None),
        ("rt = lt", None, None),
        ("NOT (rt > lt + interval 1 hour)", None, None),
        ("rv <= lv", None, None),
        ("lt <= lt + interval 1 hour", None, None),
    ],
)
def test_ranges_of_event_times_bound_what_can_still_match(condition: str, left: int | None, right: int | None) -> None:
    assert state_bounds(stream_join("inner", f"lk = rk AND {condition}")) == (left, right)


@pytest.mark.parametrize(
    ("marks", "bounds", "offsets"),
    [
        ("lr", (-HOUR - 1, -1), (-HOUR - 1, -1)),
        ("r", (-HOUR - 1, None), (None, None)),
        ("l", (None, -1), (None, None)),
        ("", (None, None), (None, None)),
    ],
)
def test_a_side_has_a_bound_from_the_others_watermark_and_goes_by_its_own(
    marks: str, bounds: tuple[int | None, int | None], offsets: tuple[int | None, int | None]
) -> None:
    node = stream_join("left", "lk = rk AND rt BETWEEN lt AND lt + interval 1 hour", marks)
    assert (state_bounds(node), state_offsets(node)) == (bounds, offsets)


@pytest.mark.parametrize("marks", ["lr", "l", "r"])
def test_a_key_with_a_watermark_on_either_side_lets_both_go(marks: str) -> None:
    node = stream_join("left", "lk = rk AND rt = lt", marks)
    assert (time_key(node), state_offsets(node)) == (1, (0, 0))


def test_an_expression_of_a_time_is_no_key_with_a_watermark() -> None:
    assert time_key(stream_join("inner", "lk = rk AND lt + interval 1 hour = rt", "l")) is None


def test_a_field_of_a_window_is_found_behind_its_name() -> None:
    node = stream_join("inner", "left.lt.end = rt.end", time="struct<start: timestamp, end: timestamp>")
    assert [(key.left.sql(), key.right.sql()) for key in equi_keys(node)] == [("l.c0.end", "r.c0.end")]


def test_a_name_that_no_side_has_is_refused() -> None:
    with pytest.raises(AnalysisException, match=r"\[UNRESOLVED_COLUMN.WITH_SUGGESTION\] `left.x` .*'left.lt'"):
        split(stream_join("inner", "left.x = rk"))

"""Two streams joined: the rows that Spark 4.3 gave, batch by batch."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from sparksim.sql.chunks import chunk_of, rows_of
from sparksim.sql.plan.nodes import View
from sparksim.sql.streaming.operators.contract import Times
from sparksim.sql.streaming.operators.join import StreamJoinOperator
from sparksim.sql.utils import AnalysisException

from .dict_store import DictStore
from .join_stage import HOUR_RANGE, Stage, at, ms, schema_of, stream_join

NULLS = (None, None, None)


def test_each_pair_comes_out_once_whichever_side_is_first() -> None:
    stage = Stage(stream_join("inner", "lk = rk", marks=""))
    assert stage.rows(left=[("10:00", "a", 1), ("10:00", "b", 2)]) == []
    assert stage.rows(right=[("09:00", "a", 10), ("20:00", "c", 30)]) == [("10:00", "a", 1, "09:00", "a", 10)]
    assert stage.rows(left=[("23:00", "c", 3), ("23:00", "a", 4)]) == [
        ("23:00", "c", 3, "20:00", "c", 30),
        ("23:00", "a", 4, "09:00", "a", 10),
    ]
    assert stage.batch().total == 6


def test_rows_of_one_batch_meet_each_other() -> None:
    stage = Stage(stream_join("inner", "lk = rk", marks=""))
    found = stage.rows(left=[("10:00", "a", 1), ("10:00", "a", 2)], right=[("10:00", "a", 10), ("10:00", "a", 20)])
    assert [(row[2], row[5]) for row in found] == [(1, 10), (2, 10), (1, 20), (2, 20)]


def test_both_ends_of_a_range_belong_to_it() -> None:
    stage = Stage(stream_join("inner", HOUR_RANGE))
    clicks = [("10:00", "a", 1), ("11:00", "a", 2), ("11:00:00.001", "a", 3), ("09:59:59.999", "a", 4)]
    assert [row[5] for row in stage.rows(left=[("10:00", "a", 1)], right=clicks)] == [1, 2]


def test_what_no_row_on_time_can_match_is_forgotten() -> None:
    stage = Stage(stream_join("inner", HOUR_RANGE))
    stage.batch(left=[("10:00", "a", 1), ("12:00", "b", 2)], right=[("10:30", "a", 10)])
    stage.batch(left=[("14:00", "x", 0)], right=[("15:00", "y", 0)], watermark="07:30")
    outcome = stage.batch(watermark="12:00")
    assert (outcome.removed, outcome.total) == (2, 3)
    outcome = stage.batch(right=[("12:00", "b", 20), ("12:01", "b", 21)])
    assert stage.shown(outcome) == [("12:00", "b", 2, "12:01", "b", 21)]
    assert (outcome.dropped, [table.num_rows for table in outcome.late]) == (1, [1])


def test_a_left_outer_join_writes_nulls_a_millisecond_after_the_last_match_was_possible() -> None:
    stage = Stage(stream_join("left", HOUR_RANGE))
    first = stage.rows(left=[("10:00", "a", 1), ("10:00", "b", 2)], right=[("10:30", "a", 10)])
    assert first == [("10:00", "a", 1, "10:30", "a", 10)]
    assert stage.rows(watermark="11:00") == []
    assert stage.rows(watermark="11:00:00.001") == [("10:00", "b", 2, *NULLS)]


def test_a_row_that_matched_long_ago_gets_no_nulls() -> None:
    stage = Stage(stream_join("left", HOUR_RANGE))
    stage.batch(left=[("10:00", "a", 1)])
    assert stage.rows(right=[("10:30", "a", 10)]) == [("10:00", "a", 1, "10:30", "a", 10)]
    outcome = stage.batch(watermark="10:45")
    assert (outcome.output.num_rows, outcome.removed, outcome.total) == (0, 1, 1)
    assert stage.rows(watermark="11:20") == []
    assert stage.batch().total == 0


@pytest.mark.parametrize(
    ("kind", "nulls"),
    [
        ("inner", []),
        ("semi", []),
        ("left", [("10:01", "m", 2, *NULLS)]),
        ("right", [(*NULLS, "10:02", "q", 11)]),
        ("full", [("10:01", "m", 2, *NULLS), (*NULLS, "10:02", "q", 11)]),
    ],
)
def test_each_kind_of_join_writes_the_unmatched_rows_of_the_sides_it_preserves(
    kind: str, nulls: list[tuple[object, ...]]
) -> None:
    stage = Stage(stream_join(kind, HOUR_RANGE))
    left, right = [("10:00", "a", 1), ("10:01", "m", 2)], [("10:30", "a", 10), ("10:02", "q", 11)]
    width = 3 if kind == "semi" else 6
    assert stage.rows(left, right) == [("10:00", "a", 1, "10:30", "a", 10)[:width]]
    assert stage.rows(watermark="11:20") == nulls


def test_a_semi_join_gives_a_left_row_at_its_first_match_and_forgets_it() -> None:
    stage = Stage(stream_join("semi", HOUR_RANGE))
    outcome = stage.batch([("10:00", "a", 1), ("10:01", "m", 2)], [("10:30", "a", 10), ("10:31", "a", 11)])
    assert (stage.shown(outcome), outcome.total) == ([("10:00", "a", 1)], 3)
    outcome = stage.batch(right=[("10:40", "a", 12), ("10:50", "m", 13)])
    assert (stage.shown(outcome), outcome.removed) == ([("10:01", "m", 2)], 1)
    assert stage.rows(right=[("10:51", "m", 14)]) == []


def test_a_row_that_fails_a_condition_on_its_side_alone_comes_out_at_once_and_is_not_kept() -> None:
    stage = Stage(stream_join("left", f"{HOUR_RANGE} AND lv > 0"))
    outcome = stage.batch([("10:00", "a", 0), ("10:00", "b", 5)], [("10:05", "a", 10), ("10:06", "b", 11)])
    assert sorted(stage.shown(outcome), key=str) == [
        ("10:00", "a", 0, *NULLS),
        ("10:00", "b", 5, "10:06", "b", 11),
    ]
    assert outcome.total == 3


def test_a_condition_on_the_other_side_keeps_its_rows_out() -> None:
    stage = Stage(stream_join("left", f"{HOUR_RANGE} AND rv > 0"))
    outcome = stage.batch([("10:00", "a", 1)], [("10:05", "a", 0), ("10:05", "w", 1)])
    assert (outcome.output.num_rows, outcome.total) == (0, 2)
    assert stage.rows(watermark="11:20") == [("10:00", "a", 1, *NULLS)]


def test_null_keys_match_nothing_and_wait_for_their_nulls() -> None:
    stage = Stage(stream_join("left", HOUR_RANGE))
    assert stage.rows([("10:00", None, 1)], [("10:05", None, 2)]) == []
    assert stage.rows(watermark="11:50") == [("10:00", None, 1, *NULLS)]


def test_null_keys_match_where_the_condition_says_so() -> None:
    stage = Stage(stream_join("inner", "lk <=> rk"))
    assert stage.rows([("10:00", None, 1)], [("10:05", None, 2)]) == [("10:00", None, 1, "10:05", None, 2)]


def test_an_equal_time_is_forgotten_with_its_key() -> None:
    stage = Stage(stream_join("left", "lk = rk AND lt = rt"))
    stage.batch([("10:00", "a", 1), ("10:00", "b", 2)], [("10:00", "a", 10)])
    stage.batch([("10:30", "z", 0)], [("10:20", "z", 0)])
    outcome = stage.batch(watermark="10:10")
    assert (stage.shown(outcome), outcome.removed) == ([("10:00", "b", 2, *NULLS)], 3)


def test_a_window_as_key_goes_by_its_end() -> None:
    node = stream_join("left", "lk = rk AND lt = rt", time="struct<start: timestamp, end: timestamp>")
    stage = Stage(node)
    ten, eleven = ({"start": at(f"{h}:00"), "end": at(f"{h + 1}:00")} for h in (10, 11))
    outcome = stage.batch([(ten, "a", 1), (ten, "b", 2)], [(ten, "a", 10), (eleven, "b", 11)])
    assert [(row[2], row[5]) for row in stage.shown(outcome)] == [(1, 10)]
    assert stage.rows(watermark="10:59:59.999") == []
    outcome = stage.batch(watermark="11:00")
    assert [(row[2], row[5]) for row in stage.shown(outcome)] == [(2, None)]
    assert (outcome.removed, outcome.total) == (3, 1)


def test_a_row_late_by_this_batch_alone_still_matches() -> None:
    stage = Stage(stream_join("left", HOUR_RANGE))
    stage.batch([("10:00", "b", 2)], watermark="09:50")
    outcome = stage.batch(left=[("12:05", "d", 4)], right=[("10:45", "b", 11)], watermark="11:50")
    assert stage.shown(outcome) == [("10:00", "b", 2, "10:45", "b", 11)]
    assert (outcome.updated, outcome.removed, outcome.total) == (1, 1, 1)


def test_under_the_rules_of_spark_2_3_the_same_row_is_late() -> None:
    stage = Stage(stream_join("inner", HOUR_RANGE))
    stage.batch([("11:30", "b", 2)], [("11:30", "y", 0)], watermark="11:20")
    outcome = stage.batch(right=[("11:20", "b", 11), ("11:25", "a", 12)])
    assert (outcome.dropped, outcome.updated) == (1, 1)


def test_a_watermark_on_one_side_lets_nothing_go() -> None:
    stage = Stage(stream_join("left", HOUR_RANGE, marks="r"))
    stage.batch([("10:00", "b", 2)])
    assert stage.rows(right=[("10:40", "b", 3)], watermark="12:20") == [("10:00", "b", 2, "10:40", "b", 3)]
    assert not stage.operator.wants_batch(0, ms("12:20"))


def test_keys_of_two_types_are_compared_as_one() -> None:
    stage = Stage(stream_join("inner", "lv = rv / 2"))
    assert [row[2::3] for row in stage.rows([("10:00", "a", 1)], [("10:00", "b", 2)])] == [(1, 2)]


@pytest.mark.parametrize(
    ("condition", "watermark", "wanted"),
    [(HOUR_RANGE, "12:00", True), (HOUR_RANGE, "10:00", False), ("lk = rk", "12:00", False)],
)
def test_a_batch_without_data_is_wanted_when_something_may_go(condition: str, watermark: str, wanted: bool) -> None:
    operator = StreamJoinOperator(stream_join("inner", condition))
    assert operator.wants_batch(ms("10:00"), ms(watermark)) is wanted


@pytest.mark.parametrize(
    ("condition", "goes_out"),
    [(HOUR_RANGE, "10:59:59.999"), ("lk = rk", "12:00"), ("lk = rk AND lt = rt", "12:00")],
)
def test_what_comes_out_may_be_as_old_as_what_is_remembered(condition: str, goes_out: str) -> None:
    assert StreamJoinOperator(stream_join("inner", condition)).output_watermark_ms(ms("12:00")) == ms(goes_out)


def test_a_join_without_an_equality_is_refused_when_its_batch_is_planned() -> None:
    with pytest.raises(AnalysisException, match=r"without equality predicate: give a condition .* left.id = right.id"):
        StreamJoinOperator(stream_join("inner", "rt >= lt AND rt <= lt + interval 1 hour"))


def test_a_batch_costs_what_it_touches() -> None:
    stage = Stage(stream_join("inner", HOUR_RANGE))
    stage.batch(left=[("10:00", f"key {number}", number) for number in range(500)] + [("10:00", "b", 1)] * 500)
    for store in stage.stores.values():
        store.touched = 0
    stage.batch(right=[("10:30", "key 7", 1)], left=[("10:30", "b", 2)])
    assert sum(store.touched for store in stage.stores.values()) < 20


def test_a_side_may_be_rows_of_several_tables_side_by_side() -> None:
    node = stream_join("left", "a.lk = right.rk AND b.lv > 0", marks="")
    plan = node.left["left"].plan
    schema = schema_of("v int, t timestamp, k string, rt timestamp, rk string, rv int")
    node = replace(node, left={"b": View(plan, (2,)), "a": View(plan, (0, 1))}, schema=schema)
    operator = StreamJoinOperator(node)
    left = chunk_of([(at("10:00"), "x", 1), (at("10:00"), "x", 0)], plan.schema)
    right = chunk_of([(at("10:05"), "x", 7)], node.right["right"].plan.schema)
    inputs = [
        operator.prepare(0, {"a": left.select([0, 1]), "b": left.select([2])}, 0),
        operator.prepare(1, {"right": right}, 0),
    ]
    outcome = operator.process(inputs, {name: DictStore() for name in operator.stores}, Times(0, 0, 0))
    assert [tuple(row) for row in rows_of(outcome.output, schema)] == [
        (1, at("10:00"), "x", at("10:05"), "x", 7),
        (0, at("10:00"), "x", *NULLS),
    ]


def test_rows_of_one_key_leave_one_by_one() -> None:
    stage = Stage(stream_join("left", HOUR_RANGE))
    stage.batch(left=[(f"10:{minute}", "a", minute) for minute in (10, 30, 20, 50, 40)])
    assert [row[2] for row in stage.rows(watermark="11:25")] == [10, 20]
    assert sorted(row[2::3] for row in stage.rows(right=[("11:30", "a", 0)])) == [(30, 0), (40, 0), (50, 0)]
    assert stage.rows(watermark="12:00") == []
    assert [len(store) for store in stage.stores.values()] == [0, 0, 0, 0]


def test_an_operator_travels() -> None:
    stage = Stage(stream_join("inner", HOUR_RANGE))
    stage.operator = pickle.loads(pickle.dumps(stage.operator))
    assert stage.rows([("10:00", "a", 1)], [("10:00", "a", 2)]) == [("10:00", "a", 1, "10:00", "a", 2)]

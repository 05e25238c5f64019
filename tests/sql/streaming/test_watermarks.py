"""How far event time has come: one watermark of several, and what operators in a chain are told of it."""

from __future__ import annotations

from typing import Any

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.sql.plan.nodes import Deduplicate, Plan, Scan, Union, Watermark
from sparksim.sql.streaming.metrics import EventTimes
from sparksim.sql.streaming.operators.contract import Times
from sparksim.sql.streaming.watermarks import Propagation, WatermarkTracker
from tests.sql.streaming.scripted import SCHEMA, Planned, ScriptedOperator

MARKS = (None, None)


def seen(*times_ms: int) -> EventTimes:
    return EventTimes(len(times_ms), max(times_ms), min(times_ms), sum(times_ms))


@pytest.mark.parametrize(
    ("policy", "batches", "watermarks_ms"),
    [
        ("min", [{0: seen(10_000)}, {0: seen(4_000)}, {0: seen(12_000)}], [0, 0, 0]),
        ("min", [{0: seen(10_000)}, {1: seen(30_000)}, {1: seen(2_000)}], [0, 9_000, 9_000]),
        ("max", [{0: seen(10_000)}, {1: seen(30_000)}, {0: seen(11_000)}], [9_000, 10_000, 10_000]),
        ("max", [{0: seen(500)}, {0: EventTimes()}, {}], [0, 0, 0]),
    ],
)
def test_one_watermark_is_made_of_two(
    policy: str, batches: list[dict[int, EventTimes]], watermarks_ms: list[int]
) -> None:
    tracker = WatermarkTracker({0: 1_000, 1: 20_000}, policy, 0)
    found = []
    for batch in batches:
        tracker.update(batch)
        found.append(tracker.watermark_ms)
    assert found == watermarks_ms


def test_a_watermark_that_was_recovered_does_not_go_back() -> None:
    tracker = WatermarkTracker({0: 1_000}, "min", 8_000)
    assert tracker.own_ms == (None,)
    tracker.update({0: seen(5_000)})
    assert (tracker.watermark_ms, tracker.own_ms) == (8_000, (4_000,))
    tracker.update({0: seen(9_500, 2_000)})
    assert (tracker.watermark_ms, tracker.own_ms) == (8_500, (8_500,))


def test_a_query_without_watermarks_stays_at_0() -> None:
    tracker = WatermarkTracker({}, "min", 0)
    tracker.update({})
    assert (tracker.watermark_ms, tracker.own_ms) == (0, ())


def test_a_policy_that_there_is_not_is_refused() -> None:
    with pytest.raises(IllegalArgumentError, match=r"multipleWatermarkPolicy='mean': give min or max"):
        WatermarkTracker({0: 0}, "mean", 0)


def scan() -> Plan:
    return Scan(SCHEMA, MARKS, "scripted", lambda context: None)  # type: ignore[arg-type, return-value]  # never made


def watermark(number: int) -> Plan:
    return Watermark(SCHEMA, MARKS, scan(), 0, 0, number)


def stateful(child: Plan) -> Plan:
    return Deduplicate(SCHEMA, MARKS, child, (0,))


def chain(first: ScriptedOperator, second: ScriptedOperator, below: Plan, chained: bool = True) -> Propagation:
    lower = stateful(below)
    upper = stateful(lower)
    return Propagation(upper, [Planned(0, first, lower), Planned(1, second, upper)], chained)


@pytest.mark.parametrize(
    ("below", "hold_ms", "chained", "inputs"),
    [
        (watermark(0), 0, True, {0: 9_000, 1: 9_000}),
        (watermark(0), 2_000, True, {0: 9_000, 1: 7_000}),
        (watermark(0), None, True, {0: 9_000, 1: 0}),
        (watermark(0), 2_000, False, {0: 9_000, 1: 9_000}),
        (scan(), 0, True, {0: 0, 1: 0}),
        (Union(SCHEMA, MARKS, (watermark(0), scan())), 0, True, {0: 9_000, 1: 9_000}),
        (Union(SCHEMA, MARKS, (watermark(0), watermark(1))), 0, True, {0: 9_000, 1: 9_000}),
    ],
)
def test_what_reaches_the_operators_of_a_chain(
    below: Plan, hold_ms: int | None, chained: bool, inputs: dict[int, int]
) -> None:
    assert chain(ScriptedOperator(hold_ms), ScriptedOperator(), below, chained).inputs(9_000) == inputs


@pytest.mark.parametrize(("chained", "late_ms"), [(True, (4_000, 3_000)), (False, (9_000, 9_000))])
def test_rows_are_late_by_the_batch_before_and_states_go_by_this_one(chained: bool, late_ms: tuple[int, int]) -> None:
    times = chain(ScriptedOperator(1_000), ScriptedOperator(), watermark(0), chained).times(4_000, 9_000, 77)
    evict_ms = (9_000, 8_000) if chained else (9_000, 9_000)
    assert times == {0: Times(late_ms[0], evict_ms[0], 77), 1: Times(late_ms[1], evict_ms[1], 77)}


@pytest.mark.parametrize(
    ("first", "second", "watermark_ms", "wanted"),
    [(True, True, 9_000, True), (True, True, 4_000, False), (False, True, 9_000, True), (False, False, 9_000, False)],
)
def test_a_batch_without_data_is_wanted_by_any_operator(
    first: bool, second: bool, watermark_ms: int, wanted: Any
) -> None:
    propagation = chain(ScriptedOperator(0, first), ScriptedOperator(0, second), watermark(0))
    assert propagation.wants_batch(4_000, watermark_ms) is wanted

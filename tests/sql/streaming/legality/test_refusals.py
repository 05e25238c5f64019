"""What a learner is told: what is not allowed, what would go wrong, what to do instead."""

from __future__ import annotations

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.sql.plan.nodes import Plan, Refused
from sparksim.sql.streaming.legality import check, check_at_run, refusal_of, verdicts
from sparksim.sql.streaming.legality.refusal import MODES
from sparksim.sql.streaming.legality.rules import RULES
from sparksim.sql.streaming.legality.standard import (
    PLANS,
    deduplicated,
    events,
    grouped,
    marked,
    select,
    stateful,
    streams_joined,
)
from sparksim.sql.streaming.legality.table import cells, table_text
from sparksim.sql.utils import AnalysisException


def test_the_condition_comes_first_then_what_why_and_the_way_out() -> None:
    with pytest.raises(AnalysisException) as refused:
        check(PLANS["counted"](), "append")
    assert str(refused.value) == (
        "[STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION] Append output mode is not supported for an aggregation whose "
        "keys have no watermark. Why: append gives each group once and for ever, when it is final, and without a "
        "watermark on one of the keys no group is ever final: nothing would ever come out and all groups would be "
        "kept. Instead: call withWatermark on the event time before groupBy and group by that column or a window over "
        "it, or use update or complete output mode."
    )
    assert refused.value.getErrorClass() == "STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION"


def test_the_checker_can_be_asked_about_all_modes() -> None:
    found = verdicts(PLANS["counted_in_windows"]())
    assert found == {"append": "ok", "update": "ok", "complete": "ok"}
    assert verdicts(PLANS["select"]())["complete"].startswith("[STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION] Complete")
    assert verdicts(PLANS["session_windows"](), rules="2.3")["append"].startswith("session_window is unknown to")


@pytest.mark.parametrize(
    ("mode", "rules", "message"),
    [
        ("upsert", "current", "mode='upsert': give one of append, update, complete"),
        ("append", "3.0", "rules='3.0': give one of current, 2.3"),
    ],
)
def test_another_mode_or_version_is_refused(mode: str, rules: str, message: str) -> None:
    with pytest.raises(IllegalArgumentError) as refused:
        check(events(), mode, rules)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("plan", "mode", "what"),
    [
        (streams_joined("left_outer", "lower", "both"), "append", "A left outer join of two streams needs a watermark"),
        (streams_joined("full_outer", "R", "both"), "update", "only in append"),
        (streams_joined("left_semi", "R", "both"), "complete", "[STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION]"),
        (PLANS["windows_of_windows"](), "update", "An aggregation after an aggregation is not supported in update"),
        (PLANS["streams_inner_counted"](), "complete", "only in append and update"),
        (streams_joined("left_anti", "R", "both"), "update", "A left anti join of two streams is not supported. Why"),
        (PLANS["windows_then_distinct"](), "update", "A deduplication after an aggregation is not supported"),
        (PLANS["state_twice"](), "append", "Several applyInPandasWithState in one query"),
        (stateful(events(), "update", is_map=True), "append", "mapGroupsWithState is supported only in update"),
        (stateful(events(), "update"), "append", "in update mode is not supported in append output mode"),
        (Refused(events().schema, (None,) * 3, "cube", (events(),)), "append", "cube is not supported on a stream"),
    ],
)
def test_each_rule_says_what_it_forbids(plan: Plan, mode: str, what: str) -> None:
    assert what in str(refusal_of(plan, mode))


@pytest.mark.parametrize("rules", RULES)
def test_mapping_groups_runs_in_update_mode_and_without_an_aggregation(rules: str) -> None:
    mapped = stateful(events(), "update", form="python", is_map=True)
    assert [mode for mode, said in verdicts(mapped, rules).items() if said == "ok"] == ["update"]
    assert verdicts(grouped(mapped, "k", marks=False), rules)["update"].startswith("mapGroupsWithState")


@pytest.mark.parametrize("rules", RULES)
def test_a_function_in_plain_python_runs_in_its_own_mode(rules: str) -> None:
    for own in ("append", "update"):
        found = verdicts(stateful(events(), own, form="python"), rules)
        assert [mode for mode, said in found.items() if said == "ok"] == [own]


@pytest.mark.parametrize("rules", RULES)
def test_functions_in_plain_python_may_follow_each_other_in_append_mode(rules: str) -> None:
    first = stateful(events(), "append", form="python")
    assert refusal_of(stateful(first, "append", form="python"), "append", rules) is None
    later = stateful(first, "update", form="python")
    assert "not all in append mode" in str(refusal_of(later, "append", rules))


@pytest.mark.parametrize("rules", RULES)
def test_event_timeouts_need_a_watermark(rules: str) -> None:
    timed = stateful(events(), "append", "EventTimeTimeout", form="python")
    assert "EventTimeTimeout is not supported without a watermark" in str(refusal_of(timed, "append", rules))


def test_nothing_stateful_follows_a_function_with_event_timeouts() -> None:
    timed = stateful(marked(), "append", "EventTimeTimeout", form="python")
    later = stateful(timed, "append", form="python")
    assert "after a function with event-time timeouts" in str(refusal_of(later, "append"))
    assert refusal_of(deduplicated(timed, 1), "append") is None


def test_a_subquery_over_a_table_may_count_distinct_values() -> None:
    plan = select(events(), "k", where="k IN (SELECT count(DISTINCT x) FROM names)")
    assert refusal_of(plan, "append") is None


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ("watermark_twice", "Redefining the watermark of a stream is not allowed"),
        ("two_event_times_deduplicated", "[MULTIPLE_EVENT_TIME_COLUMNS] More than one column with a watermark"),
        ("cross_join_of_streams", "A join of two streams without an equality in its condition"),
        ("session_windows_without_another_key", "A session window as the only key"),
        ("windows_of_an_unmarked_aggregation", "[UNSUPPORTED_STREAMING_OPERATOR_WITHOUT_WATERMARK] Append"),
        ("stream_except_table", "for EXCEPT, which groups by all columns"),
    ],
)
def test_what_is_found_out_only_at_run_time_kills_a_started_query(shape: str, message: str) -> None:
    plan = PLANS[shape]()
    check(plan, "append")
    with pytest.raises(AnalysisException) as died:
        check_at_run(plan, "append")
    assert message in str(died.value)


def test_spark_2_3_lets_a_second_watermark_replace_the_first() -> None:
    check_at_run(PLANS["watermark_twice"](), "append", rules="2.3")


def test_the_table_is_what_the_checker_says() -> None:
    assert table_text(["counted_in_windows", "session_windows", "cross_join_of_streams"]).splitlines() == [
        "query                  current: append  current: update  current: complete  2.3: append  2.3: update  "
        "2.3: complete",
        "counted in windows     ok               ok               ok                 ok           ok           ok",
        "session windows        ok               no               ok                 no           no           no",
        "cross join of streams  dies             dies             no                 dies         no           no",
    ]


def test_the_table_has_every_shape_in_every_mode_and_version() -> None:
    found = [(each.shape, each.version, each.mode) for each in cells()]
    assert found == [(shape, version, mode) for shape in PLANS for version in RULES for mode in MODES]


def test_every_refusal_says_why_and_what_to_do() -> None:
    for cell in cells():
        if cell.refusal is not None:
            parts = (cell.refusal.what, cell.refusal.why, cell.refusal.instead)
            assert all(part and not part.endswith(".") for part in parts), cell

"""When queries fire: the arguments of `trigger`, and the firings of each kind in virtual time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sparksim.core.errors import IllegalArgumentError, UnsupportedOperation
from sparksim.sql.streaming.triggers import AvailableNow, Continuous, Once, ProcessingTime, next_firing_ms, trigger_of
from sparksim.sql.utils import PySparkValueError
from sparksim.trace.events import QueryBatchPlanned, Warned
from tests.sql.streaming.scripted import Script, ScriptedOperator, backend_of, new_session, passes, trace_of

SINGLE = "[ONLY_ALLOW_SINGLE_TRIGGER] Only a single trigger is allowed."
NOT_ALLOWED = "[VALUE_NOT_ALLOWED] Value for `{}` has to be amongst the following values: [True]."
NOT_TEXT = "[VALUE_NOT_NON_EMPTY_STR] Value for `{}` must be a non-empty string, got '{}'."


@pytest.mark.parametrize(
    ("arguments", "trigger"),
    [
        ({"processingTime": "10 seconds"}, ProcessingTime(10_000, "processingTime=10 seconds")),
        (
            {"processingTime": "interval 1 minute 30 seconds"},
            ProcessingTime(90_000, "processingTime=interval 1 minute 30 seconds"),
        ),
        ({"processingTime": "0 seconds"}, ProcessingTime(0, "processingTime=0 seconds")),
        ({"once": True}, Once()),
        ({"availableNow": True}, AvailableNow()),
        ({"continuous": "1 second"}, Continuous(1_000, "continuous=1 second")),
    ],
)
def test_the_trigger_that_is_asked_for(arguments: dict[str, Any], trigger: Any) -> None:
    assert trigger_of(**arguments) == trigger


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, PySparkValueError, SINGLE),
        ({"once": True, "processingTime": "1 second"}, PySparkValueError, SINGLE),
        ({"once": False}, PySparkValueError, NOT_ALLOWED.format("once")),
        ({"availableNow": 1}, PySparkValueError, NOT_ALLOWED.format("availableNow")),
        ({"processingTime": 5}, PySparkValueError, NOT_TEXT.format("processingTime", "5")),
        ({"processingTime": " "}, PySparkValueError, NOT_TEXT.format("processingTime", " ")),
        ({"continuous": ""}, PySparkValueError, NOT_TEXT.format("continuous", "")),
        ({"processingTime": "abc"}, IllegalArgumentError, "processingTime='abc' is no interval"),
        ({"processingTime": "1 month"}, IllegalArgumentError, "months and years have no fixed length"),
        ({"processingTime": "-5 seconds"}, IllegalArgumentError, "the interval of trigger should not be negative"),
        ({"realTime": "5 minutes"}, UnsupportedOperation, "sparksim runs micro-batches; give processingTime"),
    ],
)
def test_other_arguments_are_refused_in_sparks_words(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        trigger_of(**arguments)
    assert message in str(caught.value)


@pytest.mark.parametrize(("start_ms", "next_ms"), [(0, 4_000), (1, 4_000), (3_999.5, 4_000), (4_000, 8_000)])
def test_firings_are_aligned_to_the_epoch_and_strictly_later(start_ms: float, next_ms: int) -> None:
    assert next_firing_ms(start_ms, 4_000) == next_ms


def test_a_slow_batch_is_followed_at_once_and_the_grid_stays(tmp_path: Path) -> None:
    with new_session() as session:
        clock = backend_of(session).clock
        script = Script(rows=10, limit=1, in_batch=lambda batch_id: clock.sleep(2_500 if batch_id == 1 else 1))
        passes(session, 300)
        script.start(session, tmp_path, ProcessingTime(1_000))
        passes(session, 5_000)
        starts = [event.time_ms // 100 * 100 for event in trace_of(session, QueryBatchPlanned)]
        assert starts == [300, 1_000, 3_500, 4_000, 5_000]
        assert [event.message for event in trace_of(session, Warned)] == [
            "a batch of a query falls behind: its trigger interval is 1000 ms, and it took longer"
        ]


def spans(script: Script) -> list[Any]:
    return [next(iter(each.ranges.values())) for each in script.inputs]


def test_once_is_one_batch_of_everything_and_nothing_after(tmp_path: Path) -> None:
    with new_session() as session:
        script = Script(rows=5, limit=2, times_ms={0: [9_000]}, operator=ScriptedOperator())
        query = script.start(session, tmp_path, Once())
        query.awaitTermination()
        assert spans(script) == [(None, 5)]
        assert query.exception() is None


def test_available_now_keeps_the_limits_the_end_and_runs_what_is_wanted_without_data(tmp_path: Path) -> None:
    with new_session() as session:
        script = Script(rows=5, limit=2, times_ms={2: [9_000]}, operator=ScriptedOperator())

        def more(batch_id: int) -> None:
            script.rows += 1

        script.in_batch = more
        script.start(session, tmp_path, AvailableNow()).awaitTermination()
        assert spans(script) == [(None, 2), (2, 4), (4, 5), None]
        script.rows, script.in_batch = 5, lambda batch_id: None
        script.start(session, tmp_path, AvailableNow()).awaitTermination()
        assert len(script.inputs) == 4


def test_no_batch_without_data_stands_between_two_with_data(tmp_path: Path) -> None:
    with new_session() as session:
        script = Script(rows=4, limit=2, times_ms={0: [5_000], 1: [9_000]}, operator=ScriptedOperator())
        script.start(session, tmp_path).processAllAvailable()
        assert spans(script) == [(None, 2), (2, 4), None]
        times = [each.times[0] for each in script.inputs]
        assert [(each.late_ms, each.evict_ms) for each in times] == [(0, 0), (0, 5_000), (5_000, 9_000)]


@pytest.mark.parametrize(
    ("settings", "batches", "late_ms"),
    [
        ({"spark.sql.streaming.noDataMicroBatches.enabled": "false"}, 2, 0),
        ({"spark.sql.streaming.statefulOperator.allowMultiple": "false"}, 3, 5_000),
        ({"spark.sparksim.sql.rules": "2.3"}, 2, 5_000),
    ],
)
def test_spark_2_3_runs_nothing_without_data_and_judges_by_the_same_watermark_twice(
    tmp_path: Path, settings: dict[str, str], batches: int, late_ms: int
) -> None:
    with new_session() as session:
        for key, value in settings.items():
            session.conf.set(key, value)
        script = Script(rows=4, limit=2, times_ms={0: [5_000], 1: [9_000]}, operator=ScriptedOperator())
        script.start(session, tmp_path).processAllAvailable()
        assert (len(script.inputs), script.inputs[1].times[0].late_ms) == (batches, late_ms)

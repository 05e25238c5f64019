"""A trace as a Spark event log: what Spark would have written of the same run. Spark reads one in tests/spark."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sparksim.trace import Trace, TraceWarning, batches, check_trace, executors, jobs, receivers, stages, tasks
from sparksim.trace import events as e
from sparksim.trace.formats.spark_log_reader import read_event_log
from sparksim.trace.formats.spark_log_writer import VIRTUAL_ORIGIN_MS, write_event_log
from tests.trace.small import Tasks, small_trace

RECORDED = Path(__file__).parents[1] / "data" / "event_log" / "word_count"

Json = dict[str, Any]


@pytest.fixture
def log(tmp_path: Path) -> list[Json]:
    """The small run as a log, at its own times."""
    [path] = write_event_log(small_trace(), tmp_path / "run.eventlog", origin_ms=0)
    assert path == tmp_path / "run.eventlog" / "app-0"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def of_kind(log: list[Json], kind: str) -> list[Json]:
    return [event for event in log if event["Event"] == f"SparkListener{kind}"]


def test_the_log_goes_as_sparks_do(log: list[Json]) -> None:
    kinds = [event["Event"].removeprefix("SparkListener") for event in log]
    assert kinds[:6] == [
        "LogStart",
        "BlockManagerAdded",
        "EnvironmentUpdate",
        "ApplicationStart",
        "ExecutorAdded",
        "BlockManagerAdded",
    ]
    first_batch = kinds.index("StageSubmitted")
    assert kinds[first_batch - 1 : first_batch + 5] == [
        "JobStart",
        "StageSubmitted",
        "TaskStart",
        "TaskEnd",
        "StageCompleted",
        "JobEnd",
    ]
    assert kinds[-2:] == ["ApplicationEnd", "JobEnd"]  # of the receiver's job, which was under way


def test_the_job_of_a_batch_carries_its_time(log: list[Json]) -> None:
    receiving, first, _ = of_kind(log, "JobStart")
    assert receiving["Properties"] == {"spark.job.description": "Streaming job running receiver 0"}
    assert first["Properties"] == {
        "spark.streaming.internal.batchTime": "1000",
        "spark.streaming.internal.outputOpId": "0",
        "spark.job.description": "pprint at word_count.py:9",
        "callSite.short": "pprint at word_count.py:9",
    }
    [stage] = first["Stage Infos"]
    assert (stage["Stage ID"], stage["Number of Tasks"], stage["RDD Info"][0]["Number of Partitions"]) == (1, 1, 1)


def test_tasks_end_with_sparks_reasons_and_details(log: list[Json]) -> None:
    sound, *lost, failed = of_kind(log, "TaskEnd")
    assert sound["Task End Reason"] == {"Reason": "Success"}
    assert sound["Task Metrics"]["Input Metrics"]["Records Read"] == 30
    assert sound["Task Metrics"]["Executor Run Time"] == sound["Task Info"]["Finish Time"] - 1005
    assert [each["Task End Reason"]["Reason"] for each in lost] == ["ExecutorLostFailure"] * 2
    assert failed["Task End Reason"]["Class Name"] == "block input-0-1400 not found"
    assert (failed["Task Info"]["Failed"], failed["Task Info"]["Attempt"]) == (True, 1)
    assert {each["Task Type"] for each in of_kind(log, "TaskEnd")} == {"ResultTask"}


def test_every_way_to_end_is_written_and_read_again(tmp_path: Path) -> None:
    made = Tasks(0)
    ends = {
        "ExceptionFailure": "ValueError: six",
        "FetchFailed": "output gone",
        "ExecutorLostFailure": "crashed",
        "TaskKilled": "nobody waits for it",
    }
    events: list[e.Event] = [e.ApplicationStart(0, "a", "all ends", "sim[1,1]", 0, 1), e.ExecutorAdded(0, "1", "h", 1)]
    for number, (reason, message) in enumerate(ends.items()):
        events += [
            made.start(number, number, "1", 0),
            made.end(number + 0.5, number, "1", 0, reason=reason, message=message),
        ]
    events += [made.start(8, 8, "1", 0), made.end(9, 8, "1", 0), made.end(10, 8, "1", 0, reason="Resubmitted")]
    [path] = write_event_log([*events, e.ApplicationEnd(20, "a")], tmp_path)
    again = tasks(read_event_log(path))
    assert {row.reason: row.message for row in again if row.reason != "Success"} == ends
    assert [row.end_ms for row in again.where(reason="Success")] == [VIRTUAL_ORIGIN_MS + 9]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_event_log(small_trace(), tmp_path, origin_ms=0)
    again = read_event_log(tmp_path)
    assert check_trace(again) == []
    before = Trace(replace(event, time_ms=round(event.time_ms)) for event in small_trace())
    assert stages(again) == stages(before)
    assert executors(again) == executors(before)
    assert jobs(again)[1:] == jobs(before)[1:]
    assert jobs(again)[0].reason == "it was under way when the application ended"
    assert [(row.batch_time_ms, row.records, row.failed) for row in batches(again)] == [
        (1000, 30, False),
        (2000, 0, True),
    ]
    assert [row.stopped_ms for row in receivers(again)] == [2100]


def test_a_log_of_real_spark_keeps_its_batches_on_the_way_through_ours(tmp_path: Path) -> None:
    recorded = read_event_log(RECORDED)
    write_event_log(recorded, tmp_path)
    again = read_event_log(tmp_path)
    assert batches(again) == batches(recorded)
    assert tasks(again).column("end_ms") == tasks(recorded).column("end_ms")


def test_each_driver_is_an_application_and_a_dead_one_is_in_progress(tmp_path: Path) -> None:
    first = e.ApplicationStart(0, "app-0", "twice", "sim[1,1]", 0, 1)
    second = e.ApplicationStart(3000, "app-0-2", "twice", "sim[1,1]", 0, 1)
    events = [first, e.DriverDied(2000, "app-0", 3000), second, e.ApplicationEnd(4000, "app-0-2")]
    (tmp_path / "app-0").write_text("of an earlier run, which ended well")
    names = [path.name for path in write_event_log(events, tmp_path)]
    assert names == ["app-0.inprogress", "app-0-2"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    with pytest.warns(TraceWarning, match="ends before its application does"):
        read_event_log(tmp_path / "app-0.inprogress")


def test_names_that_spark_would_take_for_a_compression_are_changed(tmp_path: Path) -> None:
    events = [e.ApplicationStart(0, "app 1.5", "a", "sim[1,1]", 0, 1), e.ApplicationEnd(1, "app 1.5")]
    assert [path.name for path in write_event_log(events, tmp_path)] == ["app-1-5"]


def test_virtual_time_is_put_into_2026_and_the_bytes_are_the_same_each_time(tmp_path: Path) -> None:
    [first] = write_event_log(small_trace(), tmp_path / "a")
    [second] = write_event_log(small_trace(), tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()
    assert batches(read_event_log(first))[0].batch_time_ms == 1_767_225_601_000  # 2026-01-01 00:00:01 UTC

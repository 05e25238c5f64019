"""The tables of the small trace, against numbers worked out by hand."""

from __future__ import annotations

from typing import Any

from sparksim.trace import Table, Trace, batches, blocks, executors, jobs, receivers, stages, tasks
from sparksim.trace import events as e
from tests.trace.small import SOURCE, small_trace

TRACE = small_trace()


def picked(table: Table[Any], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(getattr(row, name) for name in columns) for row in table]


def test_batches_count_their_delays_from_the_submission() -> None:
    assert picked(
        batches(TRACE),
        "batch_time_ms",
        "records",
        "blocks",
        "scheduling_delay_ms",
        "processing_time_ms",
        "total_delay_ms",
    ) == [(1000, 30, 1, 2, 104, 106), (2000, 20, 1, 3, 108, 111)]
    assert picked(batches(TRACE), "submission_ms", "processing_start_ms", "processing_end_ms", "failed", "status") == [
        (1001, 1003, 1107, False, "completed"),
        (2001, 2004, 2112, True, "completed"),
    ]


def test_a_batch_is_queued_then_processing() -> None:
    [queued] = batches(TRACE.until(1001))
    assert (queued.status, queued.scheduling_delay_ms, queued.total_delay_ms) == ("queued", None, None)
    [processing] = batches(TRACE.until(1003))
    assert (processing.status, processing.scheduling_delay_ms, processing.processing_time_ms) == ("processing", 2, None)


def test_a_batch_that_is_run_again_has_a_second_row() -> None:
    events = [
        e.BatchSubmitted(1001, 1000, ((0, 30),), 1),
        e.BatchSubmitted(5000, 1000, (), 1),
        e.BatchStarted(5001, 1000),
        e.BatchCompleted(5002, 1000, False),
    ]
    assert picked(batches(events), "submission_ms", "records", "status") == [
        (1001, 30, "queued"),
        (5000, 0, "completed"),
    ]


def test_jobs_of_batches_and_of_receivers() -> None:
    assert picked(
        jobs(TRACE), "job_id", "batch_time_ms", "output_op", "start_ms", "end_ms", "duration_ms", "succeeded"
    ) == [
        (0, None, None, 5, None, None, None),
        (1, 1000, 0, 1004, 1106, 102, True),
        (2, 2000, 0, 2005, 2111, 106, False),
    ]


def test_stages_tell_how_they_ended() -> None:
    assert picked(stages(TRACE), "job_id", "stage_id", "attempt", "tasks", "duration_ms", "status") == [
        (1, 1, 0, 1, 101.5, "succeeded"),
        (2, 2, 0, 1, 105, "failed"),
    ]
    assert stages(TRACE.until(1005))[0].status == "running"


def test_tasks_know_their_batch_and_how_far_they_came() -> None:
    assert picked(
        tasks(TRACE),
        "task_id",
        "batch_time_ms",
        "attempt",
        "executor_id",
        "core",
        "duration_ms",
        "reason",
        "records_read",
    ) == [
        (0, None, 0, "1", 0, 2095, "ExecutorLostFailure", 0),
        (1, 1000, 0, "1", 1, 100.5, "Success", 30),
        (2, 2000, 0, "1", 1, 94, "ExecutorLostFailure", 11),
        (3, 2000, 1, "2", 0, 9, "ExceptionFailure", 0),
    ]
    assert tasks(TRACE.until(1005))[1].reason is None


def test_blocks_tell_where_they_lay_and_what_became_of_them() -> None:
    assert picked(
        blocks(TRACE),
        "block_id",
        "records",
        "generated_ms",
        "stored_ms",
        "added_ms",
        "batch_time_ms",
        "holders",
        "fate",
    ) == [
        ("input-0-400", 30, 600, 602, 606, 1000, ("1", "2"), "processed"),
        ("input-0-1400", 20, 1600, 1602, 1603, 2000, ("1",), "lost"),
    ]


def test_a_block_waits_then_belongs_to_a_batch() -> None:
    assert [row.fate for row in blocks(TRACE.until(999))] == ["waiting"]
    assert [row.fate for row in blocks(TRACE.until(1000))] == ["allocated"]


def test_a_block_is_given_up_when_its_batch_has_no_jobs() -> None:
    events = [*TRACE.until(1000), e.JobGenerationFailed(1000, 1000, "division by zero")]
    assert [row.fate for row in blocks(events)] == ["given up"]


def test_a_block_that_was_read_before_its_last_copy_went_is_processed() -> None:
    events = [*TRACE.until(1106), e.BlockLost(1106, "input-0-400", "2"), e.BatchCompleted(1107, 1000, False)]
    assert [row.fate for row in blocks(events)] == ["processed"]
    assert [row.fate for row in blocks([*events, e.BlockLost(1200, "input-0-400", "1")])] == ["processed"]


def test_a_block_of_a_failed_batch_failed_unless_it_was_lost() -> None:
    failed = e.BatchCompleted(1107, 1000, True)
    lost = e.RecordsLost(1106, ((SOURCE, 0, 29),), 30, "no copy left", 0, "input-0-400")
    assert [row.fate for row in blocks([*TRACE.until(1106), failed])] == ["failed"]
    assert [row.fate for row in blocks([*TRACE.until(1106), lost, failed])] == ["lost"]


def test_a_block_that_was_lost_before_it_joined_a_batch_stays_lost() -> None:
    lost = e.BlockLost(700, "input-0-400", "1")
    joined = [*TRACE.until(606), lost, e.BlocksAllocated(1000, 1000, 0, ("input-0-400",))]
    assert [(row.batch_time_ms, row.fate) for row in blocks(joined)] == [(1000, "lost")]
    assert [row.fate for row in blocks([*joined, e.BatchCompleted(1107, 1000, True)])] == ["lost"]


def test_executors_with_their_work() -> None:
    assert picked(
        executors(TRACE), "executor_id", "cores", "removed_ms", "reason", "tasks", "failed_tasks", "busy_ms"
    ) == [("1", 2, 2100, "crashed", 3, 2, 2095 + 100.5 + 94), ("2", 2, None, "", 1, 1, 9)]


def test_a_running_task_keeps_its_executor_busy_until_the_trace_ends() -> None:
    assert executors(TRACE.until(1105.5))[0].busy_ms == (1105.5 - 5) + 100.5


def test_a_receiver_ends_with_its_executor() -> None:
    assert picked(receivers(TRACE), "stream_id", "executor_id", "started_ms", "stopped_ms", "blocks", "records") == [
        (0, "1", 10, 2100, 2, 50)
    ]


def test_a_receiver_that_stops_with_an_error_has_one() -> None:
    events = [
        *TRACE.until(2100),
        e.ReceiverStarted(2200, 0, "SocketReceiver-0", "2", "host-2"),
        e.ReceiverStopped(2400, 0, "SocketReceiver-0", "2", "Restarting receiver", "ConnectionResetError: gone"),
    ]
    assert picked(receivers(events), "executor_id", "stopped_ms", "errors", "last_error")[1:] == [
        ("2", 2400, 1, "ConnectionResetError: gone")
    ]


def test_an_error_that_was_reported_and_then_stops_the_receiver_counts_once() -> None:
    events = [
        e.ReceiverStarted(10, 0, "R-0", "1", "host-1"),
        e.ReceiverError(20, 0, "R-0", "1", "cannot read", "OSError: broken"),
        e.ReceiverStopped(20, 0, "R-0", "1", "cannot read", "OSError: broken"),
    ]
    assert picked(receivers(events), "errors", "last_error") == [(1, "OSError: broken")]


def test_a_receiver_that_starts_elsewhere_has_a_second_row() -> None:
    events = [
        *TRACE.until(2100),
        e.ReceiverStarted(2200, 0, "SocketReceiver-0", "2", "host-2"),
        e.ReceiverError(2300, 0, "SocketReceiver-0", "2", "Error receiving data", "refused"),
        e.ReceiverStopped(2400, 0, "SocketReceiver-0", "2", "Stopped by driver", ""),
    ]
    assert picked(receivers(events), "executor_id", "stopped_ms", "errors", "last_error") == [
        ("1", 2100, 0, ""),
        ("2", 2400, 1, "refused"),
    ]


def test_what_a_dead_driver_left_unfinished_ends_with_it() -> None:
    trace = Trace(
        [
            e.BatchSubmitted(1000, 1000, (), 1),
            e.BatchStarted(1000, 1000),
            e.JobStart(1000, 3, "job", (5,), 1000, 0),
            e.StageSubmitted(1000, 3, 5, 0, "stage", 2),
            e.BatchSubmitted(2000, 2000, (), 1),
            e.DriverDied(2500, "app", 4000),
            e.BatchSubmitted(4000, 1000, (), 1),
        ]
    )
    assert batches(trace).column("status") == ["abandoned", "abandoned", "queued"]
    [job], [stage] = jobs(trace), stages(trace)
    assert (job.end_ms, job.succeeded, job.reason) == (2500, False, "the driver died")
    assert (stage.end_ms, stage.status, stage.failure) == (2500, "failed", "the driver died")

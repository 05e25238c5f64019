"""What pictures read beside the tables: copies, operations, logs, and records with their neighbours."""

from __future__ import annotations

import pytest

from sparksim.trace import Trace
from sparksim.trace import events as e
from sparksim.viz.facts import FOLLOWED_RECORDS, Facts
from tests.trace.small import Tasks, small_trace

LOG = "orders/0"


def test_a_copy_lasts_until_it_is_removed_evicted_or_its_executor_goes() -> None:
    level = "MEMORY_AND_DISK_SER"
    facts = Facts(
        Trace(
            [
                e.BlockStored(1, "a", "1", level, 10),
                e.BlockStored(2, "a", "2", level, 10),
                e.BlockStored(3, "b", "1", level, 20),
                e.BlockStored(4, "c", "2", level, 30),
                e.BlockEvicted(5, "b", "1", True),
                e.BlockEvicted(6, "c", "2", False),
                e.ExecutorRemoved(7, "1", "crashed"),
                e.BlockRemoved(8, "a"),
                e.BlockStored(9, "d", "2", level, 40),
            ]
        )
    )
    assert [(row.block_id, row.executor_id, row.start_ms, row.end_ms) for row in facts.copies] == [
        ("a", "1", 1, 7),
        ("a", "2", 2, 8),
        ("b", "1", 3, 7),  # on disk it was still there
        ("c", "2", 4, 6),
        ("d", "2", 9, None),
    ]


def test_an_operation_succeeds_fails_runs_or_is_abandoned() -> None:
    def started(time_ms: float, output_op: int) -> e.OutputOperationStarted:
        return e.OutputOperationStarted(time_ms, 1000, output_op, "pprint", (0,))

    facts = Facts(
        Trace(
            [
                started(1, 0),
                started(1, 1),
                started(1, 2),
                e.OutputOperationCompleted(2, 1000, 0, ""),
                e.OutputOperationCompleted(3, 1000, 1, "no"),
                e.DriverDied(4, "app", 5),
                started(6, 0),
                e.OutputOperationCompleted(7, 3000, 0, "its start is not in this trace"),
            ]
        )
    )
    assert [(row.output_op, row.status, row.end_ms) for row in facts.operations] == [
        (0, "succeeded", 2),
        (1, "failed", 3),
        (2, "abandoned", 4),
        (0, "running", None),
    ]


def test_a_restarted_driver_counts_jobs_and_stages_anew_and_none_is_taken_for_another() -> None:
    def life(begin_ms: float, batch_time_ms: int) -> list[e.Event]:
        return [
            e.JobStart(begin_ms, 1, "pprint", (1,), batch_time_ms, 0),
            e.StageSubmitted(begin_ms, 1, 1, 0, "pprint", 1),
            Tasks(1).start(begin_ms, 0, "1", 0, stage_id=1),
        ]

    facts = Facts(Trace([*life(1000, 1000), e.DriverDied(1500, "app", 2000), *life(2000, 2000)]))
    assert facts.jobs_of_stages == [0, 1]
    assert facts.places_of_tasks == [(0, 0), (1, 1)]
    assert [row.batch_time_ms for row in facts.jobs] == [1000, 2000]


def test_a_task_without_job_and_stage_has_no_place() -> None:
    assert Facts(Trace([Tasks(1).start(5, 0, "1", 0)])).places_of_tasks == [(None, None)]


def test_every_record_is_in_one_stretch() -> None:
    rows = Facts(small_trace()).stretches
    assert [(row.first, row.last, row.block_id, row.outcome, row.start_ms, row.end_ms) for row in rows] == [
        (0, 29, "input-0-400", "once", 400, 600),
        (30, 49, "input-0-1400", "lost", 1400, 1600),
    ]
    assert rows[1].reason == "executor 1 was lost with the only copy"


def test_what_was_lost_in_no_block_came_after_what_came_before_it() -> None:
    trace = small_trace()
    trace.append(e.RecordsLost(2300, (("localhost:9999", 50, 59),), 10, "in the receiver's buffer", 0, ""))
    last = Facts(trace).stretches[-1]
    assert (last.first, last.last, last.start_ms, last.end_ms) == (50, 59, 1600, 2300)


def test_records_of_a_log_came_when_it_got_them() -> None:
    facts = Facts(
        Trace(
            [
                e.RecordsSent(100, LOG, 0, 10),
                e.RecordsSent(700, LOG, 10, 10),
                e.OffsetRangesAllocated(1000, 1000, 0, ("r",), ((LOG, 0, 14),)),
            ]
        )
    )
    assert [(row.first, row.last, row.start_ms, row.end_ms) for row in facts.stretches] == [
        (0, 14, 100, 700),
        (15, 19, 700, 1000),
    ]
    assert [(row.block_id, row.records) for row in facts.ranges] == [("r", 15)]


def test_too_many_records_are_not_followed_one_by_one() -> None:
    trace = small_trace()
    assert not Facts(trace).too_many_records
    trace.append(e.BlockGenerated(2400, 0, "input-0-2200", "2", FOLLOWED_RECORDS, ()))
    facts = Facts(trace)
    assert facts.too_many_records
    assert len(facts.stretches) == 0
    assert len(facts.blocks) == 3


def test_a_block_is_on_its_way_to_the_log_from_its_making() -> None:
    trace = small_trace()
    trace.append(e.BlockLogged(2400, "input-0-400", "1", "sim://wal/log-1", 400))
    trace.append(e.BlockLogged(2450, "of an earlier life", "1", "", 1))
    assert [(row.stream_id, row.start_ms, row.end_ms) for row in Facts(trace).logged] == [
        (0, 600, 2400),
        (-1, 2450, 2450),
    ]


@pytest.mark.parametrize(("time_ms", "death_ms"), [(0, 500), (500, 500), (501, 900), (901, None)])
def test_a_death_ends_what_began_before_it(time_ms: float, death_ms: float | None) -> None:
    facts = Facts(Trace([e.DriverDied(500, "app", 600), e.DriverDied(900, "app", None)]))
    assert facts.death_after(time_ms) == death_ms

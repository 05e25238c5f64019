"""The invariants hold for a sound run, and each checker finds the violation that it is there for."""

from __future__ import annotations

import pytest

from sparksim.trace import Event, check_trace
from sparksim.trace import checks as c
from sparksim.trace import events as e
from sparksim.trace.query_events import QueryRowsRead
from tests.trace.small import Tasks, small_trace

TASKS = Tasks()
EXECUTOR = e.ExecutorAdded(0, "1", "host-1", 2)
ROWS_READ = QueryRowsRead(1, "run", 0, 0, ("value",), 1, (("hi",),), None)
STREAMING = e.StreamingStarted(0, 1000, 200, 0, 1)


def block(time_ms: float) -> e.BlockGenerated:
    return e.BlockGenerated(time_ms, 0, "input-0-400", "1", 30, ())


def test_a_sound_run_has_no_violation() -> None:
    assert check_trace(small_trace()) == []


def test_every_checker_is_planted_below() -> None:
    assert {checker for checker, _, _ in PLANTED} == set(c.CHECKERS)


PLANTED: list[tuple[c.Checker, list[Event], list[str]]] = [
    (
        c.times_never_go_back,
        [e.BatchStarted(1000, 1000), e.BatchStarted(999.5, 2000)],
        ["999.5 ms: BatchStarted comes after an event of 1000 ms"],
    ),
    (
        c.no_event_happens_twice,
        [EXECUTOR, EXECUTOR, *[e.OutputPrinted(1, None, "hi")] * 2, *[ROWS_READ] * 2],
        [f"0 ms: the same event twice: {EXECUTOR}"],
    ),
    (
        c.cores_run_one_task_each,
        [EXECUTOR, TASKS.start(1, 0, "1", 0), TASKS.start(2, 1, "1", 0)],
        ["2 ms: task 1 starts on core 0 of executor 1, where task 0 is running"],
    ),
    (
        c.cores_run_one_task_each,
        [EXECUTOR, TASKS.start(1, 0, "1", 0), TASKS.start(1, 1, "1", 1), TASKS.start(1, 2, "1", 2)],
        ["1 ms: executor 1 runs 3 tasks on 2 cores"],
    ),
    (
        c.every_task_ends_once,
        [TASKS.start(1, 0, "1", 0), TASKS.start(1, 1, "1", 1), TASKS.end(2, 1, "1", 1)],
        ["1 ms: task 0 starts and never ends"],
    ),
    (
        c.every_task_ends_once,
        [TASKS.start(1, 0, "1", 0), TASKS.end(2, 0, "1", 0), TASKS.end(3, 0, "1", 0, reason="TaskKilled")],
        ["3 ms: task 0 ends a second time (TaskKilled)"],
    ),
    (c.every_task_ends_once, [TASKS.end(2, 0, "1", 0)], ["2 ms: task 0 ends but never started"]),
    (
        c.every_task_ends_once,
        [TASKS.start(1, 0, "1", 0), TASKS.start(2, 0, "1", 0), TASKS.end(3, 0, "1", 0)],
        ["2 ms: task 0 starts a second time"],
    ),
    (
        c.no_task_on_an_absent_executor,
        [EXECUTOR, TASKS.start(1, 0, "1", 0), e.ExecutorRemoved(2, "1", "crashed"), TASKS.end(3, 0, "1", 0)],
        ["3 ms: task 0 succeeds on executor 1, which is not there"],
    ),
    (
        c.no_task_on_an_absent_executor,
        [TASKS.start(1, 0, "1", 0)],
        ["1 ms: task 0 starts on executor 1, which is not there"],
    ),
    (
        c.batches_start_in_order,
        [STREAMING, e.BatchStarted(2001, 2000), e.BatchStarted(2002, 1000)],
        ["2002 ms: batch 1000 starts after batch 2000"],
    ),
    (
        c.output_operations_respect_the_limit,
        [
            STREAMING,
            e.OutputOperationStarted(1001, 1000, 0, "a", (0,)),
            e.OutputOperationStarted(1002, 1000, 1, "b", (0,)),
        ],
        ["1002 ms: 2 output operations at once; concurrentJobs is 1"],
    ),
    (c.blocks_live_once, [block(600), block(601)], ["601 ms: block input-0-400 is made a second time"]),
    (
        c.blocks_live_once,
        [e.BlockAdded(606, 0, "input-0-400", 30), e.BlockAdded(607, 0, "input-0-400", 30)],
        ["607 ms: block input-0-400 is added a second time"],
    ),
    (
        c.blocks_live_once,
        [e.BlocksAllocated(t, t, 0, ("input-0-400",)) for t in (1000, 2000)],
        ["2000 ms: block input-0-400 joins batch 2000 but is already in batch 1000"],
    ),
]


@pytest.mark.parametrize(("checker", "events", "violations"), PLANTED)
def test_a_planted_violation_is_found(checker: c.Checker, events: list[Event], violations: list[str]) -> None:
    assert list(checker(events)) == violations
    assert set(violations) <= set(check_trace(events))


def test_an_application_that_ended_may_leave_tasks_running() -> None:
    events = [TASKS.start(1, 0, "1", 0), e.ApplicationEnd(5, "app-0")]
    assert list(c.every_task_ends_once(events)) == []


def test_a_finished_map_task_may_be_resubmitted() -> None:
    events = [TASKS.start(1, 0, "1", 0), TASKS.end(2, 0, "1", 0), TASKS.end(3, 0, "1", 0, reason="Resubmitted")]
    assert list(c.every_task_ends_once(events)) == []


def test_a_restarted_driver_may_run_batches_again() -> None:
    first = [
        STREAMING,
        e.BlocksAllocated(1000, 1000, 0, ("input-0-400",)),
        e.BatchStarted(1001, 1000),
        e.OutputOperationStarted(1001, 1000, 0, "a", (0,)),
    ]
    restart = e.ApplicationStart(5000, "app-1", "word count", "sim[2,2]", 7, 2)
    again = [
        e.BlocksAllocated(5001, 1000, 0, ("input-0-400",)),
        e.BatchStarted(5002, 1000),
        e.OutputOperationStarted(5002, 1000, 0, "a", (0,)),
    ]
    assert check_trace([*first, restart, *again]) == []
    assert len(check_trace([*first, *again])) == 2


def test_with_two_concurrent_jobs_batches_may_overtake() -> None:
    streaming = e.StreamingStarted(0, 1000, 200, 0, 2)
    events = [streaming, e.BatchStarted(2001, 2000), e.BatchStarted(2002, 1000)]
    assert check_trace(events) == []

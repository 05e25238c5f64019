"""What stands where on the timeline, from the small trace and from the stand-in word count."""

from __future__ import annotations

import pytest

from sparksim.trace import Trace
from sparksim.trace import events as e
from sparksim.viz.clock import Clock
from sparksim.viz.lanes import DISCONNECT, ERROR, LOSS, Bar, Lane, Mark, failures, in_slots, lanes
from sparksim.viz.palette import FAILED, KILLED, RECEIVER, UNASSIGNED
from tests.trace.small import Tasks, small_trace
from tests.viz.word_count import WordCount


def lane(trace: Trace, label: str) -> Lane:
    [found] = [lane for lane in lanes(trace) if lane.label == label]
    return found


def test_lanes_stand_in_the_order_in_which_records_pass_them() -> None:
    assert [lane.label for lane in lanes(small_trace())] == [
        "receiver 0",
        "blocks of receiver 0",
        "waiting batches (max 1)",
        "output operations",
        "executor 1 · core 0",
        "executor 1 · core 1",
        "executor 2 · core 0",
        "executor 2 · core 1",
    ]


def test_a_run_without_streaming_has_only_cores() -> None:
    trace = Trace(
        [e.ExecutorAdded(0, "driver", "localhost", 1), Tasks().start(5, 0, "driver", 0), e.ApplicationEnd(9, "a")]
    )
    assert lanes(trace) == [
        Lane("executor driver · core 0", "executor driver", (Bar(0.005, 0.009, UNASSIGNED),)),
    ]


def test_a_receiver_lives_on_an_executor_until_that_goes() -> None:
    receiver = lane(small_trace(), "receiver 0")
    assert receiver.bars == (Bar(0.01, 2.1, RECEIVER, "on executor 1"),)
    assert receiver.marks == (Mark(2.1, LOSS),)


def test_errors_and_disconnects_are_marks_of_their_receiver() -> None:
    trace = small_trace()
    trace.append(e.SourceDisconnected(2200, "localhost:9999", 0, "closed"))
    trace.append(e.ReceiverError(2300, 0, "SocketReceiver-0", "2", "m", "e"))
    assert lane(trace, "receiver 0").marks == (Mark(2.1, LOSS), Mark(2.2, DISCONNECT), Mark(2.3, ERROR))


def test_a_block_covers_the_interval_in_which_it_was_filled() -> None:
    processed, lost = lane(small_trace(), "blocks of receiver 0").bars
    assert (processed.start_s, processed.end_s, processed.style) == (pytest.approx(0.4), 0.6, 0)
    assert (lost.start_s, lost.end_s, lost.style) == (pytest.approx(1.4), 1.6, FAILED)


def test_sound_blocks_of_a_failed_batch_were_in_vain() -> None:
    bars = lane(WordCount().trace(), "blocks of receiver 0").bars
    assert {bar.style for bar in bars if bar.in_vain} == {3}  # the batch of 8 s
    assert sum(bar.style == FAILED for bar in bars) == 1


def test_a_batch_waits_from_its_submission_to_its_start() -> None:
    assert lane(small_trace(), "waiting batches (max 1)").bars == (Bar(1.001, 1.003, 0), Bar(2.001, 2.004, 1))


def test_batches_that_wait_together_are_stacked() -> None:
    queue = next(lane for lane in lanes(WordCount(load=1.5, crash_ms=None).trace()) if lane.group == "queue")
    assert queue.slots == 2
    assert queue.label == "waiting batches (max 2)"
    assert {bar.slot for bar in queue.bars} == {0, 1}


def test_output_operations_carry_their_batch_time_and_show_failure() -> None:
    assert lane(small_trace(), "output operations").bars == (
        Bar(1.003, 1.106, 0, "1 s"),
        Bar(2.004, 2.111, FAILED, "2 s"),
    )
    assert lane(small_trace().until(1050), "output operations").bars == (Bar(1.003, 1.005, 0, "1 s"),)


def test_tasks_stand_on_their_core_in_the_colour_of_their_batch() -> None:
    trace = small_trace()
    assert lane(trace, "executor 1 · core 0").bars == (Bar(0.005, 2.1, RECEIVER, "receiver"),)
    assert lane(trace, "executor 1 · core 1").bars == (Bar(1.005, 1.1055, 0), Bar(2.006, 2.1, FAILED))
    assert lane(trace, "executor 2 · core 0").bars == (Bar(2.101, 2.11, FAILED),)


def test_a_killed_task_and_a_broken_receiver_have_their_own_styles() -> None:
    tasks = Tasks()
    trace = Trace(
        [
            e.ExecutorAdded(0, "1", "host-1", 1),
            tasks.start(1000, 0, "1", 0),
            tasks.end(2000, 0, "1", 0, reason="TaskKilled"),
            tasks.start(2000, 1, "1", 0, kind="Receiver"),
            tasks.end(3000, 1, "1", 0, reason="ExceptionFailure"),
        ]
    )
    assert lane(trace, "executor 1 · core 0").bars == (Bar(1, 2, KILLED), Bar(2, 3, FAILED, "receiver"))


def test_an_executor_is_absent_before_it_comes_and_after_it_goes() -> None:
    added, removed = e.ExecutorAdded(1000, "1", "h", 1), e.ExecutorRemoved(3000, "1", "crashed")
    again, end = e.ExecutorAdded(5000, "1", "h", 1), e.ApplicationEnd(9000, "a")
    assert lane(Trace([added, removed, end]), "executor 1 · core 0").gaps == ((0, 1), (3, 9))
    assert lane(Trace([added, removed, again, end]), "executor 1 · core 0").gaps == ((0, 1), (3, 5))


def test_a_fault_and_the_removal_it_causes_are_one_failure() -> None:
    assert failures(small_trace()) == [(2.1, "ExecutorCrash: executor 1 removed")]
    crash, noticed = e.FaultInjected(1000, "ExecutorCrash", "1"), e.ExecutorRemoved(1120, "1", "connection broke")
    assert failures(Trace([crash, noticed])) == [(1, "ExecutorCrash: executor 1 removed")]


def test_a_fault_that_lasts_has_two_ends() -> None:
    trace = Trace(
        [
            e.FaultInjected(1000, "SlowExecutor('2', factor=10)", "2"),
            e.FaultInjected(1500, "SourceOutage('localhost:9999')", "localhost:9999"),
            e.FaultInjected(2000, "SlowDisk('driver', factor=3)", "driver"),
            e.FaultEnded(3000, "SlowExecutor('2', factor=10)", "2"),
        ]
    )
    assert failures(trace) == [
        (1, "SlowExecutor('2', factor=10)"),
        (1.5, "SourceOutage('localhost:9999')"),
        (2, "SlowDisk('driver', factor=3)"),
        (3, "SlowExecutor('2', factor=10) ends"),
    ]


def test_a_broker_is_not_taken_for_an_executor() -> None:
    crashes = [
        e.FaultInjected(1000, "BrokerCrash(0, restart_after=2)", "broker 0"),
        e.FaultInjected(2000, "BrokerCrash('leader of orders/0')", "broker 1"),
        e.FaultInjected(3000, "BrokerCrash('leader of orders/0')", ""),
    ]
    assert failures(Trace(crashes)) == [
        (1, "BrokerCrash(0, restart_after=2)"),
        (2, "BrokerCrash('leader of orders/0'): broker 1"),
        (3, "BrokerCrash('leader of orders/0')"),
    ]


def test_a_removal_without_a_fault_and_a_fault_without_a_target_are_failures_too() -> None:
    trace = Trace(
        [
            e.FaultInjected(1000, "SourceCrash", ""),
            e.FaultInjected(2000, "NetworkPartition", "1"),
            e.ExecutorRemoved(3000, "1", "heartbeat timed out"),
        ]
    )
    assert failures(trace) == [(1, "SourceCrash"), (2, "NetworkPartition: executor 1"), (3, "executor 1 removed")]


def test_the_death_of_a_driver_takes_its_executors_along_and_is_one_failure() -> None:
    trace = Trace(
        [
            e.FaultInjected(1000, "DriverCrash()", "driver"),
            e.ExecutorRemoved(1000, "1", "the driver died"),
            e.StreamingRecovered(3000, 1000, 4000, (), (1000, 2000, 3000)),
            e.ExecutorRemoved(5000, "1", "heartbeat timed out"),
        ]
    )
    assert failures(trace) == [
        (1, "the driver dies, and all executors"),
        (3, "recovered: 3 batches run again"),
        (5, "executor 1 removed"),
    ]


def test_a_live_run_counts_seconds_from_the_start_of_its_streaming() -> None:
    t0 = 1_790_000_000_123
    live, simulated = WordCount(start_ms=t0).trace(), WordCount().trace()
    assert [lane.label for lane in lanes(live)] == [lane.label for lane in lanes(simulated)]
    assert Clock.of(live).seconds(t0 + 7300) == 7.3
    assert Clock.of(live).batch_number(t0 + 4000) == 1
    assert Clock.of(live).batch_label(t0 + 4000) == "4 s"


def test_bars_that_overlap_take_the_lowest_free_slot() -> None:
    bars = [Bar(0, 4, 0), Bar(1, 2, 1), Bar(2, 5, 2), Bar(4, 6, 3)]
    assert [bar.slot for bar in in_slots(reversed(bars))] == [0, 1, 1, 0]


def test_bars_of_a_dead_driver_end_with_it() -> None:
    trace = Trace(
        [
            e.StreamingStarted(0, 1000, 200, 0, 1),
            e.BatchSubmitted(1000, 1000, (), 1),
            e.BatchStarted(1000, 1000),
            e.OutputOperationStarted(1000, 1000, 0, "pprint", (0,)),
            e.BatchSubmitted(2000, 2000, (), 1),
            e.DriverDied(2500, "app", 4000),
            e.StreamingRecovered(4500, 2000, 5000, (1000, 2000), (1000, 2000)),
        ]
    )
    [operation] = lane(trace, "output operations").bars
    assert (operation.end_s, operation.in_vain) == (2.5, True)
    assert lane(trace, "waiting batches (max 1)").bars[-1].end_s == 2.5

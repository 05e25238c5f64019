"""Each kind of fault, and what the cluster makes of it: as Spark would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sparksim.cluster.faults import Fault
from sparksim.core.errors import IllegalArgumentError
from sparksim.sim import (
    Cluster,
    Constant,
    NetworkDelay,
    NetworkPartition,
    ReceiverCrash,
    Run,
    Simulation,
    SlowDisk,
    SlowExecutor,
    SourceOutage,
    TaskFailure,
)
from sparksim.trace import check_trace
from sparksim.trace.events import (
    BatchCompleted,
    BlockAdded,
    BlockLogged,
    Event,
    ExecutorAdded,
    ExecutorRemoved,
    FaultEnded,
    FaultInjected,
    JobEnd,
    ReceiverStarted,
    ReceiverStopped,
    SourceConnected,
    TaskEnd,
    TaskStart,
)

SOURCE = "localhost:9999"


def count_lines(ssc: Any) -> None:
    def count(rdd: Any) -> None:
        rdd.count()

    ssc.socketTextStream("localhost", 9999).foreachRDD(count)


def logged(ssc: Any) -> None:
    ssc.checkpoint("sim://checkpoint")
    count_lines(ssc)


def run(*faults: Fault, until: float = 6.5, program: Callable[[Any], None] = count_lines, **settings: Any) -> Run:
    """Ten lines a second, batches of a second, blocks of 200 ms, three executors with two cores."""
    simulated = Simulation(program, network={SOURCE: Constant(10, "a line")}, faults=faults, **settings).run(until)
    assert check_trace(simulated.trace) == []
    return simulated


def of_batch(events: list[TaskStart] | list[TaskEnd], job_id: int) -> list[Any]:
    return [event for event in events if event.job_id == job_id]


def moments(simulated: Run, kind: type[Event]) -> list[float]:
    return [event.time_ms for event in simulated.trace.of(kind)]


def receiver_starts(simulated: Run) -> list[tuple[float, str]]:
    return [(event.time_ms, event.executor_id) for event in simulated.trace.of(ReceiverStarted)]


# --- receivers ---------------------------------------------------------------------------------------------------


def test_a_receiver_that_fails_starts_again_after_two_seconds_where_it_was() -> None:
    simulated = run(ReceiverCrash(2.5))
    (_, where), (second, again) = receiver_starts(simulated)
    assert (second, again) == (4500, where)
    assert moments(simulated, ReceiverStopped) == [2500]
    assert {row.reason for row in simulated.delivery.lost} >= {f"sent while no receiver was connected to {SOURCE}"}
    assert simulated.delivery.records[24].outcome == "once", "what it had received is kept"


def test_the_pause_is_a_setting() -> None:
    simulated = run(ReceiverCrash(2.5), conf={"spark.streaming.receiverRestartDelay": 500})
    assert receiver_starts(simulated)[1][0] == 3000


def test_a_receiver_whose_task_fails_is_placed_anew_at_once() -> None:
    simulated = run(ReceiverCrash(2.5, restarts=False))
    (_, _), (second, _) = receiver_starts(simulated)
    assert 2500 < second < 3000
    (failed,) = (end for end in simulated.trace.of(TaskEnd) if "the receiver crashed" in end.message)
    assert (failed.reason, failed.attempt) == ("ExceptionFailure", 0)


def test_a_receiver_that_is_not_there_cannot_fail() -> None:
    simulated = run(ReceiverCrash(2.5, stream=3))
    assert [event.target for event in simulated.trace.of(FaultInjected)] == [""]


# --- tasks -------------------------------------------------------------------------------------------------------


def test_a_task_that_fails_is_tried_again_and_the_batch_succeeds() -> None:
    simulated = run(TaskFailure(2.045))
    (failed,) = (end for end in simulated.trace.of(TaskEnd) if end.reason == "ExceptionFailure")
    assert (failed.time_ms, failed.index) == (2045, 0)
    retried = [
        start for start in simulated.trace.of(TaskStart) if start.stage_id == failed.stage_id and not start.index
    ]
    assert [start.attempt for start in retried] == [0, 1]
    assert not any(event.failed for event in simulated.trace.of(BatchCompleted))


def test_a_task_that_fails_four_times_ends_its_job_and_the_next_batch_goes_on() -> None:
    simulated = run(TaskFailure(2.045, times=4))
    assert [event.failed for event in simulated.trace.of(BatchCompleted)] == [False, True, False, False, False, False]
    (reason,) = (
        end.reason for end in simulated.trace.of(JobEnd) if not end.succeeded and end.reason.startswith("Job ab")
    )
    assert "failed 4 times, most recent failure: Lost task 0.3" in reason
    assert "InjectedFailure: injected into partition 0" in reason


def test_maxfailures_is_a_setting() -> None:
    simulated = run(TaskFailure(2.045, times=1), conf={"spark.task.maxFailures": 1})
    assert [event.failed for event in simulated.trace.of(BatchCompleted)][:3] == [False, True, False]


def test_without_a_running_task_the_next_one_fails() -> None:
    simulated = run(TaskFailure(2.5, partition=3))
    (failed,) = (end for end in simulated.trace.of(TaskEnd) if end.reason == "ExceptionFailure")
    assert failed.index == 3
    assert failed.time_ms > 3000


# --- slow machines -----------------------------------------------------------------------------------------------


def durations(simulated: Run, executor_id: str) -> list[float]:
    starts = {event.task_id: event for event in simulated.trace.of(TaskStart) if event.kind == "ResultTask"}
    return [
        round(end.time_ms - starts[end.task_id].time_ms, 3)
        for end in simulated.trace.of(TaskEnd)
        if end.task_id in starts and end.executor_id == executor_id and end.time_ms > 1000
    ]


def test_a_slow_executor_takes_so_many_times_as_long_for_a_while() -> None:
    usual = run()
    (host,) = {where for _, where in receiver_starts(usual)}
    slow = run(SlowExecutor(host, at=1.5, factor=10, duration=2))
    ordinary, slowed = durations(usual, host), durations(slow, host)
    assert max(slowed) == pytest.approx(10 * ordinary[0])
    assert slowed[-1] == ordinary[-1], "the trouble is over"
    assert moments(slow, FaultEnded) == [3500]


def test_speculation_is_against_it() -> None:
    conf = {"spark.speculation": True, "spark.speculation.quantile": 0.5}
    slow = run(SlowExecutor("receiver", at=1.5, factor=100), conf=conf)
    copies = [event for event in slow.trace.of(TaskStart) if event.speculative]
    assert copies
    won = {event.task_id for event in slow.trace.of(TaskEnd) if event.reason == "Success"}
    assert {event.task_id for event in copies} & won


def test_a_slow_disk_holds_up_the_log() -> None:
    conf = {"spark.streaming.receiver.writeAheadLog.enable": True}
    usual = run(program=logged, conf=conf)
    slow = run(SlowDisk("receiver", at=2.1, factor=5, duration=1), program=logged, conf=conf)
    late = [a - b for a, b in zip(moments(slow, BlockLogged), moments(usual, BlockLogged), strict=True)]
    assert max(late) == pytest.approx(40, abs=1)
    assert late[0] == late[-1] == 0


def test_a_slow_disk_of_the_driver_holds_up_its_checkpoints() -> None:
    from sparksim.trace.events import CheckpointWritten

    usual, slow = run(program=logged), run(SlowDisk("driver", at=0, factor=5), program=logged)
    assert slow.trace.of(CheckpointWritten)[0].time_ms - usual.trace.of(CheckpointWritten)[0].time_ms == 80


# --- the network -------------------------------------------------------------------------------------------------


def test_messages_that_take_longer_make_blocks_known_later() -> None:
    usual, slow = run(), run(NetworkDelay("receiver", at=2.1, ms=30, duration=1))
    late = [a - b for a, b in zip(moments(slow, BlockAdded), moments(usual, BlockAdded), strict=True)]
    assert max(late) == pytest.approx(30)
    assert late[0] == late[-1] == 0


def test_after_a_short_partition_everything_arrives() -> None:
    simulated = run(NetworkPartition("receiver", at=2.5, duration=2))
    known = moments(simulated, BlockAdded)
    assert not [moment for moment in known if 2500 < moment < 4500]
    assert len([moment for moment in known if 4500 <= moment < 4600]) == 10, (
        "two seconds of blocks, one after the other"
    )
    assert not simulated.trace.of(ExecutorRemoved)
    assert simulated.delivery.count("lost") == 4, "those sent before the receiver was there"


SHORT = {
    "spark.network.timeout": "12s",
    "spark.executor.heartbeatInterval": "2s",
    "spark.network.timeoutInterval": "5s",
}


def test_a_silent_executor_is_given_up_killed_and_replaced() -> None:
    simulated = run(NetworkPartition("receiver", at=7.5), until=30, conf=SHORT)
    (removed,) = simulated.trace.of(ExecutorRemoved)
    assert removed.time_ms == 20_000, "the first look at which the last heartbeat is older than twelve seconds"
    assert removed.reason.startswith("Executor heartbeat timed out after 1")
    (_, gone), (_, elsewhere) = receiver_starts(simulated)
    assert removed.executor_id == gone != elsewhere
    added = [event for event in simulated.trace.of(ExecutorAdded) if event.time_ms > 0]
    assert [event.executor_id for event in added] == ["4"]
    assert [event.failed for event in simulated.trace.of(BatchCompleted)].count(True) == 0


def test_a_partition_that_ends_in_time_is_forgiven_again_and_again() -> None:
    faults = [NetworkPartition("receiver", at=2 + 10 * k, duration=9.5) for k in range(3)]
    assert not run(*faults, until=40, conf=SHORT).trace.of(ExecutorRemoved)


def test_the_time_out_must_be_longer_than_the_interval() -> None:
    with pytest.raises(IllegalArgumentError, match="must be longer than"):
        run(conf={"spark.network.timeout": "5s"})


# --- sources -----------------------------------------------------------------------------------------------------


def test_a_source_that_is_away_is_asked_again_every_two_seconds() -> None:
    simulated = run(SourceOutage(SOURCE, at=2.5, duration=3), until=9.5)
    assert moments(simulated, SourceConnected)[1:] == [6500], "2.5, 4.5 and then 6.5 s"
    lost = simulated.delivery.lost
    assert sum(row.records for row in lost if "down" in row.reason) == 29, "and one was on its way"


def test_a_source_nobody_knows_cannot_be_away() -> None:
    with pytest.raises(IllegalArgumentError, match=r"localhost:1.*localhost:9999"):
        run(SourceOutage("localhost:1", at=2.5, duration=3))


# --- bad input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ReceiverCrash(1, stream=-1), r"ReceiverCrash\(stream=-1\): input streams are counted from 0"),
        (lambda: TaskFailure(1, partition=0.5), r"TaskFailure\(partition=0.5\): partitions are counted from 0"),
        (lambda: TaskFailure(1, times=0), r"TaskFailure\(times=0\): give the number of failures, 1 or more"),
        (lambda: TaskFailure("soon"), r"TaskFailure\(at='soon'\): give the moment in seconds"),
        (lambda: SlowExecutor("1", 1, factor=0), r"SlowExecutor\(factor=0\): give a positive number"),
        (lambda: SlowDisk("1", 1, duration=0), r"SlowDisk\(duration=0\): give a positive number of seconds, or None"),
        (lambda: NetworkDelay("1", 1, ms=-3), r"NetworkDelay\(ms=-3\): give a positive number"),
        (lambda: SourceOutage("a:1", 1, duration=float("inf")), r"SourceOutage\(duration=inf\): give a positive"),
    ],
)
def test_faults_that_make_no_sense(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(IllegalArgumentError, match=message):
        make()


@pytest.mark.parametrize("faults", [3, [3], SlowExecutor("1", 1), "SlowExecutor", None])
def test_faults_are_a_list_of_faults(faults: Any) -> None:
    with pytest.raises(IllegalArgumentError, match="give a list of faults"):
        Simulation(count_lines, faults=faults)


def test_a_cluster_of_one_executor_has_nowhere_to_go() -> None:
    simulated = run(NetworkPartition("1", at=1.2, duration=2), cluster=Cluster(1, 4))
    assert simulated.batches[1].processing_time_ms > 1000

"""Records without content: the same schedule as real ones, and no data."""

from __future__ import annotations

from typing import Any

import pytest

from sparksim.cluster.cost import TEACHING
from sparksim.core.errors import IllegalArgumentError
from sparksim.sim import Acknowledged, Cluster, Counted, ExecutorCrash, Replay, Run, Simulation
from sparksim.trace import check_trace
from sparksim.trace.events import (
    BatchSubmitted,
    BlockAdded,
    BlockGenerated,
    Event,
    FaultInjected,
    RecordsLost,
    TaskEnd,
    TaskStart,
)

SOURCE = "localhost:9999"
WEIGHTLESS = TEACHING.with_(replicate_byte_ms=0, log_byte_ms=0)
"""Counted blocks are shorter than real ones; here bytes cost nothing."""


def count(ssc: Any) -> None:
    ssc.socketTextStream("localhost", 9999).foreachRDD(lambda rdd: rdd.foreachPartition(list))


def word_count(ssc: Any) -> None:
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).pprint()


def run(load: Any, program: Any = count, until: float = 8.3, **settings: Any) -> Run:
    simulated = Simulation(program, network={SOURCE: load}, cost=WEIGHTLESS, **settings).run(until)
    assert check_trace(simulated.trace) == []
    return simulated


def real(rate: float, every: float, until: float) -> Replay:
    """The same records at the same times, with content."""
    times = [every * (1 + number // round(rate * every)) for number in range(round(rate * until))]
    return Replay([(round(time, 6), "a line") for time in times])


def facts(simulated: Run, *kinds: type[Event]) -> list[Event]:
    return [event for event in simulated.trace if isinstance(event, kinds)]


def test_blocks_batches_and_tasks_are_those_of_real_records() -> None:
    kinds = (BlockGenerated, BlockAdded, BatchSubmitted, TaskStart)
    counted, with_content = run(Counted(100)), run(real(100, 0.1, 8.3))
    assert facts(counted, *kinds) == facts(with_content, *kinds)
    assert str(counted.batches) == str(with_content.batches)
    assert [end.records_read for end in counted.trace.of(TaskEnd)] == [
        end.records_read for end in with_content.trace.of(TaskEnd)
    ]


def test_a_crash_strikes_in_the_midst_of_them_as_of_real_ones() -> None:
    crash = ExecutorCrash("receiver", at=3.0775)
    cluster = Cluster(2, 2)
    counted = run(Counted(200), faults=[crash], cluster=cluster)
    with_content = run(real(200, 0.1, 8.3), faults=[crash], cluster=cluster)
    assert facts(counted, FaultInjected, RecordsLost, TaskStart) == facts(
        with_content, FaultInjected, RecordsLost, TaskStart
    )
    died = [end.records_read for end in counted.trace.of(TaskEnd) if end.reason == "ExecutorLostFailure" and end.blocks]
    assert died
    assert died == [
        end.records_read for end in with_content.trace.of(TaskEnd) if end.reason == "ExecutorLostFailure" and end.blocks
    ]


def test_the_account_has_every_one_of_them() -> None:
    simulated = run(Counted(50))
    assert simulated.delivery.sent == 415
    assert simulated.delivery.count("once") > 300
    assert simulated.delivery.count("lost") == sum(event.count for event in simulated.trace.of(RecordsLost))


def test_the_program_sees_none() -> None:
    simulated = run(Counted(100), word_count)
    assert "(" not in simulated.output[3.0]
    assert simulated.batches[2].records == 100


def test_a_rate_that_does_not_divide() -> None:
    simulated = run(Counted(3, every=0.5), until=10)
    assert sum(batch.records for batch in simulated.batches) == sum(
        event.records for event in simulated.trace.of(BlockAdded) if event.time_ms < 9000
    )
    assert simulated.delivery.sent == 30


def test_a_rate_limit_holds_them_back() -> None:
    simulated = run(Counted(1000), conf={"spark.streaming.receiver.maxRate": 100}, until=12)
    assert 90 <= simulated.batches[8].records <= 110


def test_a_log_and_replicas_hold_them() -> None:
    def logged(ssc: Any) -> None:
        ssc.checkpoint("sim://checkpoint")
        count(ssc)

    conf = {"spark.streaming.receiver.writeAheadLog.enable": True}
    crash = ExecutorCrash("receiver", at=4.02)
    simulated = run(Counted(100), logged, conf=conf, faults=[crash], until=12)
    assert not any("stored" in row.reason for row in simulated.delivery.lost)
    assert all(not batch.failed for batch in simulated.batches)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Counted(0), r"Counted\(rate=0\): give a positive number"),
        (lambda: Counted(10, every=-1), r"Counted\(every=-1\): give a positive number of seconds"),
        (lambda: Acknowledged(Counted(10)), r"Acknowledged\(load="),
    ],
)
def test_what_makes_no_sense(make: Any, message: str) -> None:
    with pytest.raises(IllegalArgumentError, match=message):
        make()

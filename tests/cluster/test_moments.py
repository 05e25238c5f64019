"""When faults strike: at a step of a batch, at a step of a record, or at a seeded rate."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from sparksim.cluster.moments import BATCH_STEPS, RECORD_STEPS
from sparksim.core.errors import IllegalArgumentError
from sparksim.sim import (
    AtBatch,
    AtRate,
    AtRecord,
    Constant,
    DriverCrash,
    ExecutorCrash,
    Run,
    Simulation,
    TaskFailure,
    When,
)
from sparksim.trace.events import (
    BatchCompleted,
    BatchStarted,
    BatchSubmitted,
    BlockAdded,
    BlockGenerated,
    BlocksAllocated,
    CheckpointWritten,
    Event,
    FaultInjected,
    StreamingStarted,
    TaskEnd,
)

SOURCE = "localhost:9999"


def count_lines(ssc: Any) -> None:
    def count(rdd: Any) -> None:
        rdd.count()

    ssc.checkpoint("sim://checkpoint")
    ssc.socketTextStream("localhost", 9999).foreachRDD(count)


@cache
def run(*faults: Any, until: float = 6.5, seed: int = 0, checkpoint: str | None = None) -> Run:
    network = {SOURCE: Constant(10, "a line")}
    return Simulation(count_lines, network=network, faults=faults, seed=seed, checkpoint=checkpoint).run(until)


def struck(simulated: Run) -> list[float]:
    return [event.time_ms for event in simulated.trace.of(FaultInjected)]


def first(simulated: Run, kind: type[Event], **facts: Any) -> float:
    for event in simulated.trace.of(kind):
        if all(getattr(event, name) == value for name, value in facts.items()):
            return event.time_ms
    raise AssertionError(f"no {kind.__name__} with {facts}")


@cache
def at(step: str, delay: float = 0.0) -> float:
    """When a fault at this step of the third batch strikes. It does no harm."""
    (moment,) = struck(run(ExecutorCrash("7", AtBatch(3, step, delay))))
    return moment


def test_the_steps_of_a_batch() -> None:
    undisturbed = run()
    assert at("allocated") == first(undisturbed, BlocksAllocated, batch_time_ms=3000) == 3000
    assert at("submitted") == first(undisturbed, BatchSubmitted, batch_time_ms=3000)
    assert at("started") == first(undisturbed, BatchStarted, batch_time_ms=3000)
    assert at("completed") == first(undisturbed, BatchCompleted, batch_time_ms=3000)
    written = [event.time_ms for event in undisturbed.trace.of(CheckpointWritten) if event.batch_time_ms == 3000]
    assert at("checkpointed") == written[-1]
    assert [at(step) for step in BATCH_STEPS] == sorted(at(step) for step in BATCH_STEPS)
    assert at("started") < at("half processed") < at("processed") < at("checkpointed")


def test_a_delay_comes_on_top() -> None:
    assert at("submitted", 0.25) == at("submitted") + 250


def test_the_steps_of_a_record() -> None:
    undisturbed = run()
    assert struck(run(ExecutorCrash("7", AtRecord(SOURCE, 25)))) == [2500]
    (block,) = (each for each in undisturbed.trace.of(BlockGenerated) if (SOURCE, 25, 26) in each.origins)
    assert struck(run(ExecutorCrash("7", AtRecord(SOURCE, 25, "cut")))) == [block.time_ms]
    known = first(undisturbed, BlockAdded, block_id=block.block_id)
    assert struck(run(ExecutorCrash("7", AtRecord(SOURCE, 25, "stored")))) == [known]
    read = next(each.time_ms for each in undisturbed.trace.of(TaskEnd) if block.block_id in each.blocks)
    assert struck(run(ExecutorCrash("7", AtRecord(SOURCE, 25, "processed", 0.1)))) == [read + 100]


def test_a_record_that_is_never_sent_is_waited_for_in_vain() -> None:
    assert struck(run(ExecutorCrash("7", AtRecord(SOURCE, 10_000)))) == []


def test_any_event_can_be_the_moment() -> None:
    fault = ExecutorCrash("7", When(lambda event: isinstance(event, StreamingStarted), delay=1))
    assert struck(run(fault)) == [first(run(), StreamingStarted) + 1000]


def test_a_rate_is_drawn_from_the_seed() -> None:
    fault = TaskFailure(AtRate(60))
    assert struck(run(fault, until=20)) == struck(run(fault, until=20))
    assert struck(run(fault, until=20)) != struck(run(fault, until=20, seed=1))
    assert 5 < len(struck(run(fault, until=20))) < 40


def test_two_names_have_moments_of_their_own() -> None:
    same = run(ExecutorCrash("7", AtRate(30)), ExecutorCrash("8", AtRate(30)), until=20)
    other = run(ExecutorCrash("7", AtRate(30)), ExecutorCrash("8", AtRate(30, "b")), until=20)
    assert len(set(struck(same))) * 2 == len(struck(same))
    assert len(set(struck(other))) == len(struck(other))


def test_nothing_happens_before_its_time() -> None:
    assert min(struck(run(ExecutorCrash("7", AtRate(60, since=5)), until=20))) > 5000


def test_a_step_comes_once_however_often_the_driver_starts() -> None:
    crash = DriverCrash(AtBatch(3, "processed"), restart_after=1)
    simulated = run(crash, until=12, checkpoint="sim://checkpoint")
    assert len(struck(simulated)) == 1
    assert first(simulated, BatchCompleted, batch_time_ms=3000) > struck(simulated)[0], "the batch ran again"


def test_a_rate_goes_on_for_the_next_driver() -> None:
    simulated = run(DriverCrash(AtRate(20), restart_after=1), until=20, checkpoint="sim://checkpoint")
    alone = struck(run(ExecutorCrash("7", AtRate(20)), until=20))
    assert len(struck(simulated)) > 1
    assert set(struck(simulated)) <= set(alone)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AtBatch(0), r"AtBatch\(batch=0\): batches are counted from 1"),
        (lambda: AtBatch(1, "done"), r"AtBatch\(step='done'\): use one of allocated, submitted"),
        (lambda: AtBatch(1, delay=-1), r"AtBatch\(delay=-1\): give a number of seconds"),
        (lambda: AtRecord(SOURCE, -1), r"AtRecord\(record=-1\): records are counted from 0"),
        (lambda: AtRecord(SOURCE, 1, "lost"), rf"use one of {', '.join(RECORD_STEPS)}"),
        (lambda: AtRate(0), r"AtRate\(per_minute=0\): give a positive number of times"),
        (lambda: AtRate(1, since=None), r"AtRate\(since=None\): give a number of seconds"),
        (lambda: When(print, delay="1"), r"When\(delay='1'\): give a number of seconds"),
    ],
)
def test_moments_that_make_no_sense(make: Any, message: str) -> None:
    with pytest.raises(IllegalArgumentError, match=message):
        make()


def test_a_source_that_is_not_there_sends_no_record() -> None:
    with pytest.raises(IllegalArgumentError, match=r"localhost:1.*localhost:9999"):
        run(ExecutorCrash("7", AtRecord("localhost:1", 3)))

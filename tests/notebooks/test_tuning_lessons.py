"""What lessons 20 and 21 say in words, beside what their cells show."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import pytest

from sparksim.sim import Cluster, Constant, DriverCrash, Replay, Run, Simulation, work
from sparksim.streaming import DStream, StateSpec, StreamingContext

NETWORK = {"localhost:9999": Constant(60, "line")}


def costly(milliseconds: float) -> Callable[[StreamingContext], None]:
    def parse(line: str) -> str:
        work(milliseconds / 1000)
        return line

    def count_lines(ssc: StreamingContext) -> None:
        ssc.socketTextStream("localhost", 9999).map(parse).count().pprint()

    return count_lines


def delays_s(run: Run) -> list[float]:
    return [delay / 1000 for delay in run.batches.where(status="completed").column("scheduling_delay_ms")]


def test_lesson_20_two_blocks_leave_five_of_seven_cores_idle() -> None:
    many, few = (
        Simulation(costly(40), network=NETWORK, block=block, cluster=Cluster(1, 8)).run(until=12)
        for block in (0.15, 0.5)
    )
    assert delays_s(many)[-1] == 0
    assert delays_s(few)[-1] > 1
    assert len({task.core for task in few.tasks if task.blocks}) == 2


@pytest.mark.parametrize("batch", [1.0, 5.0])
def test_lesson_20_a_longer_interval_makes_up_for_overhead_and_not_for_cores(batch: float) -> None:
    run = Simulation(costly(100), network=NETWORK, batch=batch, block=batch / 5, cluster=Cluster(1, 6)).run(12 * batch)
    delays = delays_s(run)
    assert delays[1:] == sorted(delays[1:])
    assert delays[-1] > batch


def test_lesson_20_two_receivers_on_two_cores_process_nothing() -> None:
    def two_receivers(ssc: StreamingContext) -> None:
        ssc.union(*(ssc.socketTextStream("localhost", 9999) for _ in range(2))).count().pprint()

    run = Simulation(two_receivers, network=NETWORK, cluster=Cluster(1, 2)).run(until=8)
    assert len(run.receivers) == 2
    assert set(run.batches.column("status")) == {"processing", "queued"}


@pytest.mark.parametrize("batch", [2, 3, 4, 20])
def test_lesson_21_how_often_states_are_written(batch: int) -> None:
    streams: list[DStream] = []

    def define(ssc: StreamingContext) -> None:
        ssc.checkpoint("sim://checkpoint")
        pairs = ssc.socketTextStream("localhost", 9999).map(lambda word: (word, 1))
        streams.append(pairs.updateStateByKey(lambda new, total: sum(new) + (total or 0)))
        streams.append(pairs.mapWithState(StateSpec.function(lambda word, one, state: state.update(one))))
        for stream in streams:
            stream.count().pprint()

    run = Simulation(define, network={"localhost:9999": Constant(2, "x")}, batch=batch).run(until=11.5 * batch)
    written = [  # a batch that writes states has a job more for it
        [batch_row.batch_time_ms // 1000 for batch_row in run.batches if _jobs(run, batch_row.batch_time_ms, op) > 1]
        for op in (0, 1)
    ]
    assert [times[0] for times in written] == [batch * ceil(10 / batch), 10 * batch]


def _jobs(run: Run, batch_time_ms: int, output_op: int) -> int:
    return len(run.jobs.where(batch_time_ms=batch_time_ms, output_op=output_op))


def test_lesson_21_a_captured_set_is_that_of_the_first_driver() -> None:
    lives: list[str] = []

    def define(ssc: StreamingContext) -> None:
        lives.append("life")
        skip = {"the"}
        words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
        words.filter(lambda word: word not in skip).pprint()

    run = Simulation(
        define,
        network={"localhost:9999": Replay([(9.3, "the cat")])},
        checkpoint="sim://checkpoint",
        faults=[DriverCrash(4.5, restart_after=1)],
    ).run(until=12)
    assert lives == ["life"]
    assert "cat\n" in run.output[10]
    assert "the\n" not in run.output[10]

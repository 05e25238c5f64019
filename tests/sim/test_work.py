"""`work` takes time where it is called, and a crash finds it in the middle."""

from __future__ import annotations

import pytest

from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.sim import Cluster, Constant, CostModel, ExecutorCrash, Run, Simulation, work
from sparksim.streaming.context import StreamingContext

FREE = CostModel()


def half_a_second_per_partition(ssc: StreamingContext) -> None:
    lines = ssc.socketTextStream("source", 9000)
    lines.foreachRDD(lambda rdd: rdd.foreachPartition(lambda records: work(0.5)))


def simulate(*faults: ExecutorCrash) -> Run:
    network = {"source:9000": Constant(5, "x")}
    simulation = Simulation(
        half_a_second_per_partition, network=network, block=0.5, cluster=Cluster(2, 2), cost=FREE, faults=faults
    )
    return simulation.run(4.9)


def test_a_task_takes_the_time_that_it_declares() -> None:
    tasks = [task for task in simulate().tasks if task.batch_time_ms is not None]
    assert {task.duration_ms for task in tasks} == {500.0}


def test_a_crash_strikes_in_the_midst_of_work() -> None:
    run = simulate(ExecutorCrash("other", at=2.2))
    (struck,) = [task for task in run.tasks if task.reason == "ExecutorLostFailure"]
    assert (struck.start_ms, struck.end_ms) == (2000.0, 2200.0)


def test_the_driver_can_work_too() -> None:
    def program(ssc: StreamingContext) -> None:
        ssc.socketTextStream("source", 9000).foreachRDD(lambda rdd: work(0.25))

    run = Simulation(program, network={"source:9000": Constant(5, "x")}, cost=FREE).run(3.5)
    assert [batch.processing_time_ms for batch in run.batches] == [250.0] * 3


def test_a_live_task_really_takes_the_time() -> None:
    with SparkContext("local[1]") as sc:
        before = sc._backend.clock.now_ms
        sc.parallelize([0], 1).foreach(lambda _: work(0.02))
        assert sc._backend.clock.now_ms - before >= 20


@pytest.mark.parametrize("seconds", [-1, "1", None, float("nan")])
def test_what_is_no_time_is_refused(seconds: object) -> None:
    with pytest.raises(IllegalArgumentError, match="give a number of seconds"):
        work(seconds)  # type: ignore[arg-type]


def test_without_a_context_there_is_no_time() -> None:
    with pytest.raises(IllegalStateError, match="there is none"):
        work(1)

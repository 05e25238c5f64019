"""Where the prices are charged that a fit to real Spark needs: each alone, in a run of round numbers."""

from __future__ import annotations

from typing import Any

import pytest

from sparksim.sim import Cluster, Constant, CostModel, ExecutorCrash, Replay, Run, Simulation
from sparksim.streaming.context import StreamingContext


def count(ssc: StreamingContext) -> None:
    ssc.socketTextStream("source", 9000).foreachRDD(lambda rdd: rdd.count())


def count_by_key(ssc: StreamingContext) -> None:
    pairs = ssc.socketTextStream("source", 9000).map(lambda line: (line, 1))
    pairs.reduceByKey(lambda a, b: a + b, 2).foreachRDD(lambda rdd: rdd.collect())


def simulate(program: Any, cores: int = 6, conf: dict[str, Any] | None = None, **prices: float) -> Run:
    cost = CostModel(**prices)
    network = {"source:9000": Constant(20, "x")}
    return Simulation(program, network=network, cluster=Cluster(1, cores), cost=cost, conf=conf).run(3.9)


def tasks_of_batches(run: Run) -> list[float | None]:
    return [task.duration_ms for task in run.tasks if task.batch_time_ms == 2000]


@pytest.mark.parametrize("price", ["output_op_ms", "output_op_end_ms", "job_start_ms", "job_end_ms", "stage_ms"])
def test_a_batch_takes_longer_by(price: str) -> None:
    batches = simulate(count, **{price: 70}).batches
    assert [batch.processing_time_ms for batch in batches] == [70.0] * 3


def test_an_output_operation_waits_to_be_dispatched() -> None:
    assert [batch.scheduling_delay_ms for batch in simulate(count, dispatch_ms=30).batches] == [30.0] * 3


def test_the_first_job_of_a_batch_pays_once() -> None:
    assert [batch.processing_time_ms for batch in simulate(count, first_job_ms=90).batches] == [90.0, 0.0, 0.0]


def test_tasks_of_the_first_and_of_later_waves() -> None:
    run = simulate(count, cores=4, first_wave_ms=20, later_wave_ms=50)
    assert tasks_of_batches(run) == [20.0, 20.0, 20.0, 50.0, 50.0]


def test_tasks_that_write_and_that_read_a_shuffle() -> None:
    run = simulate(count_by_key, map_ms=40, reduce_ms=60)
    assert tasks_of_batches(run) == [40.0] * 5 + [60.0] * 2


def test_a_new_executor_takes_its_time_to_start() -> None:
    cost = CostModel(executor_start_ms=1500)
    faults = [ExecutorCrash("1", at=1, restart_after=0.5)]
    run = Simulation(count, network={"source:9000": Constant(20, "x")}, faults=faults, cost=cost).run(5)
    assert run.executors[-1].added_ms == 3000.0


def test_executors_can_share_a_host() -> None:
    conf = {"spark.sparksim.hosts": 2}
    run = Simulation(count, network={"source:9000": Constant(20, "x")}, conf=conf, cost="free").run(1)
    assert [executor.host for executor in run.executors] == ["host-1", "host-2", "host-1"]


def test_the_dummy_job_can_be_left_out() -> None:
    with_it, without = (
        len([job for job in simulate(count, conf=conf).jobs if job.batch_time_ms is None])
        for conf in ({}, {"spark.sparksim.dummyJob": False})
    )
    assert (with_it, without) == (2, 1)  # the other one is the receiver's


def test_overheads_share_the_cores_of_one_machine() -> None:
    run = simulate(count, machine_cores=2, task_ms=20)
    assert tasks_of_batches(run) == [50.0] * 5  # five at once


def test_whoever_comes_later_takes_from_those_who_are_there() -> None:
    run = simulate(count, cores=3, conf=NO_DUMMY_JOB, machine_cores=1, task_ms=20, later_wave_ms=10)
    assert tasks_of_batches(run) == [40.0, 40.0, 60.0, 60.0, 30.0]


NO_DUMMY_JOB = {"spark.sparksim.dummyJob": False}


def windowed(ssc: StreamingContext) -> None:
    pairs = ssc.socketTextStream("source", 9000).map(lambda line: (line, 1))
    pairs.reduceByKeyAndWindow(lambda a, b: a + b, None, 2, 1, 2).foreachRDD(lambda rdd: rdd.collect())


def joined(ssc: StreamingContext) -> None:
    pairs = ssc.socketTextStream("source", 9000).map(lambda line: (line, 1))
    pairs.join(pairs, 2).foreachRDD(lambda rdd: rdd.collect())


def test_what_is_cached_between_functions_has_a_worker_of_its_own() -> None:
    assert tasks_of_batches(simulate(windowed, worker_ms=40)) == [0.0] * 5 + [40.0] * 2


def test_each_parent_of_a_union_has_a_worker_of_its_own() -> None:
    assert tasks_of_batches(simulate(joined, worker_ms=40)) == [40.0] * 10 + [0.0] * 2


def test_a_task_that_dies_leaves_the_cores_to_the_others() -> None:
    def busy(crash: bool) -> list[float]:
        faults = [ExecutorCrash("2", at=2.05)] if crash else []
        network = {"source:9000": Replay([(number / 10, "x") for number in range(1, 20)])}
        cost, cluster = CostModel(machine_cores=1, task_ms=100), Cluster(2, 4)
        simulation = Simulation(
            count,
            network=network,
            cluster=cluster,
            cost=cost,
            faults=faults,
            conf=NO_DUMMY_JOB | {"spark.locality.wait": 0},
        )
        tasks = [task for task in simulation.run(2.9).tasks if task.batch_time_ms == 2000]
        return sorted(task.duration_ms for task in tasks if task.duration_ms is not None)

    assert busy(crash=False) == [500.0] * 5
    assert busy(crash=True) == [50.0, 50.0, 200.0, 200.0, 320.0, 320.0, 320.0]

"""What recordings of real Spark have taught about the engine, each in a small program."""

from __future__ import annotations

from collections.abc import Callable

from sparksim.cluster.faults import ExecutorCrash
from sparksim.core.conf import SparkConf
from sparksim.core.storage_level import StorageLevel
from sparksim.fidelity.recording import Recording
from sparksim.fidelity.scenario import simulate
from sparksim.sim import Cluster, Constant, CostModel, Simulation
from sparksim.streaming.context import StreamingContext
from sparksim.streaming.rate_limiter import RateLimiter
from sparksim.trace.events import JobGenerationFailed

Read = Callable[[str], Recording]


def test_the_first_windows_of_a_receiver_find_their_blocks() -> None:
    def program(ssc: StreamingContext) -> None:
        ssc.socketTextStream("source", 9000).window(3, 1).foreachRDD(lambda rdd: rdd.foreach(lambda line: None))

    run = Simulation(program, network={"source:9000": Constant(10, "x")}, cost="free").run(8)
    assert [event for event in run.trace if isinstance(event, JobGenerationFailed)] == []
    assert [batch.batch_time_ms for batch in run.batches] == list(range(1000, 9000, 1000))


def test_a_reduced_window_shuffles_each_batch_once(recorded: Read) -> None:
    run = simulate(recorded("G01"), CostModel())
    batch_jobs = {job.job_id for job in run.jobs if job.batch_time_ms == 20_000}
    assert [stage.tasks for stage in run.stages if stage.job_id in batch_jobs] == [4, 3]


def test_an_executor_does_not_send_replicas_to_a_newcomer_at_once() -> None:
    def program(ssc: StreamingContext) -> None:
        ssc.socketTextStream("source", 9000, StorageLevel.MEMORY_AND_DISK_2).foreachRDD(lambda rdd: rdd.count())

    faults = [ExecutorCrash("receiver", at=5, restart_after=1)]
    cluster = Cluster(3, 2)
    simulation = Simulation(
        program, network={"source:9000": Constant(10, "x")}, faults=faults, cluster=cluster, cost="free"
    )
    late = [block for block in simulation.run(60).blocks if (block.generated_ms or 0) > 10_000]
    assert late
    assert not any("4" in block.holders for block in late)


def test_a_limit_that_comes_to_an_unlimited_receiver_begins_with_a_burst() -> None:
    limiter = RateLimiter(SparkConf(loadDefaults=False))
    assert limiter.acquire(0.0) == 0
    limiter.update_rate(100, now_ms=5000.0)
    waits = [limiter.acquire(5000.0) for _ in range(102)]
    assert waits[:101] == [0.0] * 101
    assert waits[101] == 10.0


def test_tasks_wait_once_until_their_executor_is_warm() -> None:
    def program(ssc: StreamingContext) -> None:
        ssc.socketTextStream("source", 9000).foreachRDD(lambda rdd: rdd.count())

    cost = CostModel(warm_up_ms=300, task_ms=10)
    simulation = Simulation(program, network={"source:9000": Constant(20, "x")}, cluster=Cluster(1, 4), cost=cost)
    durations = [task.duration_ms for task in simulation.run(3.9).tasks if task.batch_time_ms is not None]
    assert durations[:3] == [310.0] * 3
    assert set(durations[5:]) == {10.0}

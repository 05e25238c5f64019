"""Delay scheduling at work: tasks, cores, the wait, and the timer that offers cores again."""

import pytest

from sparksim.cluster.cost import CostModel
from sparksim.core.rdd import RDD
from sparksim.trace.events import TaskStart
from tests.cluster.stories import backend, cluster, crash, executor_of, join, of, placed, sleep, spawn

TEN_SECONDS_A_RECORD = CostModel(record_ms=10_000)


class PlacedRDD(RDD):
    """One record per partition, each with the location it prefers (or None)."""

    def __init__(self, sc, *places):
        super().__init__(sc)
        self.places = places

    def getNumPartitions(self):
        return len(self.places)

    def preferred_locations(self, index):
        return (self.places[index],) if self.places[index] else ()

    def compute(self, index, task):
        return task.services.meter([index], "input")


def starts(sc):
    return [(event.time_ms, event.index, event.executor_id, event.locality) for event in of(sc, TaskStart)]


def test_a_task_runs_where_its_data_is():
    with cluster("sim[3,1]", cost=TEN_SECONDS_A_RECORD) as sc:
        PlacedRDD(sc, "host-3", "executor_host-1_1", None).count()
        assert sorted(starts(sc)) == [
            (0, 0, "3", "NODE_LOCAL"),
            (0, 1, "1", "PROCESS_LOCAL"),
            (0, 2, "2", "PROCESS_LOCAL"),
        ]


@pytest.mark.parametrize(
    ("wait", "start_ms"),
    [("3s", 3000), ("2500ms", 3000), ("1", 1000), ("0", 0), ("0s", 0)],
)
def test_a_task_waits_for_its_host_and_is_looked_at_again_every_second(wait, start_ms):
    with cluster("sim[2,1]", cost=TEN_SECONDS_A_RECORD, conf={"spark.locality.wait": wait}) as sc:
        PlacedRDD(sc, "host-1", "host-1").count()
        assert [start[0] for start in starts(sc)] == [0, start_ms]
        assert {start[2] for start in starts(sc)} == {"1", "2"}


def test_the_wait_is_three_seconds_by_default_and_may_differ_by_level():
    with cluster("sim[2,1]", cost=TEN_SECONDS_A_RECORD) as sc:
        PlacedRDD(sc, "host-1", "host-1").count()
        assert starts(sc)[1] == (3000, 1, "2", "ANY")
    waits = {"spark.locality.wait.process": "0", "spark.locality.wait.node": "1s"}
    with cluster("sim[2,1]", cost=TEN_SECONDS_A_RECORD, conf=waits) as sc:
        PlacedRDD(sc, *["executor_host-1_1"] * 2).count()
        assert starts(sc)[1] == (1000, 1, "2", "ANY")


def test_the_timer_that_offers_again_may_be_faster():
    conf = {"spark.locality.wait": "2500ms", "spark.scheduler.revive.interval": "100ms"}
    with cluster("sim[2,1]", cost=TEN_SECONDS_A_RECORD, conf=conf) as sc:
        PlacedRDD(sc, "host-1", "host-1").count()
        assert starts(sc)[1] == (2500, 1, "2", "ANY")


def test_the_timer_ticks_at_full_seconds_of_the_application():
    with cluster("sim[2,1]", cost=TEN_SECONDS_A_RECORD) as sc:
        sleep(sc, 250)
        PlacedRDD(sc, "host-1", "host-1").count()
        assert starts(sc)[1] == (4000, 1, "2", "ANY")


def test_a_core_that_frees_itself_in_time_ends_the_wait():
    with cluster("sim[2,1]", cost=CostModel(record_ms=1700)) as sc:
        PlacedRDD(sc, "host-1", "host-1").count()
        assert starts(sc) == [(0, 0, "1", "NODE_LOCAL"), (1700, 1, "1", "NODE_LOCAL")]


def test_tasks_without_preference_wait_for_nobody():
    with cluster("sim[2,1]", cost=TEN_SECONDS_A_RECORD) as sc:
        PlacedRDD(sc, "host-1", None).count()
        assert [start[0] for start in starts(sc)] == [0, 0]


@pytest.mark.parametrize("seed", range(4))
def test_a_success_offers_its_own_executor_only(seed):
    """At 2.6 s the earlier job frees executor X. The waiting task takes that core, not the other that idles."""
    conf = {"spark.locality.wait": "2500ms"}
    with cluster("sim[3,1]", cost=CostModel(record_ms=2600), seed=seed, conf=conf) as sc:
        first = spawn(sc, PlacedRDD(sc, "host-3").count)
        sleep(sc, 10)
        second = spawn(sc, PlacedRDD(sc, "host-1", "host-1").count)
        sleep(sc, 5)
        assert placed(sc) == [(0, "3"), (0, "1")]
        join(sc, first, second)
        assert starts(sc)[2] == (2600, 1, "3", "ANY")


def test_a_cached_partition_draws_its_task():
    with cluster("sim[3,1]", cost=TEN_SECONDS_A_RECORD) as sc:
        rdd = sc.parallelize(range(3), 3).cache()
        rdd.count()
        first = dict(placed(sc))
        rdd.count()
        again = of(sc, TaskStart)[3:]
        assert {start.index: start.executor_id for start in again} == first
        assert {start.locality for start in again} == {"PROCESS_LOCAL"}


def test_a_reduce_task_goes_where_its_input_lies():
    with cluster("sim[3,1]") as sc:
        sc.parallelize([(1, "x" * 100)] * 5, 1).groupByKey(1).count()
        (_, mapper), (_, reducer) = placed(sc)
        assert reducer == mapper
        assert [start.locality for start in of(sc, TaskStart)] == ["PROCESS_LOCAL", "NODE_LOCAL"]


def test_tasks_stop_waiting_for_a_host_that_is_gone():
    with cluster("sim[2,1]", cost=TEN_SECONDS_A_RECORD) as sc:
        job = spawn(sc, PlacedRDD(sc, "host-1", "host-1").count)
        sleep(sc, 500)
        crash(sc, "1")
        join(sc, job)
        assert starts(sc)[1][0] == 500, "not at 3000"


def test_in_local_mode_nobody_waits_for_a_host():
    with cluster("local[2]") as sc:
        assert PlacedRDD(sc, "elsewhere", "elsewhere").count() == 2
        assert {start.locality for start in of(sc, TaskStart)} == {"ANY"}
        rdd = sc.parallelize([1], 1).cache()
        rdd.count()
        rdd.count()
        assert of(sc, TaskStart)[-1].locality == "PROCESS_LOCAL"
        assert executor_of(sc, 0) == "driver"
        assert backend(sc).executors[0].host == "localhost"

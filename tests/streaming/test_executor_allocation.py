"""Executors that come and go on request: what the cluster does, and when a streaming application asks."""

import random

import pytest

from sparksim.cluster.cost import CostModel
from sparksim.cluster.executor import Executor
from sparksim.cluster.faults import ExecutorCrash
from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.core.conf import SparkConf
from sparksim.core.errors import IllegalArgumentError
from sparksim.streaming.executor_allocation import (
    ExecutorAllocationManager,
    create_if_enabled,
    is_dynamic_allocation_enabled,
)
from sparksim.streaming.listener import BatchInfo, OutputOperationInfo, Told
from sparksim.trace.checks import check_trace
from sparksim.trace.events import (
    BatchCompleted,
    BatchStarted,
    BlockLost,
    ExecutorAdded,
    ExecutorRemoved,
    FaultInjected,
    TaskEnd,
    TaskStart,
)
from tests.cluster.stories import RECORD_1_MS, backend, cluster, crash, join, now_ms, of, outcomes, sleep, spawn
from tests.streaming.fakes import Scripted, at, every

DYNAMIC = "spark.streaming.dynamicAllocation."


def request(sc, total):
    return backend(sc).clock.call(backend(sc).request_total_executors, total)


def kill(sc, executor_id, *, force=False):
    return backend(sc).clock.call(lambda: backend(sc).kill_executor(executor_id, force=force))


def ids(sc):
    return [executor.executor_id for executor in backend(sc).executors]


# --- the cluster: more executors -------------------------------------------------------------------------------------


def test_requested_executors_register_on_new_hosts_and_take_waiting_tasks():
    with cluster("sim[1,1]") as sc:
        job = spawn(sc, sc.parallelize(range(30), 3).count)
        sleep(sc, 5)
        assert request(sc, 3)
        assert join(sc, job) == [30]
        added = [(event.time_ms, event.executor_id, event.host, event.cores) for event in of(sc, ExecutorAdded)]
        assert added == [(0, "1", "host-1", 1), (5, "2", "host-2", 1), (5, "3", "host-3", 1)]
        starts = [(start.time_ms, start.executor_id) for start in of(sc, TaskStart)]
        assert sorted(starts) == [(0, "1"), (5, "2"), (5, "3")]
        assert now_ms(sc) == 15
        assert check_trace(backend(sc).trace) == []


def test_asking_for_fewer_kills_none():
    with cluster("sim[3,1]") as sc:
        assert request(sc, 1)
        assert ids(sc) == ["1", "2", "3"]


def test_asking_for_a_negative_number():
    with cluster("sim[1,1]") as sc, pytest.raises(IllegalArgumentError, match=r"request_total_executors\(-1\)"):
        request(sc, -1)


def test_a_local_master_has_its_one_executor():
    with cluster("local[2]") as sc:
        assert not request(sc, 4)
        assert not kill(sc, "driver", force=True)
        assert ids(sc) == ["driver"]


def test_a_replacement_that_is_on_its_way_counts_as_requested():
    crashes = [ExecutorCrash(2, at=0.01, restart_after=0.1)]
    with cluster("sim[2,1]", faults=crashes) as sc:
        sleep(sc, 50)
        request(sc, 3)
        assert ids(sc) == ["1", "3"]
        sleep(sc, 100)
        assert ids(sc) == ["1", "3", "4"]
        assert of(sc, ExecutorAdded)[-1].host == "host-2"


def test_a_replacement_that_is_too_many_does_not_come():
    with cluster("sim[3,1]") as sc:
        crash(sc, "3", restart_after_ms=100)
        sleep(sc, 50)
        request(sc, 2)
        sleep(sc, 200)
        assert ids(sc) == ["1", "2"]


# --- the cluster: fewer executors ------------------------------------------------------------------------------------


def test_a_killed_executor_goes_with_its_blocks_and_is_no_fault():
    with cluster("sim[2,1]") as sc:
        cached = sc.parallelize(range(20), 2).cache()
        cached.count()
        assert kill(sc, "2")
        [removed] = of(sc, ExecutorRemoved)
        assert (removed.time_ms, removed.executor_id) == (now_ms(sc), "2")
        assert removed.reason == "the driver had executor 2 on host-2 killed"
        assert [event.executor_id for event in of(sc, BlockLost)] == ["2"]
        assert of(sc, FaultInjected) == []
        assert cached.count() == 20
        assert {start.executor_id for start in of(sc, TaskStart)[2:]} == {"1"}
        assert check_trace(backend(sc).trace) == []


def test_a_busy_executor_is_spared():
    with cluster("sim[2,1]") as sc:
        job = spawn(sc, sc.parallelize(range(20), 2).count)
        sleep(sc, 5)
        assert not kill(sc, "2")
        assert join(sc, job) == [20]
        assert ids(sc) == ["1", "2"]
        assert kill(sc, "2")


def test_tasks_on_an_executor_that_is_killed_by_force_run_again_and_have_not_failed():
    with cluster("sim[2,1]", conf={"spark.task.maxFailures": "1"}) as sc:
        job = spawn(sc, sc.parallelize(range(20), 2).count)
        sleep(sc, 5)
        assert kill(sc, "2", force=True)
        assert join(sc, job) == [20]
        assert [reason for _, _, reason in outcomes(sc)] == ["ExecutorLostFailure", "Success", "Success"]
        assert check_trace(backend(sc).trace) == []


def test_nobody_kills_an_executor_that_is_not_there():
    with cluster("sim[2,1]") as sc:
        assert kill(sc, "2")
        assert not kill(sc, "2")
        assert not kill(sc, "7")


def test_a_dead_executor_may_be_killed_before_the_driver_hears_of_its_death():
    with cluster("sim[2,1]", cost=RECORD_1_MS.with_(detect_loss_ms=100)) as sc:
        crash(sc, "2", restart_after_ms=0)
        sleep(sc, 50)
        assert kill(sc, "2")
        sleep(sc, 500)
        assert [(event.time_ms, event.executor_id) for event in of(sc, ExecutorRemoved)] == [(50, "2")]
        assert ids(sc) == ["1"]


class Lodger:
    """Lives in an executor's process and counts how often it died."""

    deaths = 0

    def executor_died(self, reason):
        self.deaths += 1


def test_what_lived_in_a_dead_executor_does_not_die_again():
    with cluster("sim[2,1]", cost=RECORD_1_MS.with_(detect_loss_ms=100)) as sc:
        lodger = Lodger()
        backend(sc).executors[1].residents.append(lodger)
        crash(sc, "2")
        assert kill(sc, "2")
        sleep(sc, 500)
        assert lodger.deaths == 1


def test_a_killed_executor_stays_away_and_a_crashed_one_is_replaced():
    with cluster("sim[3,1]") as sc:
        crash(sc, "3", restart_after_ms=100)
        sleep(sc, 50)
        assert kill(sc, "2")
        sleep(sc, 500)
        assert ids(sc) == ["1", "4"]


# --- when a streaming application asks -------------------------------------------------------------------------------


class Asked:
    """A cluster that notes what is asked of it."""

    def __init__(self, executors):
        self.executors = [Executor(str(number), f"host-{number}", 1) for number in range(1, executors + 1)]
        self.notes = []

    def request_total_executors(self, total):
        self.notes.append(total)
        return True

    def kill_executor(self, executor_id):
        self.notes.append(f"kill {executor_id}")
        return True


def settings(**values):
    return SparkConf(loadDefaults=False).setAll([(DYNAMIC + key, value) for key, value in values.items()])


def manager(client, *, receivers=0, on=(), clock=None, **values):
    rng = random.Random(0)
    return ExecutorAllocationManager(
        client, clock or VirtualClock(), rng, settings(**values), 1000, receivers, lambda: list(on)
    )


def batch(delay_ms, failure=None):
    """What a listener hears of a batch that took so long."""
    operations = {0: OutputOperationInfo(0, 0, "output", 0, delay_ms, failure)}
    return Told("batchInfo", BatchInfo(0, {}, 0, 0, delay_ms, operations))


def one_round(*delays_ms, executors=4, **values):
    asked = Asked(executors)
    managed = manager(asked, **values)
    for delay_ms in delays_ms:
        managed.onBatchCompleted(batch(delay_ms))
    managed.manage()
    return asked.notes


@pytest.mark.parametrize(
    ("delays_ms", "values", "notes"),
    [
        ([], {}, []),
        ([899], {}, []),
        ([900], {}, [5]),
        ([1499], {}, [5]),
        ([1500], {}, [6]),  # 1.5 rounds to 2
        ([2500], {}, [7]),  # 2.5 rounds up, to 3
        ([600, 1201], {}, [5]),  # the average, in whole ms: 900
        ([600, 1199], {}, []),
        ([3000], {"maxExecutors": "5"}, [5]),
        ([900], {"minExecutors": "9"}, [9]),
        ([900], {"maxExecutors": "2"}, [2]),
        ([500], {"scalingUpRatio": "0.5"}, [5]),
        ([301], {}, []),
        ([500], {"scalingDownRatio": "0.5", "minExecutors": "4"}, []),
    ],
)
def test_what_a_round_asks_for(delays_ms, values, notes):
    assert one_round(*delays_ms, **values) == notes


def test_a_round_without_hurry_kills_one_executor():
    [note] = one_round(300)
    assert note in {f"kill {number}" for number in range(1, 5)}


@pytest.mark.parametrize(
    ("receivers", "on", "values", "notes"),
    [
        (3, ["1", "2", "4"], {}, ["kill 3"]),
        (4, ["1", "2", "3", "4"], {"minExecutors": "1"}, []),
        (2, ["1", "1"], {"minExecutors": "4"}, []),
        (4, ["1"], {}, []),  # without a setting, as many as there are receivers stay
    ],
)
def test_executors_with_receivers_and_the_minimum_stay(receivers, on, values, notes):
    assert one_round(0, receivers=receivers, on=on, **values) == notes


def test_batches_that_failed_do_not_count():
    asked = Asked(2)
    managed = manager(asked)
    managed.onBatchCompleted(batch(5000, failure="it broke"))
    managed.manage()
    assert asked.notes == []


def test_each_round_looks_at_the_batches_since_the_last():
    clock, asked = VirtualClock(), Asked(2)
    managed = manager(asked, clock=clock, scalingInterval="10s", minExecutors="2")
    clock.run_until(3_000)
    clock.call(managed.start)
    managed.onBatchCompleted(batch(1000))
    clock.run_until(9_999)
    assert asked.notes == []
    clock.run_until(10_000)
    assert asked.notes == [3]
    clock.run_until(20_000)
    assert asked.notes == [3], "no batch since"
    managed.onBatchCompleted(batch(2000))
    clock.call(managed.stop)
    clock.run_until(60_000)
    assert asked.notes == [3]


def test_a_round_asks_for_at_least_one():
    with pytest.raises(IllegalArgumentError, match=r"request_executors\(0\)"):
        manager(Asked(1)).request_executors(0)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"scalingInterval": "0s"}, "scalingInterval=0s: it must be at least one second"),
        ({"scalingInterval": "500ms"}, "scalingInterval=500ms: it must be at least one second"),
        ({"scalingUpRatio": "0"}, "scalingUpRatio=0: it must be more than 0"),
        ({"scalingUpRatio": "nan"}, "scalingUpRatio=nan: it must be more than 0"),
        ({"scalingDownRatio": "-0.1"}, "scalingDownRatio=-0.1: it must be more than 0"),
        ({"minExecutors": "0"}, "minExecutors=0: it must be more than 0"),
        ({"maxExecutors": "0"}, "maxExecutors=0: it must be more than 0"),
        ({"scalingUpRatio": "0.3"}, "scalingUpRatio=0.3: it must be more than .*scalingDownRatio, which is 0.3"),
        ({"scalingDownRatio": "0.9"}, "scalingUpRatio=.its default.: it must be more than .*, which is 0.9"),
        ({"minExecutors": "3", "maxExecutors": "2"}, "maxExecutors=2: it must be at least .*, which is 3"),
    ],
)
def test_settings_that_make_no_sense(values, complaint):
    with pytest.raises(IllegalArgumentError, match=f"{DYNAMIC}{complaint}"):
        manager(Asked(1), **values)


def test_a_maximum_below_the_receivers_is_refused_only_beside_a_minimum():
    assert one_round(1000, executors=2, receivers=3, maxExecutors="2") == [3]


@pytest.mark.parametrize(
    ("values", "local", "enabled"),
    [
        ({}, False, False),
        ({"streaming": "true"}, False, True),
        ({"streaming": "true"}, True, False),
        ({"streaming": "true", "streaming.testing": "true"}, True, True),
        ({"streaming": "true", "instances": "0"}, False, True),
        ({"instances": "3"}, False, False),
        ({"core": "true"}, False, False),
        ({"streaming": "true", "core": "true"}, True, False),
        ({"streaming": "true", "instances": "3"}, True, "spark.executor.instances=3"),
        ({"streaming": "true", "core": "true"}, False, "spark.dynamicAllocation.enabled=true"),
        ({"streaming": "true", "core": "true", "core.testing": "true"}, True, "spark.dynamicAllocation.enabled=true"),
    ],
)
def test_when_it_is_enabled(values, local, enabled):
    keys = {
        "streaming": f"{DYNAMIC}enabled",
        "streaming.testing": f"{DYNAMIC}testing",
        "instances": "spark.executor.instances",
        "core": "spark.dynamicAllocation.enabled",
        "core.testing": "spark.dynamicAllocation.testing",
    }
    conf = SparkConf(loadDefaults=False).setAll([(keys[name], value) for name, value in values.items()])
    if isinstance(enabled, bool):
        assert is_dynamic_allocation_enabled(conf, local) is enabled
        return
    with pytest.raises(IllegalArgumentError, match=enabled):
        is_dynamic_allocation_enabled(conf, local)


@pytest.mark.parametrize("conf", [{}, {f"{DYNAMIC}enabled": "true", f"{DYNAMIC}testing": "true"}])
def test_a_local_master_never_has_a_manager(conf):
    with cluster("local[2]", conf=conf) as sc:
        assert create_if_enabled(backend(sc), 1000, 0, list) is None


# --- from end to end -------------------------------------------------------------------------------------------------


def count_all(rdd):
    rdd.count()


def managed_app(app, receivers, *, master, cost, **values):
    """A running application with a manager that decides every 5 s. Tasks run anywhere: new executors hold no blocks."""
    conf = {DYNAMIC + key: value for key, value in {"enabled": "true", "scalingInterval": "5s", **values}.items()}
    conf["spark.locality.wait"] = "0s"
    made = app(master, 1, settings=conf, cost=cost)
    streams = [made.ssc.receiverStream(receiver) for receiver in receivers]
    made.ssc.union(*streams).foreachRDD(count_all)
    made.ssc.start()
    return made


def test_slow_batches_bring_executors_until_batches_are_quick_enough(app):
    """20 records a second in five blocks, 80 ms a record: 1.6 s of work a second, on one free core at first."""
    made = managed_app(app, [Scripted(every(0.05))], master="sim[2,1]", cost=CostModel(record_ms=80))
    made.run(until_s=40)
    added = [(event.time_ms, event.executor_id) for event in made.of(ExecutorAdded)]
    assert added == [(0, "1"), (0, "2"), (5000, "3"), (10000, "4")]
    started = {event.batch_time_ms: event.time_ms for event in made.of(BatchStarted)}
    took_ms = [event.time_ms - started[event.batch_time_ms] for event in made.of(BatchCompleted)]
    assert min(took_ms[1:5]) > 900
    assert sum(took_ms[-10:]) / 10 < 900
    made.ssc.stop()
    assert check_trace(made.trace) == []


def test_quick_batches_send_executors_home_but_not_the_receivers(app):
    made = managed_app(
        app,
        [Scripted(at((0.1, "a"), (7.1, "b"))), Scripted(every(0.2))],
        master="sim[5,2]",
        cost=CostModel(record_ms=1),
        minExecutors="1",
    )
    made.run(until_s=40)
    receivers = {start.executor_id for start in made.of(TaskStart) if start.kind == "Receiver"}
    assert len(receivers) == 2
    removed = {event.executor_id for event in made.of(ExecutorRemoved)}
    assert removed == {"1", "2", "3", "4", "5"} - receivers
    assert [event.time_ms for event in made.of(ExecutorRemoved)] == [5000, 10000, 15000]
    assert {end.reason for end in made.of(TaskEnd)} == {"Success"}
    made.ssc.stop()
    assert check_trace(made.trace) == []

"""An executor dies: what is lost with it, what is done again, and where."""

import pytest

from sparksim.cluster.cost import CostModel
from sparksim.cluster.faults import ExecutorCrash
from sparksim.cluster.shuffle import MapOutputTracker
from sparksim.core.errors import FetchFailed, SparkException, SparkJobError
from sparksim.core.storage_level import StorageLevel
from sparksim.trace.checks import check_trace
from sparksim.trace.events import (
    BlockLost,
    BlockRemoved,
    ExecutorAdded,
    ExecutorRemoved,
    FaultInjected,
    StageCompleted,
    StageSubmitted,
    TaskEnd,
    TaskStart,
)
from tests.cluster import diary
from tests.cluster.stories import (
    RECORD_1_MS,
    backend,
    cluster,
    crash,
    executor_of,
    join,
    now_ms,
    of,
    outcomes,
    placed,
    sleep,
    spawn,
)

LATE_NEWS = RECORD_1_MS.with_(detect_loss_ms=10)
"""1 ms a record; the driver hears of a death 10 ms after it."""


def add(left, right):
    return left + right


def crashes_at(ms, *executors, **more):
    return [ExecutorCrash(executor, at=ms / 1000, **more) for executor in executors]


# --- running tasks ---------------------------------------------------------------------------------------------------


def test_a_task_on_a_lost_executor_runs_again_elsewhere():
    with cluster("sim[2,1]", cost=LATE_NEWS, faults=crashes_at(4, 1)) as sc:
        assert sc.parallelize(range(20), 2).collect() == list(range(20))
        [lost] = [end for end in of(sc, TaskEnd) if end.reason == "ExecutorLostFailure"]
        assert (lost.time_ms, lost.executor_id, lost.records_read) == (14, "1", 3)
        retry = next(start for start in of(sc, TaskStart) if start.attempt == 1)
        assert (retry.index, retry.executor_id, retry.time_ms) == (lost.index, "2", 14)
        assert [event.time_ms for event in of(sc, ExecutorRemoved)] == [14]
        assert check_trace(backend(sc).trace) == []


def test_the_crash_strikes_at_the_record():
    """Records are done at 1, 2, 3... ms. At 4 ms the crash comes first, so three are written; then all again."""
    with cluster("sim[1,1]", cost=LATE_NEWS, faults=crashes_at(4, 1, restart_after=0)) as sc:
        sc.parallelize(range(10), 1).foreachPartition(diary.write_each)
    cut_short, complete = [(0, record) for record in range(3)], [(1, record) for record in range(10)]
    assert list(diary.WRITTEN) == cut_short + complete


@pytest.mark.parametrize(("crash_ms", "written"), [(0, 0), (0.5, 0), (1, 0), (1.5, 1), (7.25, 7), (9.999, 9), (10, 9)])
def test_exactly_the_records_before_the_crash_are_done(crash_ms, written):
    with cluster("sim[1,1]", cost=LATE_NEWS, faults=crashes_at(crash_ms, 1, restart_after=0)) as sc:
        sc.parallelize(range(10), 1).foreachPartition(diary.write_each)
        [lost] = [end for end in of(sc, TaskEnd) if end.reason == "ExecutorLostFailure"]
        assert lost.records_read == written
    assert [record for attempt, record in diary.WRITTEN if attempt == 0] == list(range(written))
    assert [record for attempt, record in diary.WRITTEN if attempt == 1] == list(range(10))


def test_a_crash_after_the_task_changes_nothing():
    with cluster("sim[1,1]", cost=LATE_NEWS, faults=crashes_at(10.001, 1)) as sc:
        sc.parallelize(range(10), 1).foreachPartition(diary.write_each)
        sleep(sc, 100)
        assert outcomes(sc) == [(0, 0, "Success")]
    assert len(diary.WRITTEN) == 10


def test_a_task_that_dies_before_its_first_record_has_read_none():
    with cluster("sim[1,1]", cost=CostModel(task_ms=20, record_ms=1), faults=crashes_at(5, 1, restart_after=0)) as sc:
        sc.parallelize(range(3), 1).count()
        assert [(end.reason, end.records_read) for end in of(sc, TaskEnd)] == [
            ("ExecutorLostFailure", 0),
            ("Success", 3),
        ]


def test_tasks_launched_before_the_driver_heard_of_the_death_are_lost_too():
    with cluster("sim[1,1]", cost=LATE_NEWS, faults=crashes_at(1, 1, restart_after=0)) as sc:
        sleep(sc, 5)
        assert sc.parallelize(range(3), 1).count() == 3
        assert [(event.time_ms, event.executor_id) for event in of(sc, TaskStart)] == [(5, "1"), (11, "2")]
        assert outcomes(sc) == [(0, 0, "ExecutorLostFailure"), (0, 1, "Success")]


def test_lost_executors_count_as_failures_of_the_task():
    crashes = [ExecutorCrash(number, at=(number * 20 - 15) / 1000, restart_after=0) for number in (1, 2, 3, 4)]
    with cluster("sim[1,1]", cost=LATE_NEWS, faults=crashes) as sc:
        with pytest.raises(SparkJobError) as error:
            sc.parallelize(range(100), 1).count()
        assert outcomes(sc) == [(0, attempt, "ExecutorLostFailure") for attempt in range(4)]
        assert "Task 0 in stage 0.0 failed 4 times" in str(error.value)
        assert "ExecutorLostFailure (executor 4 exited): " in str(error.value)


def test_accumulators_forget_the_task_that_died():
    with cluster("sim[1,1]", cost=LATE_NEWS, faults=crashes_at(5, 1, restart_after=0)) as sc:
        seen = sc.accumulator(0)
        sc.parallelize(range(10), 1).foreach(lambda _: seen.add(1))
        assert seen.value == 10


# --- executors that come and go --------------------------------------------------------------------------------------


def test_a_replacement_has_a_new_id_on_the_same_host():
    with cluster("sim[2,2]", cost=LATE_NEWS, faults=crashes_at(10, 2, restart_after=1)) as sc:
        sleep(sc, 5000)
        added = of(sc, ExecutorAdded)[2:]
        assert [(event.time_ms, event.executor_id, event.host, event.cores) for event in added] == [
            (1020, "3", "host-2", 2)
        ]
        assert [executor.executor_id for executor in backend(sc).executors] == ["1", "3"]


def test_two_crashes_and_one_survivor():
    crashes = [*crashes_at(3, 1), *crashes_at(8, 2)]
    with cluster("sim[3,1]", cost=LATE_NEWS, faults=crashes) as sc:
        assert sc.parallelize(range(60), 3).sum() == sum(range(60))
        assert {executor for _, executor in placed(sc)[3:]} == {"3"}
        assert check_trace(backend(sc).trace) == []


def test_a_task_may_be_moved_to_an_executor_that_is_dead_too():
    """The driver hears of the two deaths one after the other, at the same moment."""
    with cluster("sim[2,1]", cost=LATE_NEWS, faults=crashes_at(4, 1, 2, restart_after=0)) as sc:
        assert sc.parallelize(range(10), 1).count() == 10
        assert outcomes(sc)[-1][2] == "Success"
        assert {reason for _, _, reason in outcomes(sc)[:-1]} == {"ExecutorLostFailure"}


def test_a_simultaneous_crash_of_two():
    with cluster("sim[3,1]", cost=LATE_NEWS, faults=crashes_at(3, 1, 2)) as sc:
        assert sc.parallelize(range(60), 3).sum() == sum(range(60))
        assert [event.executor_id for event in of(sc, ExecutorRemoved)] == ["1", "2"]


def test_when_every_executor_is_gone_the_simulation_stands_still():
    with cluster("sim[2,1]", cost=LATE_NEWS, faults=crashes_at(3, 1, 2)) as sc:
        with pytest.raises(SparkException, match=r"stands still: .* for example a job while every executor is gone"):
            sc.parallelize(range(10), 2).count()
        assert now_ms(sc) == 13


def test_an_executor_dies_only_once():
    with cluster("sim[2,1]", cost=LATE_NEWS, faults=[*crashes_at(3, 1), *crashes_at(5, 1, "no such")]) as sc:
        sleep(sc, 100)
        assert [event.target for event in of(sc, FaultInjected)] == ["1", "", ""]
        assert [event.executor_id for event in of(sc, ExecutorRemoved)] == ["1"]


# --- map outputs -----------------------------------------------------------------------------------------------------


def of_sizes(sc, *sizes):
    """One partition of numbers per size, all numbers different."""
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    parts = [sc.parallelize(range(start, start + size), 1) for start, size in zip(starts, sizes, strict=True)]
    return sc.union(parts)


def test_finished_map_tasks_of_a_running_stage_run_again():
    """The short map task is done when its executor dies; the stage is not over, so the task is resubmitted."""
    with cluster("sim[2,1]", cost=LATE_NEWS) as sc:
        counts = of_sizes(sc, 2, 40).map(lambda n: (n % 2, 1)).reduceByKey(add, 1)
        job = spawn(sc, counts.collect)
        sleep(sc, 10)
        crash(sc, executor_of(sc, 0))
        assert join(sc, job) == [[(0, 21), (1, 21)]]
        assert outcomes(sc) == [
            (0, 0, "Success"),
            (0, 0, "Resubmitted"),
            (1, 0, "Success"),
            (0, 1, "Success"),
            (0, 0, "Success"),
        ]
        assert [event.tasks for event in of(sc, StageSubmitted)] == [2, 1], "no stage runs twice"
        assert check_trace(backend(sc).trace) == []


SLOW_SHUFFLE = RECORD_1_MS.with_(shuffle_read_record_ms=1, detect_loss_ms=10)


def test_a_map_output_lost_while_it_is_read_fails_the_fetch_and_both_stages_run_again():
    with cluster("sim[3,1]", cost=SLOW_SHUFFLE) as sc:
        groups = of_sizes(sc, 10, 10, 10).map(lambda n: (n, 1)).groupByKey(1).mapValues(sum)
        job = spawn(sc, groups.collect)
        sleep(sc, 15)  # the maps end at 10 ms; the reduce task reads the first output until 20 ms
        holders = [executor for _, executor in placed(sc)[:3]]
        [reducer] = [executor for _, executor in placed(sc)[3:]]
        lost = next(index for index in (2, 1) if holders[index] != reducer)
        crash(sc, holders[lost])
        assert sorted(join(sc, job)[0]) == [(n, 1) for n in range(30)]

        fetched_ms = 10 + 10 * lost
        assert [(end.time_ms, end.reason, end.shuffle_read) for end in of(sc, TaskEnd) if end.reason != "Success"] == [
            (fetched_ms, "FetchFailed", 10 * lost)
        ]
        failed = next(event for event in of(sc, StageCompleted) if event.failure)
        assert (failed.stage_id, failed.time_ms) == (1, fetched_ms)
        assert failed.failure.startswith(f"FetchFailed: map output {lost} of shuffle 0 is gone")
        assert [(event.time_ms, event.stage_id, event.attempt, event.tasks) for event in of(sc, StageSubmitted)] == [
            (0, 0, 0, 3),
            (10, 1, 0, 1),
            (fetched_ms + 200, 0, 1, 1),
            (fetched_ms + 210, 1, 1, 1),
        ]
        assert check_trace(backend(sc).trace) == []


def test_the_pause_before_a_resubmission_has_no_noise():
    def resubmitted_ms(noise):
        with cluster("sim[1,1]", cost=SLOW_SHUFFLE.with_(noise=noise)) as sc:
            job = spawn(sc, of_sizes(sc, 10, 10).map(lambda n: (n, 1)).groupByKey(1).count)
            while len(of(sc, StageSubmitted)) < 2:
                sleep(sc, 1)
            crash(sc, "1", restart_after_ms=0)
            join(sc, job)
            [failed] = [event for event in of(sc, StageCompleted) if event.failure]
            return next(event.time_ms for event in of(sc, StageSubmitted) if event.attempt == 1) - failed.time_ms

    assert resubmitted_ms(noise=0) == resubmitted_ms(noise=0.5) == 200


def test_a_stage_is_given_up_after_four_fetch_failures_in_a_row(monkeypatch):
    def lost(self, shuffle_id, reduce_index):
        raise FetchFailed(shuffle_id, reduce_index, "map output 0 of shuffle 0 is gone")

    monkeypatch.setattr(MapOutputTracker, "fetch", lost)
    with cluster("sim[1,1]") as sc:
        with pytest.raises(SparkJobError) as error:
            sc.parallelize([(1, 1)], 1).reduceByKey(add, 1).collect()
        assert str(error.value).startswith("Job aborted due to stage failure: ResultStage 1 (collect at ")
        assert str(error.value).endswith(
            ") has failed the maximum allowable number of times: 4. "
            "Most recent failure reason: map output 0 of shuffle 0 is gone"
        )
        assert [event.time_ms for event in of(sc, StageSubmitted) if event.stage_id == 1] == [1, 201, 401, 601]


def test_lost_map_outputs_that_the_driver_knows_of_are_made_again_without_a_failure():
    with cluster("sim[3,1]", cost=LATE_NEWS) as sc:
        counts = of_sizes(sc, 5, 5, 5).map(lambda n: (n % 3, 1)).reduceByKey(add, 1)
        assert counts.count() == 3
        crash(sc, executor_of(sc, 2))
        sleep(sc, 100)
        assert sorted(counts.collect()) == [(0, 5), (1, 5), (2, 5)]
        assert [event.tasks for event in of(sc, StageSubmitted)][2:] == [1, 1]
        assert {end.reason for end in of(sc, TaskEnd)} == {"Success"}


# --- cached partitions -----------------------------------------------------------------------------------------------


def test_a_cached_partition_that_was_lost_is_computed_again():
    with cluster("sim[3,1]", cost=LATE_NEWS) as sc:
        rdd = of_sizes(sc, 3, 3, 3).map(diary.note).cache()
        rdd.count()
        assert len(diary.WRITTEN) == 9
        crash(sc, executor_of(sc, 1))
        sleep(sc, 100)
        assert [event.block_id for event in of(sc, BlockLost)] == [f"rdd_{rdd.id()}_1"]
        assert rdd.collect() == list(range(9))
        assert diary.WRITTEN[9:] == [3, 4, 5]
        rdd.count()
        assert len(diary.WRITTEN) == 12, "and it was cached again"


def test_a_cached_partition_is_computed_also_before_the_driver_hears_of_the_loss():
    with cluster("sim[3,1]", cost=RECORD_1_MS.with_(detect_loss_ms=5000)) as sc:
        rdd = of_sizes(sc, 3, 3, 3).map(diary.note).cache()
        rdd.count()
        crash(sc, executor_of(sc, 1))
        assert rdd.collect() == list(range(9))
        assert sorted(diary.WRITTEN[9:]) == [3, 4, 5]


def test_a_replica_is_read_instead_of_computing_again():
    with cluster("sim[3,1]", cost=LATE_NEWS) as sc:
        rdd = of_sizes(sc, 3, 3, 3).map(diary.note).persist(StorageLevel.MEMORY_ONLY_2)
        rdd.count()
        crash(sc, executor_of(sc, 1))
        sleep(sc, 100)
        assert rdd.collect() == list(range(9))
        assert len(diary.WRITTEN) == 9
        assert of(sc, BlockLost) == []


def test_unpersisting_forgets_what_was_cached():
    with cluster("sim[2,1]") as sc:
        rdd = of_sizes(sc, 3, 3).map(diary.note).cache()
        rdd.count()
        rdd.unpersist()
        assert [event.block_id for event in of(sc, BlockRemoved)] == [f"rdd_{rdd.id()}_0", f"rdd_{rdd.id()}_1"]
        assert rdd.count() == 6
        assert len(diary.WRITTEN) == 12

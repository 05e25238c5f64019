"""Jobs and their stages in virtual time: what runs, in which order, and what is not computed twice."""

import gc

import pytest

from sparksim.cluster.clock import Fiber
from sparksim.cluster.cost import CostModel
from sparksim.cluster.faults import ExecutorCrash
from sparksim.cluster.task_set import TaskAttempt
from sparksim.core.accumulators import AddingAccumulatorParam
from sparksim.core.errors import SparkException, SparkJobError
from sparksim.core.rdd import RDD
from sparksim.core.storage_level import StorageLevel
from sparksim.core.task_context import TaskContext
from sparksim.trace.checks import check_trace
from sparksim.trace.events import (
    JobEnd,
    JobStart,
    StageCompleted,
    StageSubmitted,
    TaskEnd,
    TaskStart,
    Warned,
)
from tests.cluster import diary
from tests.cluster.stories import backend, cluster, join, now_ms, of, outcomes, placed, sleep, spawn


def add(left, right):
    return left + right


def test_every_step_of_a_job_takes_its_time():
    """1 job start + 2 stages x (stage + task) + 2 records read and written + 1 record fetched + 1 job end."""
    cost = CostModel(
        job_start_ms=1000,
        stage_ms=100,
        task_ms=10,
        record_ms=1,
        shuffle_write_record_ms=0.1,
        shuffle_read_record_ms=0.01,
        job_end_ms=5000,
    )
    with cluster("sim[1,1]", cost=cost) as sc:
        counts = sc.parallelize([("a", 1), ("a", 1)], 1).reduceByKey(add, 1).collect()
        assert counts == [("a", 2)]
        assert now_ms(sc) == 1000 + 2 * (100 + 10) + 2 * 1 + 1 * 0.1 + 1 * 0.01 + 5000


def test_tasks_fill_the_cores_and_the_rest_waits():
    with cluster("sim[1,2]") as sc:
        sc.parallelize(range(30), 3).count()
        starts = [(start.time_ms, start.index, start.core) for start in of(sc, TaskStart)]
        assert starts == [(0, 0, 0), (0, 1, 1), (10, 2, 0)]
        assert now_ms(sc) == 20


def test_offers_go_round_the_executors():
    with cluster("sim[3,2]") as sc:
        sc.parallelize(range(6), 6).count()
        assert sorted(executor for _, executor in placed(sc)[:3]) == ["1", "2", "3"]
        assert sorted(executor for _, executor in placed(sc)) == ["1", "1", "2", "2", "3", "3"]


def test_the_stages_of_a_job_are_numbered_parents_first():
    with cluster() as sc:
        left = sc.parallelize([("a", 1)], 1).reduceByKey(add, 1)
        right = sc.parallelize([("a", 2)], 1).reduceByKey(add, 1)
        assert left.join(right, 2).collect() == [("a", (1, 2))]
        [start] = of(sc, JobStart)
        assert start.stage_ids == tuple(sorted(start.stage_ids))
        submitted = [event.stage_id for event in of(sc, StageSubmitted)]
        assert set(submitted) == set(start.stage_ids)
        assert submitted[-1] == max(start.stage_ids)
        assert all(event.failure == "" for event in of(sc, StageCompleted))


def test_the_earlier_job_has_the_cores_first():
    """FIFO: the second job gets a core only when the first has no task left to launch."""
    with cluster("sim[1,1]") as sc:
        rdd = sc.parallelize(range(20), 2)
        assert join(sc, spawn(sc, rdd.count), spawn(sc, rdd.count)) == [20, 20]
        assert [start.job_id for start in of(sc, TaskStart)] == [0, 0, 1, 1]


def test_the_earlier_job_goes_first_also_with_a_later_stage():
    with cluster("sim[1,1]") as sc:
        first = sc.parallelize([(1, 1)] * 10, 1).reduceByKey(add, 1)
        second = sc.parallelize(range(20), 2)
        join(sc, spawn(sc, first.collect), spawn(sc, second.count))
        # The first job's reduce task becomes ready when its map task ends: it overtakes the second job's tasks.
        assert [start.job_id for start in of(sc, TaskStart)] == [0, 0, 1, 1]


def test_jobs_of_several_fibers_run_side_by_side():
    with cluster("sim[2,2]") as sc:
        jobs = [spawn(sc, sc.parallelize(range(10 * n), 2).count) for n in (1, 2, 3)]
        assert join(sc, *jobs) == [10, 20, 30]
        ends = [event.time_ms for event in of(sc, JobEnd)]
        assert ends == [5, 10, 20]
        assert check_trace(backend(sc).trace) == []


def test_a_job_over_no_partitions_leaves_no_event_but_takes_a_number():
    with cluster() as sc:
        assert backend(sc).run_job(sc.emptyRDD(), lambda task, records: None, []) == []
        assert of(sc, JobStart) == []
        sc.parallelize([1], 1).count()
        assert [event.job_id for event in of(sc, JobStart)] == [1]


def test_a_shuffle_over_no_partitions_runs_its_reduce_tasks_only():
    with cluster() as sc:
        assert sc.emptyRDD().map(lambda x: (x, 1)).reduceByKey(add, 3).collect() == []
        [stage] = of(sc, StageSubmitted)
        assert (stage.tasks, len(of(sc, TaskStart))) == (3, 3)


def test_some_partitions_may_be_asked_for_in_any_order_and_twice():
    with cluster() as sc:
        rdd = sc.parallelize(range(4), 4)
        assert sc.runJob(rdd, list, [3, 1, 3]) == [3, 1, 3]
        assert sorted(index for index, _ in placed(sc)) == [1, 3]


def test_a_map_stage_is_computed_once_for_two_jobs_in_turn():
    with cluster() as sc:
        counts = sc.parallelize([("a", 1)] * 6, 3).map(diary.note).reduceByKey(add, 2)
        assert counts.collect() == counts.collect() == [("a", 6)]
        assert len(diary.WRITTEN) == 6
        assert [event.tasks for event in of(sc, StageSubmitted)] == [3, 2, 2]
        assert [len(event.stage_ids) for event in of(sc, JobStart)] == [2, 2], "a skipped stage belongs to the job"


def test_a_map_stage_is_computed_once_for_two_jobs_at_once():
    with cluster() as sc:
        counts = sc.parallelize([("a", 1)] * 6, 3).map(diary.note).reduceByKey(add, 2)
        assert join(sc, spawn(sc, counts.collect), spawn(sc, counts.count)) == [[("a", 6)], 1]
        assert len(diary.WRITTEN) == 6
        first, second = of(sc, JobStart)
        assert len(set(first.stage_ids) & set(second.stage_ids)) == 1


def test_a_fully_cached_rdd_keeps_its_parents_from_running():
    """The map outputs are gone with executor 1, but nobody needs them (Spark: getMissingParentStages)."""
    with cluster("sim[3,1]", faults=[ExecutorCrash(1, at=1)]) as sc:
        counts = sc.parallelize([(n, 1) for n in range(9)], 3).reduceByKey(add, 3)
        counts.persist(StorageLevel.DISK_ONLY_3)
        assert counts.count() == 9
        stages = len(of(sc, StageSubmitted))
        sleep(sc, 2000)
        assert counts.count() == 9
        assert [event.tasks for event in of(sc, StageSubmitted)[stages:]] == [3], "only the result stage runs"


def test_the_outputs_of_a_shuffle_go_with_the_rdd_that_reads_them():
    with cluster("sim[1,1]") as sc:
        [executor] = backend(sc).executors
        counts = sc.parallelize([("a", 1)], 1).reduceByKey(add, 1)
        counts.collect()
        assert executor.shuffle_files
        del counts
        gc.collect()
        sc.parallelize([1], 1).count()
        assert executor.shuffle_files == {}


def test_a_job_that_is_over_leaves_nothing_to_the_garbage_collector():
    """A simulation runs millions of tasks: what they hold must go with them."""

    def alive():
        return [each for each in gc.get_objects() if isinstance(each, (TaskAttempt, Fiber, RDD))]

    with cluster() as sc:
        gc.collect()
        gc.disable()
        try:
            before = alive()
            sc.parallelize([("a", 1), ("b", 2)], 2).reduceByKey(add, 2).collect()
            assert alive() == before
        finally:
            gc.enable()


def test_a_job_is_called_after_its_description_or_its_action():
    with cluster() as sc:
        sc.parallelize([1], 1).count()
        sc.setJobDescription("nightly")
        sc.parallelize([1], 1).count()
        sc.setJobDescription(None)
        plain, described = of(sc, JobStart)
        assert plain.description.startswith("count at ")
        assert described.description == "nightly"


def test_accumulators_count_the_tasks_that_succeeded():
    with cluster("sim[2,1]") as sc:
        seen = sc.accumulator(0)

        def look(index, records):
            for record in records:
                seen.add(1)
                yield record
            if index == 1 and TaskContext.get().attemptNumber() == 0:
                raise ValueError("after the last record")

        sc.parallelize(range(10), 2).mapPartitionsWithIndex(look).count()
        assert seen.value == 10
        assert (1, 0, "ExceptionFailure") in outcomes(sc)


class Unaddable(AddingAccumulatorParam):
    """Adds up in tasks; the driver's merge fails."""

    def addInPlace(self, value1, value2):
        if value1 == "driver":
            raise ValueError("cannot add to the driver's value")
        return value1 + value2


def test_an_accumulator_that_cannot_be_merged_is_a_warning():
    with cluster() as sc:
        broken = sc.accumulator("driver", Unaddable(""))
        sc.parallelize(range(4), 2).foreach(lambda _: broken.add("x"))
        assert broken.value == "driver"
        [warned] = of(sc, Warned)
        assert warned.message.startswith("an accumulator could not be updated: ")
        assert "cannot add to the driver's value" in warned.message


class Homeless(RDD):
    """An RDD that does not know where its data lies."""

    def getNumPartitions(self):
        return 1

    def preferred_locations(self, index):
        raise LookupError("the name node does not answer")


class Endless(RDD):
    """An RDD that cannot count its partitions."""

    def getNumPartitions(self):
        raise LookupError("the directory is gone")


def test_an_error_while_tasks_are_made_fails_the_job_and_not_the_engine():
    with cluster(cost=CostModel(stage_ms=10)) as sc:
        with pytest.raises(SparkJobError, match=r"Task creation failed: [\s\S]*the name node does not answer"):
            backend(sc).run_job(Homeless(sc), lambda task, records: None, [0])
        assert [end.succeeded for end in of(sc, JobEnd)] == [False]
        assert sc.parallelize([1, 2], 2).count() == 2


def test_an_error_while_a_lineage_is_cut_reaches_the_caller_and_leaves_nothing():
    with cluster() as sc:
        with pytest.raises(LookupError, match="the directory is gone"):
            backend(sc).run_job(Endless(sc), lambda task, records: None, [0])
        assert of(sc, JobStart) == []
        assert sc.parallelize([1, 2], 2).count() == 2


def test_a_job_can_be_cancelled():
    with cluster("sim[1,1]") as sc:
        job = backend(sc).submit_job(sc.parallelize(range(100), 2), lambda task, records: list(records), [0, 1])
        sleep(sc, 10)
        backend(sc).clock.call(backend(sc).cancel_job, job, "enough")
        backend(sc).clock.call(backend(sc).cancel_job, job, "twice")
        with pytest.raises(SparkJobError, match="Job 0 cancelled: enough"):
            backend(sc).clock.wait(job.done)
        sleep(sc, 1)
        assert outcomes(sc) == [(0, 0, "TaskKilled")]
        assert [(end.succeeded, end.reason) for end in of(sc, JobEnd)] == [(False, "Job 0 cancelled: enough")]
        assert [end.failure for end in of(sc, StageCompleted)] == ["Job 0 cancelled: enough"]


def test_a_stage_two_jobs_want_survives_the_end_of_one():
    with cluster("sim[1,1]") as sc:
        counts = sc.parallelize([("a", 1)] * 20, 2).reduceByKey(add, 1)
        cluster_of = backend(sc)
        first, second = (cluster_of.submit_job(counts, lambda task, records: list(records), [0]) for _ in range(2))
        sleep(sc, 5)
        cluster_of.clock.call(cluster_of.cancel_job, first, "enough")
        assert cluster_of.clock.wait(second.done) == [[("a", 20)]]
        assert [end.reason for end in of(sc, TaskEnd)] == ["Success"] * 3


def test_an_interrupt_cancels_the_job_that_was_waited_for():
    def press_ctrl_c(_records):
        raise KeyboardInterrupt

    with cluster("sim[1,1]") as sc:
        with pytest.raises(KeyboardInterrupt):
            sc.parallelize([1], 1).foreachPartition(press_ctrl_c)
        assert [end.reason for end in of(sc, JobEnd)] == ["Job 0 cancelled: interrupted by the user"]


def test_a_job_on_a_stopped_context_is_refused():
    with cluster() as sc:
        rdd = sc.parallelize([1], 1)
    with pytest.raises(SparkException, match="stopped"):
        rdd.count()


def test_a_very_long_lineage_of_shuffles_runs():
    with cluster("sim[1,1]", cost=CostModel()) as sc:
        rdd = sc.parallelize([(1, 1)], 1)
        for _ in range(300):
            rdd = rdd.reduceByKey(add, 1)
        assert rdd.collect() == [(1, 1)]

"""Tasks that fail: tried again, up to a limit that depends on the master, and with a text that helps."""

import pytest

from sparksim.core.errors import SparkJobError
from sparksim.trace.events import JobEnd, StageCompleted, TaskEnd
from tests.cluster import diary
from tests.cluster.stories import cluster, join, of, outcomes, spawn


def failing(sc, times):
    """A job of two partitions whose second one fails `times` times."""
    return sc.parallelize(range(4), 2).mapPartitionsWithIndex(diary.fail_first(times, partition=1))


def test_a_task_that_fails_is_tried_again():
    with cluster("sim[2,1]") as sc:
        assert failing(sc, times=3).collect() == [0, 1, 2, 3]
        assert [each for each in outcomes(sc) if each[0] == 1] == [
            (1, 0, "ExceptionFailure"),
            (1, 1, "ExceptionFailure"),
            (1, 2, "ExceptionFailure"),
            (1, 3, "Success"),
        ]


@pytest.mark.parametrize(
    ("master", "conf", "failures"),
    [
        ("sim[2,1]", {}, 4),
        ("sim[2,1]", {"spark.task.maxFailures": "2"}, 2),
        ("local[2]", {}, 1),
        ("local[2]", {"spark.task.maxFailures": "5"}, 1),
        ("local[2,3]", {}, 3),
        ("local[2,0]", {}, 1),
    ],
)
def test_how_often_a_task_may_fail(master, conf, failures):
    with cluster(master, conf=conf) as sc:
        with pytest.raises(SparkJobError, match=f"failed {failures} times"):
            failing(sc, times=99).collect()
        assert [reason for index, _, reason in outcomes(sc) if index == 1] == ["ExceptionFailure"] * failures


def test_the_message_tells_task_place_and_the_users_own_frames():
    with cluster("sim[1,1]") as sc:
        with pytest.raises(SparkJobError) as error:
            failing(sc, times=99).collect()
        text = str(error.value)
        assert text.startswith(
            "Job aborted due to stage failure: Task 1 in stage 0.0 failed 4 times, most recent failure: "
            "Lost task 1.3 in stage 0.0 (TID 4) (host-1 executor 1): Traceback (most recent call last):\n"
        )
        assert text.endswith("ValueError: attempt 3 of partition 1")
        assert "diary.py" in text
        assert "sparksim/" not in text.replace("\\", "/")
        [end] = of(sc, JobEnd)
        assert (end.succeeded, end.reason) == (False, text)
        assert of(sc, StageCompleted)[-1].failure == text


def test_failures_of_different_tasks_are_not_added_up():
    def each_fails_three_times(index, records):
        return diary.fail_first(3, index)(index, records)

    with cluster("sim[1,1]") as sc:
        assert sc.parallelize(range(4), 4).mapPartitionsWithIndex(each_fails_three_times).count() == 4


def test_an_aborted_job_stops_its_other_tasks():
    def slow_or_broken(index, records):
        if index == 0:
            raise ValueError("broken")
        return records

    with cluster("sim[1,2]", conf={"spark.task.maxFailures": "1"}) as sc:
        with pytest.raises(SparkJobError, match="broken"):
            sc.parallelize(range(300), 3).mapPartitionsWithIndex(slow_or_broken).count()
        assert outcomes(sc) == [(0, 0, "ExceptionFailure")]
        sc.parallelize([1], 1).count()
        assert outcomes(sc)[1] == (1, 0, "TaskKilled"), "and the third was never launched"
        assert [end.records_read for end in of(sc, TaskEnd)][:2] == [0, 0]


def test_the_failure_of_one_job_leaves_the_others_alone():
    def outcome(rdd):
        try:
            return rdd.count()
        except SparkJobError:
            return "failed"

    with cluster("sim[2,1]") as sc:
        good = sc.parallelize(range(50), 2)
        assert join(sc, spawn(sc, outcome, failing(sc, times=99)), spawn(sc, outcome, good)) == ["failed", 50]


def test_every_job_that_wants_a_failed_stage_fails():
    def outcome(rdd):
        with pytest.raises(SparkJobError, match="attempt 3 of partition 1"):
            rdd.count()
        return "failed"

    with cluster("sim[2,1]") as sc:
        shared = failing(sc, times=99).map(lambda x: (x, 1)).groupByKey(1)
        assert join(sc, spawn(sc, outcome, shared), spawn(sc, outcome, shared)) == ["failed"] * 2


def test_a_task_that_exits_has_failed():
    def leave(records):
        raise SystemExit(3)

    with cluster("sim[1,1]") as sc, pytest.raises(SparkJobError, match="SystemExit: 3"):
        sc.parallelize([1], 1).foreachPartition(leave)

"""Live masters: the same engine under threads."""

import threading

import pytest

from sparksim import SparkContext
from sparksim.core.errors import SparkException, SparkJobError
from sparksim.trace.checks import check_trace
from sparksim.trace.events import ApplicationEnd, ApplicationStart, JobEnd, TaskEnd
from tests.cluster import diary
from tests.cluster.stories import backend, cluster, of
from tests.cluster.test_live_clock import in_threads


def add(left, right):
    return left + right


def test_jobs_of_several_threads_give_their_own_results():
    def many_jobs(sc, first):
        for number in range(first, first + 15):
            rdd = sc.parallelize(range(number), 3)
            assert rdd.sum() == sum(range(number))
            counts = rdd.map(lambda n: (n % 5, 1)).reduceByKey(add, 3).collectAsMap()
            assert sum(counts.values()) == number
        return "right"

    with cluster("local[4]") as sc:
        assert in_threads(*[lambda first=first: many_jobs(sc, first) for first in (0, 100, 200, 300)]) == ["right"] * 4
        assert check_trace(backend(sc).trace) == []
        assert len(of(sc, JobEnd)) == 4 * 15 * 2


def test_two_threads_share_the_stage_of_one_shuffle():
    with cluster("local[2]") as sc:
        counts = sc.parallelize([("a", 1)] * 40, 4).map(diary.note).reduceByKey(add, 2)
        assert in_threads(counts.collect, counts.count) == [[("a", 40)], 1]
        assert len(diary.WRITTEN) == 40


def test_a_cached_rdd_may_be_dropped_while_others_read_it():
    with cluster("local[4]") as sc:
        rdd = sc.parallelize(range(400), 8).cache()

        def read():
            return [rdd.sum() for _ in range(10)]

        def drop():
            for _ in range(10):
                backend(sc).remove_rdd(rdd.id())

        first, second, _ = in_threads(read, read, drop)
        assert set(first + second) == {sum(range(400))}


def test_a_failing_task_fails_its_job_and_the_context_goes_on():
    with cluster("local[2]") as sc:
        with pytest.raises(SparkJobError, match="ZeroDivisionError"):
            sc.parallelize([1, 0], 2).map(lambda n: 1 / n).collect()
        assert sc.parallelize([1, 2], 2).sum() == 3


def test_a_task_that_went_on_after_its_job_was_aborted_does_not_count():
    """A thread cannot be struck while it computes; what it computed is not used, and its core is free after it."""
    going_on, aborted = threading.Event(), threading.Event()
    diary.WRITTEN.append((going_on, aborted))

    with cluster("local[2]") as sc:
        counted = sc.accumulator(0)
        with pytest.raises(SparkJobError, match="broken"):
            sc.parallelize(range(2), 2).mapPartitionsWithIndex(one_breaks).foreach(lambda _: counted.add(1))
        aborted.set()
        assert sc.parallelize(range(4), 4).count() == 4
        clock = backend(sc).clock
        while len(of(sc, TaskEnd)) < 6:
            clock.sleep(1)
        assert sorted(end.reason for end in of(sc, TaskEnd) if end.job_id == 0) == ["ExceptionFailure", "TaskKilled"]
        assert counted.value == 0


def one_breaks(index, records):
    going_on, aborted = diary.WRITTEN[0]
    if index == 0:
        going_on.wait()
        raise ValueError("broken")
    going_on.set()
    aborted.wait()
    return records


def test_stopping_the_context_releases_threads_that_wait_for_a_job():
    running, release = threading.Event(), threading.Event()
    diary.WRITTEN.append((running, release))
    heard = []

    def job(sc):
        with pytest.raises(SparkException, match=r"stopped while this call was waiting|SparkContext was shut down"):
            sc.parallelize([1], 1).foreachPartition(wait_for_release)
        heard.append("released")

    with cluster("local[2]") as sc:
        trace = backend(sc).trace
        thread = threading.Thread(target=job, args=(sc,))
        thread.start()
        running.wait()
        sc.stop()
        thread.join()
    release.set()
    assert heard == ["released"]
    assert len(trace.of(ApplicationEnd)) == 1


def wait_for_release(_records):
    running, release = diary.WRITTEN[0]
    running.set()
    release.wait()


def test_no_thread_keeps_the_program_alive():
    before = set(threading.enumerate())
    with cluster("local[4]") as sc:
        sc.parallelize(range(8), 8).map(lambda n: (n, n)).reduceByKey(add).count()
        mine = set(threading.enumerate()) - before
        assert all(thread.daemon for thread in mine)
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name == "sparksim clock"]


def test_the_application_is_on_record():
    with cluster("local[2]") as sc:
        trace = backend(sc).trace
        [start] = trace.of(ApplicationStart)
        assert (start.app_name, start.master, start.seed, start.default_parallelism) == ("story", "local[2]", None, 2)
        assert start.app_id == sc.applicationId == f"local-{backend(sc).start_time_ms}"
    assert trace[-1].app_id == start.app_id


def test_a_broken_engine_says_so_and_can_still_be_stopped():
    with cluster("local[1]") as sc:
        backend(sc).trace.subscribe(break_down)
        with pytest.raises(AssertionError, match="a bug"):
            sc.parallelize([1], 1).count()
        with pytest.raises(AssertionError, match="a bug"):
            sc.stop()
        assert sc._backend_or_none is None


def break_down(event):
    if isinstance(event, TaskEnd):
        raise AssertionError("a bug")


def test_no_task_waits_for_a_host_that_offers_nothing():
    """In local mode Spark gives blocks the machine's name and offers cores of "localhost"."""
    with cluster("local[1]") as sc:
        counts = sc.parallelize([("a", 1), ("b", 1)], 1).reduceByKey(add, 2).persist()
        assert counts.take(1) == [("b", 1)]  # now one partition is cached; the other lies in a shuffle
        assert sorted(counts.collect()) == [("a", 1), ("b", 1)]


def test_without_a_master_all_cores_of_the_machine_are_used() -> None:
    with SparkContext(appName="no master") as sc:
        assert (sc.master, sc.appName) == ("local[*]", "no master")
        assert sc.parallelize([1, 2, 3]).sum() == 6

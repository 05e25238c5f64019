"""Jobs that still run when the context stops end with it, and the trace says so (Spark: DAGScheduler)."""

from __future__ import annotations

import threading

import pytest

from sparksim import SparkContext
from sparksim.core.errors import SparkException
from sparksim.trace.events import ApplicationEnd, JobEnd, JobStart, StageCompleted

BEGUN, GO_ON = threading.Event(), threading.Event()


def begin_and_wait(records):
    """Functions of a module travel by name, and so do its events."""
    BEGUN.set()
    return [GO_ON.wait(20)]


def test_in_virtual_time() -> None:
    sc = SparkContext("sim[1,1]", "stopped")
    backend = sc._backend
    job = backend.submit_job(sc.parallelize(range(1000), 2), lambda task, records: sum(records), [0, 1])
    backend.clock.run_until(1)
    sc.stop()
    assert [event.job_id for event in backend.trace.of(JobStart)] == [job.job_id]
    (end,) = backend.trace.of(JobEnd)
    assert (end.job_id, end.succeeded) == (job.job_id, False)
    assert end.reason == f"Job {job.job_id} cancelled because SparkContext was shut down"
    assert isinstance(list(backend.trace)[-1], ApplicationEnd)


def test_in_live_time_whoever_waits_for_the_job_hears_of_it() -> None:
    sc = SparkContext("local[1]", "stopped")
    backend, heard = sc._backend, []

    def wait() -> None:
        try:
            sc.runJob(sc.parallelize([1], 1), begin_and_wait)
        except BaseException as error:
            heard.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    assert BEGUN.wait(20)
    sc.stop()
    GO_ON.set()
    thread.join(20)
    assert not thread.is_alive()
    reasons = [event.reason for event in backend.trace.of(JobEnd)]
    assert reasons == ["Job 0 cancelled because SparkContext was shut down"]
    assert len(backend.trace.of(StageCompleted)) == 1
    assert isinstance(heard[0], SparkException)


def test_a_job_that_is_over_ends_once() -> None:
    with SparkContext("sim[1,1]", "done") as sc:
        trace = sc._backend.trace
        sc.parallelize([1], 1).count()
    assert [event.succeeded for event in trace.of(JobEnd)] == [True]
    with pytest.raises(RuntimeError, match="stopped"):
        sc.parallelize([1])

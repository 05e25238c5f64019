"""One context at a time, with settings; what it knows; what a task knows."""

from __future__ import annotations

import contextvars
import logging
from typing import Any

import pytest

from sparksim.core import local_properties
from sparksim.core.backend import backend_for
from sparksim.core.conf import SparkConf
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError, IllegalStateError, SparkException
from sparksim.core.failure import describe_failure
from sparksim.core.rdd import RDD
from sparksim.core.task_context import TaskContext
from tests.core.inline_backend import InlineBackend


def test_settings(sc: SparkContext) -> None:
    assert (sc.master, sc.appName, sc.applicationId, sc.startTime) == ("inline[2]", "core tests", "inline-0", 0)
    assert (sc.defaultParallelism, sc.defaultMinPartitions, sc.uiWebUrl, sc.resources) == (2, 2, None, {})
    assert repr(sc) == "<SparkContext master=inline[2] appName=core tests>"
    assert sc.getConf().get("spark.app.id") == "inline-0"
    sc.getConf().set("spark.app.name", "changed")
    assert sc.getConf().get("spark.app.name") == "core tests"
    assert sc.version
    assert sc.sparkUser()


def test_arguments_win_over_conf_and_leave_it_alone() -> None:
    conf = SparkConf().setMaster("inline[1]").setAppName("conf")
    with SparkContext(appName="argument", sparkHome="/s", environment={"A": "1"}, conf=conf) as sc:
        assert sc.appName == "argument"
        assert (sc.getConf().get("spark.home"), sc.getConf().get("spark.executorEnv.A")) == ("/s", "1")
    assert conf.get("spark.app.name") == "conf"


def test_without_a_name_it_is_pysparks_shell() -> None:
    with SparkContext("inline[2]") as sc:
        assert sc.appName == "pyspark-shell"


def test_a_master_that_is_none_is_refused() -> None:
    with pytest.raises(SparkException, match=r"Could not parse Master URL: 'nowhere'.*local\[2\]"):
        SparkContext("nowhere", "x")
    with pytest.raises(SparkException, match="Could not parse Master URL: ''"):
        backend_for(SparkConf())


def test_one_context_at_a_time(sc: SparkContext) -> None:
    with pytest.raises(
        ValueError,
        match=r"(?s)existing SparkContext\(app=core tests, master=inline\[2\]\) .*created at .*conftest.py:\d+",
    ):
        SparkContext("inline[2]", "second")
    assert SparkContext.getOrCreate() is sc
    sc.stop()
    with SparkContext.getOrCreate(SparkConf().setMaster("inline[1]").setAppName("next")) as other:
        assert other is not sc


def test_a_stopped_context_refuses(sc: SparkContext, cluster: InlineBackend) -> None:
    rdd = sc.range(3)
    sc.stop()
    sc.stop()
    assert cluster.stopped == 1
    for use in (rdd.count, lambda: sc.parallelize([1]), lambda: sc.defaultParallelism, rdd.unpersist):
        with pytest.raises(IllegalStateError, match="this SparkContext is stopped"):
            use()


def test_local_properties(sc: SparkContext) -> None:
    sc.setLocalProperty("k", "v")
    assert sc.getLocalProperty("k") == "v"
    sc.setLocalProperty("k", None)
    assert sc.getLocalProperty("k") is None
    with local_properties.overlay({}):
        sc.setJobGroup("group", "text", interruptOnCancel=True)
        assert dict(local_properties.current()) == {
            "spark.jobGroup.id": "group",
            "spark.job.description": "text",
            "spark.job.interruptOnCancel": "true",
        }
        sc.setJobDescription("other")
        sc.setInterruptOnCancel(False)
        assert sc.getLocalProperty("spark.job.description") == "other"
        assert sc.getLocalProperty("spark.job.interruptOnCancel") == "false"
    assert sc.getLocalProperty("spark.jobGroup.id") is None


def test_a_copied_context_has_properties_of_its_own(sc: SparkContext) -> None:
    with local_properties.overlay({"a": "1"}):
        copied = contextvars.copy_context()
        copied.run(local_properties.put, "a", "2")
        assert (local_properties.get("a"), copied.run(local_properties.get, "a")) == ("1", "2")


def test_job_tags(sc: SparkContext) -> None:
    sc.addJobTag("b")
    sc.addJobTag("a")
    sc.removeJobTag("b")
    assert sc.getJobTags() == {"a"}
    sc.clearJobTags()
    assert sc.getJobTags() == set()
    for tag in ("", "a,b"):
        with pytest.raises(IllegalArgumentError, match="a job tag must not be empty or hold a comma"):
            sc.addJobTag(tag)


def test_system_properties_reach_later_configurations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sparksim.core.conf._system_properties", {})
    SparkContext.setSystemProperty("spark.x", "1")
    assert SparkConf().get("spark.x") == "1"
    assert SparkConf(loadDefaults=False).get("spark.x") is None


def test_log_level(sc: SparkContext) -> None:
    before = logging.getLogger("sparksim").level
    sc.setLogLevel("error")
    assert logging.getLogger("sparksim").level == logging.ERROR
    logging.getLogger("sparksim").setLevel(before)
    with pytest.raises(IllegalArgumentError, match=r"logLevel must be one of ALL, .*, got 'loud'"):
        sc.setLogLevel("loud")


def test_a_task_knows_itself(sc: SparkContext) -> None:
    assert TaskContext.get() is None
    with local_properties.overlay({"key": "value"}):
        seen = sc.range(2, numSlices=2).map(describe_task).collect()
    assert seen == [(0, 0, 0, 0, "value", 1, {}), (0, 1, 0, 1, "value", 1, {})]
    assert TaskContext.get() is None


def describe_task(_: int) -> tuple[Any, ...]:
    task = TaskContext.get()
    assert task is not None
    identity = (task.stageId(), task.partitionId(), task.attemptNumber(), task.taskAttemptId())
    return (*identity, task.getLocalProperty("key"), task.cpus(), task.resources())


def test_subclasses_of_rdd_say_how_to_compute(sc: SparkContext) -> None:
    class Squares(RDD[int]):
        def getNumPartitions(self) -> int:
            return 2

        def compute(self, index: int, task: TaskContext) -> Any:
            return task.services.meter([index, index * 10], "input")

    assert Squares(sc).map(lambda x: x + 1).collect() == [1, 1, 2, 11]
    assert Squares(sc).preferred_locations(0) == ()
    with pytest.raises(NotImplementedError, match=r"RDD must define getNumPartitions\(\)"):
        RDD(sc).collect()


def test_failures_are_described_by_the_users_frames() -> None:
    try:
        {}["missing"]
    except KeyError as error:
        text = describe_failure(error)
    assert text.startswith("Traceback (most recent call last):\n")
    assert text.endswith("KeyError: 'missing'")

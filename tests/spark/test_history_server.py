"""Spark's own History Server opens the event logs that we write, and shows every job, stage, task and executor."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from sparksim.sim import AtBatch, Cluster, DriverCrash, ExecutorCrash, Poisson, Run, Simulation, TaskFailure
from sparksim.trace.events import JobEnd, JobStart, StageSubmitted, TaskEnd, TaskStart

pytestmark = pytest.mark.spark

PATIENCE_S = 120
PAGES = ("jobs/", "stages/", "executors/", "environment/", "storage/", "jobs/job/?id=3", "stages/stage/?id=3&attempt=0")


def word_count(ssc: Any) -> None:
    lines = ssc.socketTextStream("localhost", 9999)
    lines.flatMap(lambda line: line.split()).map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).pprint()


@pytest.fixture(scope="module")
def runs() -> dict[str, Run]:
    """By the name of their folder: a run that loses an executor and tasks, and one whose driver dies."""
    source = {"localhost:9999": Poisson(rate=20)}
    faults = [TaskFailure(AtBatch(2)), ExecutorCrash("receiver", at=4.2)]
    crash = [DriverCrash(at=3.5, restart_after=1)]
    cluster = Cluster(executors=3, cores=2)
    return {
        "losses": Simulation(word_count, network=source, cluster=cluster, faults=faults).run(until=6),
        "restart": Simulation(word_count, network=source, cluster=cluster, faults=crash).run(until=8),
    }


class History:
    """The server's REST API and its pages, on this machine only."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"

    def ask(self, question: str = "") -> Any:
        with urlopen(f"{self._url}/api/v1/applications{question}", timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def page(self, path: str) -> str:
        with urlopen(f"{self._url}/history/{path}", timeout=PATIENCE_S) as answer:
            text: str = answer.read().decode()
            return text

    def wait_for(self, applications: int, process: subprocess.Popen[str]) -> None:
        """Until the server lists so many applications."""
        deadline = time.monotonic() + PATIENCE_S
        listed = -1
        while listed < applications:
            assert process.poll() is None, "the History Server has ended"
            assert time.monotonic() < deadline, f"after {PATIENCE_S} s the History Server lists {listed} applications"
            try:
                listed = len(self.ask())
            except (URLError, ConnectionError):
                time.sleep(0.2)


@pytest.fixture(scope="module")
def histories(runs: dict[str, Run], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, History]]:
    """A server for each run, on the folder that `Run.save` wrote."""
    folder = tmp_path_factory.mktemp("history")
    processes = []
    served = {}
    try:
        for name, run in runs.items():
            run.save(folder / f"{name}.eventlog")
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            process = _server(folder / f"{name}.eventlog", port, folder / f"{name}.log")
            processes.append(process)
            served[name] = History(port)
            served[name].wait_for(len(list((folder / f"{name}.eventlog").iterdir())), process)
        yield served
    finally:
        for process in processes:
            process.terminate()
            process.wait(PATIENCE_S)


def _server(logs: Path, port: int, output: Path) -> subprocess.Popen[str]:
    import pyspark

    settings = {
        "spark.history.fs.logDirectory": logs.as_uri(),
        "spark.history.ui.port": port,
        "spark.history.fs.update.interval": "1s",
        "spark.history.fs.cleaner.enabled": "false",
    }
    java = Path(os.environ["JAVA_HOME"]) / "bin" / "java" if "JAVA_HOME" in os.environ else Path("java")
    options = [
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        *(f"-D{name}={value}" for name, value in settings.items()),
    ]
    jars = f"{Path(pyspark.__file__).parent}/jars/*"
    with output.open("w") as file:
        return subprocess.Popen(
            [java, *options, "-cp", jars, "org.apache.spark.deploy.history.HistoryServer"],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"},
            text=True,
        )


@pytest.fixture
def run(runs: dict[str, Run]) -> Run:
    return runs["losses"]


@pytest.fixture
def history(histories: dict[str, History]) -> History:
    return histories["losses"]


def test_the_application_is_listed_with_its_times(run: Run, history: History) -> None:
    [application] = history.ask()
    [attempt] = application["attempts"]
    assert (application["id"], attempt["completed"]) == ("sim-0", True)
    assert attempt["startTime"] == "2026-01-01T00:00:00.000GMT"
    assert attempt["duration"] == round(run.trace.end_ms)


def test_every_job_is_there_with_its_status_and_tasks(run: Run, history: History) -> None:
    ended = {event.job_id: event.succeeded for event in run.trace.of(JobEnd)}
    statuses = {True: "SUCCEEDED", False: "FAILED", None: "FAILED"}  # None: under way when the application ended
    jobs = history.ask("/sim-0/jobs")
    assert {job["jobId"]: job["status"] for job in jobs} == {
        event.job_id: statuses[ended.get(event.job_id)] for event in run.trace.of(JobStart)
    }
    succeeded = Counter(task.job_id for task in run.tasks if task.reason == "Success")
    assert {job["jobId"]: job["numCompletedTasks"] for job in jobs} == {
        job.job_id: succeeded[job.job_id] for job in run.jobs
    }


def test_every_stage_is_there_and_those_that_were_not_needed_are_skipped(run: Run, history: History) -> None:
    statuses = Counter(stage["status"] for stage in history.ask("/sim-0/stages"))
    ours = Counter({"succeeded": "COMPLETE", "failed": "FAILED", "running": "FAILED"}[row.status] for row in run.stages)
    submitted = {event.stage_id for event in run.trace.of(StageSubmitted)}
    named = {stage_id for event in run.trace.of(JobStart) for stage_id in event.stage_ids}
    assert statuses == ours + Counter({"SKIPPED": len(named - submitted)})
    names = {stage["stageId"]: stage["name"] for stage in history.ask("/sim-0/stages?status=complete")}
    assert names == {row.stage_id: row.name for row in run.stages if row.status == "succeeded"}


def test_every_task_is_there_and_failed_ones_say_why(run: Run, history: History) -> None:
    shown = {
        task["taskId"]: task
        for stage in run.stages
        for task in history.ask(f"/sim-0/stages/{stage.stage_id}/{stage.attempt}/taskList?length=1000")
    }
    statuses = {"Success": "SUCCESS", "TaskKilled": "KILLED", None: "RUNNING"}
    assert {task_id: task["status"] for task_id, task in shown.items()} == {
        row.task_id: statuses.get(row.reason, "FAILED") for row in run.tasks
    }
    assert len(shown) == len(run.trace.of(TaskStart))
    failed = [row for row in run.tasks if row.reason in ("ExceptionFailure", "ExecutorLostFailure")]
    assert {row.reason for row in failed} == {"ExceptionFailure", "ExecutorLostFailure"}
    for row in failed:
        assert row.message.partition(": ")[2] in shown[row.task_id]["errorMessage"]
    reading = [row for row in run.tasks if row.records_read and row.reason == "Success"]
    for row in reading:
        assert shown[row.task_id]["taskMetrics"]["inputMetrics"]["recordsRead"] == row.records_read
        assert shown[row.task_id]["duration"] == pytest.approx(row.duration_ms, abs=1)


def test_every_executor_is_there_and_a_lost_one_says_why(run: Run, history: History) -> None:
    shown = {each["id"]: each for each in history.ask("/sim-0/allexecutors") if each["id"] != "driver"}
    assert {name: each["totalCores"] for name, each in shown.items()} == {
        row.executor_id: row.cores for row in run.executors
    }
    assert {name: each.get("removeReason", "") for name, each in shown.items()} == {
        row.executor_id: row.reason for row in run.executors
    }
    assert sum(each["failedTasks"] for each in shown.values()) == sum(
        event.reason not in ("Success", "TaskKilled") for event in run.trace.of(TaskEnd)
    )


def test_the_streaming_properties_are_those_that_sparks_pages_look_for(history: History) -> None:
    settings = dict(history.ask("/sim-0/environment")["sparkProperties"])
    assert settings["spark.streaming.blockInterval"] == "200ms"
    assert settings["spark.master"] == "sim[3,2]"


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens(history: History, page: str) -> None:
    assert "word" in history.page(f"sim-0/{page}")


def test_a_driver_that_died_is_an_unfinished_application(runs: dict[str, Run], histories: dict[str, History]) -> None:
    listed = {each["id"]: each["attempts"][0]["completed"] for each in histories["restart"].ask()}
    assert listed == {"sim-0": False, "sim-0-2": True}
    jobs = [len(histories["restart"].ask(f"/{name}/jobs")) for name in sorted(listed)]
    assert sum(jobs) == len(runs["restart"].jobs)

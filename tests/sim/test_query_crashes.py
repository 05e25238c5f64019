"""A driver that dies at a step of a query's batch: what its files say then, and how the next one goes on."""

from __future__ import annotations

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.sim import AtQueryBatch, Cluster, DriverCrash, QuerySimulation, Run, sink
from sparksim.sql import DataFrame, SparkSession
from sparksim.trace.query_events import QueryBatchPlanned, QueryStarted

FILES = {f"sim://in/{number}.json": (0.0, f'{{"n": {number}}}\n') for number in range(3)}


def program(spark: SparkSession) -> None:
    """Upserts the row of each batch; a batch reads one file."""

    def write(frame: DataFrame, batch: int) -> None:
        for row in frame.collect():
            sink("rows").upsert(batch, row.n)

    numbers = spark.readStream.schema("n LONG").option("maxFilesPerTrigger", 1).json("sim://in").dropDuplicates(["n"])
    numbers.writeStream.foreachBatch(write).option("checkpointLocation", "sim://checkpoint").start()


def crashed(at: AtQueryBatch, restart_after: float | None = None) -> Run:
    faults = [DriverCrash(at, restart_after)]
    return QuerySimulation(program, files=FILES, faults=faults, cluster=Cluster(2, 1)).run(3)


def names(run: Run, folder: str) -> list[str]:
    start = f"sim://checkpoint/{folder}/"
    return [url.removeprefix(start) for url in run.files if url.startswith(start)]


@pytest.mark.parametrize(
    ("step", "offsets", "commits"),
    [
        ("begun", ["0"], ["0"]),
        ("planned", ["0", "1"], ["0"]),
        ("read", ["0", "1"], ["0"]),
        ("states committed", ["0", "1"], ["0"]),
        ("written", ["0", "1"], ["0"]),
        ("committed", ["0", "1"], ["0", "1"]),
    ],
)
def test_what_the_logs_have_when_the_driver_dies(step: str, offsets: list[str], commits: list[str]) -> None:
    run = crashed(AtQueryBatch(1, step))
    assert [name for name in names(run, "offsets") if name.isdigit()] == offsets
    assert [name for name in names(run, "commits") if name.isdigit()] == commits


@pytest.mark.parametrize(
    ("at", "folder", "left"),
    [
        (AtQueryBatch(1, "begun", delay=0.01), "sources/0", [".1.0.tmp", "0"]),
        (AtQueryBatch(1, "begun", delay=0.03), "offsets", [".1.0.tmp", "0"]),
        (AtQueryBatch(1, "written", delay=0.01), "commits", [".1.0.tmp", "0"]),
    ],
    ids=["source", "offsets", "commits"],
)
def test_a_crash_between_writing_a_file_and_naming_it_leaves_one_that_nobody_reads(
    at: AtQueryBatch, folder: str, left: list[str]
) -> None:
    assert names(crashed(at), folder) == left
    again = crashed(at, restart_after=0.2)
    assert {row.key: row.value for row in again.sink("rows").rows} in ({0: 0, 1: 1, 2: 2}, {0: 0, 1: 2})


@pytest.mark.parametrize("step", ["planned", "read", "states committed", "written"])
def test_the_next_run_of_the_query_does_the_batch_again_as_it_was_planned(step: str) -> None:
    run = crashed(AtQueryBatch(1, step), restart_after=0.2)
    first, second = run.trace.of(QueryStarted)
    assert first.query == second.query
    assert first.run != second.run
    planned, again = [event for event in run.trace.of(QueryBatchPlanned) if event.batch == 1]
    assert (planned.run, again.run, planned.again, again.again) == (first.run, second.run, False, True)
    assert (planned.starts, planned.ends, planned.batch_time_ms) == (again.starts, again.ends, again.batch_time_ms)
    assert [(row.key, row.value) for row in run.sink("rows").rows] == [(0, 0), (1, 1), (2, 2)]


def test_a_moment_comes_once_in_a_run() -> None:
    run = crashed(AtQueryBatch(0, "begun"), restart_after=0.2)
    assert len(run.trace.of(QueryStarted)) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch": -1}, "AtQueryBatch(batch=-1): batches of a query are counted from 0"),
        ({"batch": 0, "step": "stored"}, "AtQueryBatch(step='stored'): use one of begun, planned, read"),
        ({"batch": 0, "delay": -1}, "AtQueryBatch(delay=-1): give a number of seconds, 0 or more"),
    ],
)
def test_what_is_no_moment_of_a_query(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(IllegalArgumentError) as error:
        AtQueryBatch(**arguments)  # type: ignore[arg-type]
    assert message in str(error.value)

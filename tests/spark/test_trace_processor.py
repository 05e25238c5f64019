"""Perfetto itself loads the JSON that we write, understands all of it, and counts what we count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sparksim.sim import Cluster, CostModel, ExecutorCrash, Poisson, Run, Simulation
from sparksim.trace.formats.perfetto import write_perfetto
from sparksim.trace.formats.read import read_trace
from tests.spark.trace_processor import Processor

pytestmark = pytest.mark.spark

RECORDED = Path(__file__).parents[1] / "data" / "event_log" / "word_count"


def word_count(ssc: Any) -> None:
    lines = ssc.socketTextStream("localhost", 9999)
    lines.flatMap(lambda line: line.split()).map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).pprint()


@pytest.fixture(scope="module")
def run() -> Run:
    """Its batches take longer than their interval, so that they wait."""
    return Simulation(
        word_count,
        network={"localhost:9999": Poisson(rate=20)},
        cluster=Cluster(executors=3, cores=2),
        cost=CostModel(task_ms=20, record_ms=150),
        faults=[ExecutorCrash("receiver", at=4.2)],
    ).run(until=6.5)


@pytest.fixture(scope="module")
def perfetto(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Processor:
    path = tmp_path_factory.mktemp("perfetto") / "run.perfetto.json"
    run.save(path)
    return Processor(path)


def test_nothing_in_the_file_is_lost_on_perfetto(perfetto: Processor) -> None:
    assert perfetto.errors == {}


def test_every_slice_is_there(run: Run, perfetto: Processor) -> None:
    counted = {row["category"]: row["n"] for row in perfetto.query("select category, count(*) n from slice group by 1")}
    waited = sum(row.scheduling_delay_ms != 0 for row in run.batches)  # those that have not begun included
    assert counted["batch"] == len(run.batches) + waited
    assert counted["job"] == len(run.jobs)
    assert counted["stage"] == len(run.stages)
    assert counted["task"] == len(run.tasks)
    assert counted["block"] == len(run.blocks)
    assert counted["receiver"] == len(run.receivers)


def test_slices_have_their_times_and_arguments(run: Run, perfetto: Processor) -> None:
    rows = perfetto.query(
        "select ts, dur, extract_arg(arg_set_id, 'args.task_id') id from slice where category = 'task' order by id"
    )
    ours = [row for row in run.tasks if row.end_ms is not None and row.duration_ms]
    theirs = {row["id"]: (row["ts"] / 1e6, row["dur"] / 1e6) for row in rows}
    for row in ours:
        assert theirs[row.task_id] == pytest.approx((row.start_ms, row.duration_ms), abs=0.002)


def test_waiting_lies_within_its_batch(perfetto: Processor) -> None:
    rows = perfetto.query(
        "select parent.name from slice join slice parent on slice.parent_id = parent.id where slice.name = 'waiting' "
        "order by slice.ts"
    )
    assert [row["name"] for row in rows] == [f"batch {second} s" for second in (4, 5, 6)]


def test_arrows_go_from_blocks_over_batches_to_tasks(run: Run, perfetto: Processor) -> None:
    rows = perfetto.query(
        "select b.category begin, e.category end, count(*) n from flow "
        "join slice b on flow.slice_out = b.id join slice e on flow.slice_in = e.id group by 1, 2"
    )
    read = sum(len(row.blocks) for row in run.tasks)
    assert {(row["begin"], row["end"]): row["n"] for row in rows} == {("block", "batch"): read, ("batch", "task"): read}


def test_cores_are_threads_of_their_executors(perfetto: Processor) -> None:
    rows = perfetto.query(
        "select process.name process, thread.name thread from thread join process using (upid) "
        "where thread.name glob 'core *' order by 1, 2"
    )
    assert [(row["process"], row["thread"]) for row in rows] == [
        (f"executor {executor}", f"core {core}") for executor in (1, 2, 3) for core in (0, 1)
    ]


def test_curves_are_counters(run: Run, perfetto: Processor) -> None:
    rows = perfetto.query(
        "select value from counter join process_counter_track t on counter.track_id = t.id "
        "where t.name glob 'records of batch*' order by ts"
    )
    assert [row["value"] for row in rows] == run.batches.column("records")


def test_a_log_of_real_spark_loads_too(tmp_path: Path) -> None:
    trace = read_trace(RECORDED)
    write_perfetto(trace, tmp_path / "log.perfetto.json")
    perfetto = Processor(tmp_path / "log.perfetto.json")
    assert perfetto.errors == {}
    assert perfetto.query("select count(*) n from slice where category = 'task'") == [{"n": 39}]

"""Where partitions of states are, what it costs to move rows there, and what a dead executor takes with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sparksim import SparkContext
from sparksim.cluster.cost import CostModel
from sparksim.cluster.faults import ExecutorCrash
from sparksim.sql import SparkSession
from sparksim.sql.streaming.sources.memory import MemoryStream
from sparksim.trace.events import TaskEnd, TaskStart
from sparksim.trace.query_events import QueryStateCommitted
from tests.cluster.stories import backend, cluster, crash, of, sleep
from tests.sql.streaming.batches import Batches

FREE_BUT_RECORDS = CostModel(record_ms=1, shuffle_write_record_ms=0.1, shuffle_read_record_ms=0.01)


@contextmanager
def session(master: str, **more: Any) -> Iterator[tuple[SparkContext, SparkSession]]:
    with cluster(master, **more) as sc:
        yield sc, SparkSession.builder.getOrCreate()


def last_tasks(sc: SparkContext, count: int) -> dict[int, tuple[str, str]]:
    """Where the last tasks ran, by partition, and how near to their data."""
    return {start.index: (start.executor_id, start.locality) for start in of(sc, TaskStart)[-count:]}


def test_a_partition_of_states_is_processed_where_it_is_in_memory(tmp_path: Path) -> None:
    with session("sim[2,2]", seed=3) as (sc, spark):
        stream = MemoryStream(spark, "word string")
        batches = Batches(stream.toDF().groupBy("word").count(), "complete", tmp_path, partitions=4)
        batches.rows()
        first = last_tasks(sc, 4)
        stream.addData(["a", "b", "c"])
        for _ in range(3):
            batches.rows()
            assert last_tasks(sc, 4) == {index: (place, "PROCESS_LOCAL") for index, (place, _) in first.items()}


def test_states_of_a_dead_executor_are_read_from_files_elsewhere(tmp_path: Path) -> None:
    with session("sim[2,2]") as (sc, spark):
        stream = MemoryStream(spark, "word string")
        batches = Batches(stream.toDF().groupBy("word").count(), "complete", tmp_path, partitions=4)
        stream.addData(["a", "b", "a"])
        assert batches.rows() == [("a", 2), ("b", 1)]
        crash(sc, "1")
        sleep(sc, 1000)
        stream.addData(["a"])
        assert batches.rows() == [("a", 3), ("b", 1)]
        assert {place for place, _ in last_tasks(sc, 4).values()} == {"2"}


def test_a_version_that_is_made_again_is_told_once(tmp_path: Path) -> None:
    with session("sim[2,1]") as (sc, spark):
        stream = MemoryStream(spark, "word string")
        batches = Batches(stream.toDF().groupBy("word").count(), "update", tmp_path, partitions=2)
        stream.addData(["a", "b", "c", "a"])
        batch = batches.next()
        assert batches.given(batch) == batches.given(batch) == [("a", 2), ("b", 1), ("c", 1)]
        kept = of(sc, QueryStateCommitted)
        assert sorted((each.partition, each.version) for each in kept) == [(0, 1), (1, 1)]
        assert sum(each.keys for each in kept) == 3


@pytest.mark.parametrize("crash_ms", [3, 11, 13, 22, 26, 30, 32])
def test_an_executor_may_die_at_any_moment_of_a_batch(tmp_path: Path, crash_ms: int) -> None:
    cost = CostModel(task_ms=10, record_ms=1, log_write_ms=10, detect_loss_ms=5)
    dies = ExecutorCrash(1, at=crash_ms / 1000, restart_after=0.01)
    with session("sim[2,1]", cost=cost, faults=[dies]) as (sc, spark):
        stream = MemoryStream(spark, "word string")
        batches = Batches(stream.toDF().groupBy("word").count(), "update", tmp_path, partitions=2)
        stream.addData(["a", "b", "a"])
        stream.addData(["c", "a"])
        assert batches.rows() == [("a", 3), ("b", 1), ("c", 1)]
        assert backend(sc).clock.now_ms > crash_ms
        metrics = batches.physical.metrics()
        assert (metrics.rows_read, metrics.operators[0].total) == ({0: 5}, 3)


def test_rows_are_paid_for_where_they_are_read_and_moved(tmp_path: Path) -> None:
    with session("sim[1,1]", cost=FREE_BUT_RECORDS) as (sc, spark):
        stream = MemoryStream(spark, "word string")
        batches = Batches(stream.toDF().groupBy("word").count(), "update", tmp_path, partitions=1)
        stream.addData(["a", "b", "a"])
        began_ms = backend(sc).clock.now_ms
        batches.rows()
        mapped, reduced = of(sc, TaskEnd)
        assert (mapped.records_read, mapped.shuffle_written, reduced.shuffle_read) == (3, 2, 2)
        assert round(backend(sc).clock.now_ms - began_ms, 6) == 3 + 0.2 + 0.02


def test_snapshots_are_written_when_it_is_time(tmp_path: Path) -> None:
    with session("sim[1,1]") as (_, spark):
        spark.conf.set("spark.sql.streaming.stateStore.minDeltasForSnapshot", 2)
        spark.conf.set("spark.sql.streaming.stateStore.maintenanceInterval", "10s")
        stream = MemoryStream(spark, "word string")
        batches = Batches(stream.toDF().groupBy("word").count(), "update", tmp_path, partitions=1)
        for second in (0, 5, 9, 11, 20):
            stream.addData(["a"])
            batches.given(batches.next(batch_ms=second * 1000))
        files = sorted(path.name for path in (tmp_path / "state" / "0" / "0").iterdir() if path.suffix == ".snapshot")
        assert files == ["4.snapshot"]

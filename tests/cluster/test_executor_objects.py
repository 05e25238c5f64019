"""Chunks are paid for row by row, and tasks leave objects in their executor for later tasks."""

from __future__ import annotations

from typing import Any

import pytest

from sparksim.cluster.cost import CostModel
from sparksim.cluster.faults import ExecutorCrash
from sparksim.core import counted
from sparksim.core.context import SparkContext
from sparksim.core.task_context import TaskContext
from sparksim.trace.events import TaskEnd
from tests.cluster.stories import RECORD_1_MS, backend, cluster, crash, now_ms, of, sleep


class Chunk:
    """Rows that are only counted."""

    def __init__(self, rows: int) -> None:
        self.rows = rows


@pytest.fixture(autouse=True)
def chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(counted.ROWS, Chunk, lambda chunk: chunk.rows)


def test_a_chunk_costs_what_its_rows_cost() -> None:
    with cluster("sim[1,1]", cost=RECORD_1_MS) as sc:
        sc.parallelize([Chunk(3), Chunk(0), Chunk(4)], 1).count()
        assert now_ms(sc) == 7
        assert [end.records_read for end in of(sc, TaskEnd)] == [7]


def test_a_task_that_dies_in_a_chunk_has_read_some_of_its_rows() -> None:
    late_news = RECORD_1_MS.with_(detect_loss_ms=10)
    with cluster("sim[1,1]", cost=late_news, faults=[ExecutorCrash(1, at=0.0055, restart_after=0)]) as sc:
        assert sc.parallelize([Chunk(3), Chunk(4)], 1).count() == 2
        assert [end.records_read for end in of(sc, TaskEnd)] == [5, 7]


def test_chunks_are_written_to_a_shuffle_at_the_price_of_their_rows() -> None:
    with cluster("sim[1,1]", cost=CostModel(shuffle_write_record_ms=1)) as sc:
        sc.parallelize([(0, Chunk(3)), (0, Chunk(4))], 1).partitionBy(1).count()
        assert now_ms(sc) == 7
        assert [end.shuffle_written for end in of(sc, TaskEnd)] == [7, 0]


def counted_calls(_: Any) -> int:
    """How often a task was here before in this executor."""
    task = TaskContext.get()
    assert task is not None
    calls: list[int] = task.services.local(("calls", task.partitionId()), list)
    calls.append(1)
    return len(calls)


def test_an_executor_keeps_objects_as_long_as_it_lives() -> None:
    with cluster("sim[1,2]") as sc:
        calls = sc.parallelize([0, 1], 2).map(counted_calls)
        assert [calls.collect(), calls.collect()] == [[1, 1], [2, 2]]
        crash(sc, "1", restart_after_ms=0)
        sleep(sc, 10)
        assert calls.collect() == [1, 1]


def test_objects_are_forgotten_by_their_keys() -> None:
    with cluster("sim[1,2]") as sc:
        calls = sc.parallelize([0, 1], 2).map(counted_calls)
        calls.collect()
        [executor] = backend(sc).executors
        executor.forget(lambda key: key == ("calls", 1))
        assert calls.collect() == [2, 1]


def test_a_live_executor_keeps_objects_too() -> None:
    with SparkContext("local[2]", "objects") as sc:
        calls = sc.parallelize([0, 1], 2).map(counted_calls)
        assert [calls.collect(), calls.collect()] == [[1, 1], [2, 2]]


def test_a_task_knows_where_it_is() -> None:
    with cluster("sim[1,2]") as sc:
        [place] = sc.parallelize([0], 1).map(lambda _: TaskContext.get().services.location).collect()
        assert place == "executor_host-1_1"

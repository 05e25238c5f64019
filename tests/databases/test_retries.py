"""What is written again when a task or a batch runs again: doubled rows in ways 2 to 4, the same rows in way 5."""

from __future__ import annotations

from collections import Counter
from types import ModuleType
from typing import Any

import pytest
from record_store import engine
from sqlalchemy import event

from sparksim import SparkContext, TaskContext
from sparksim.core.errors import SparkJobError
from sparksim.sim import ExecutorCrash, Replay, Run, simulate_script
from tests.databases.conftest import EXAMPLES_DIR
from tests.databases.saved import BATCHES, NOON, PER_PARTITION, WAYS, empty_tables, name_of, saved

SENT = [f"record {number}" for number in range(60)]
each_way = pytest.mark.parametrize("way", WAYS, ids=name_of)


def simulated(way: ModuleType, url: str, *faults: ExecutorCrash) -> Run:
    load = Replay([(1 + number * 0.02, record) for number, record in enumerate(SENT)])
    program = EXAMPLES_DIR / f"{way.__name__}.py"
    surroundings: dict[str, Any] = {"network": {"localhost:9999": load}, "faults": faults}
    return simulate_script(program, args=("localhost", "9999", url), until=6, **surroundings)


def crash_in_a_task(run: Run) -> ExecutorCrash:
    """What kills an executor that runs no receiver, in a run like this one, while a task is half through a block."""
    [receiver] = run.receivers
    task = next(task for task in run.tasks if task.records_read > 5 and task.executor_id != receiver.executor_id)
    assert task.end_ms is not None
    return ExecutorCrash(task.executor_id, at=(task.end_ms - 3.5) / 1000)


@each_way
def test_a_task_that_a_crash_interrupts_runs_again(way: ModuleType, url: str) -> None:
    crash = crash_in_a_task(simulated(way, url))
    empty_tables(url)
    run = simulated(way, url, crash)
    written_in_vain = sum(task.records_read for task in run.tasks if task.reason == "ExecutorLostFailure")
    assert written_in_vain > 0
    found = saved(url)
    assert set(found) == set(SENT)
    assert found.total() - len(SENT) == (0 if way is BATCHES else written_in_vain)


@each_way
def test_a_batch_that_runs_again_doubles_its_rows_unless_they_have_a_key(
    way: ModuleType, url: str, sc: SparkContext
) -> None:
    batch = sc.parallelize(SENT, 4)
    way.save(url, NOON, batch)
    way.save(url, NOON, batch)
    times = 1 if way is BATCHES else 2
    assert saved(url) == Counter(SENT * times)


@pytest.mark.parametrize(
    ("way", "arguments", "times"), [(PER_PARTITION, (), 2), (BATCHES, (2,), 1)], ids=["per_partition", "batches"]
)
def test_a_task_that_dies_after_its_last_commit_runs_again(
    way: ModuleType, arguments: tuple[int, ...], times: int, url: str, sc: SparkContext
) -> None:
    def save_and_die(records: Any) -> None:
        way.save_partition(url, *arguments, 1000, records)
        if TaskContext.get().attemptNumber() == 0:
            raise ConnectionResetError("the driver never heard that this task had succeeded")

    sc.parallelize(SENT, 4).foreachPartition(save_and_die)
    assert saved(url) == Counter(SENT * times)


def test_a_transaction_that_fails_half_way_leaves_nothing(
    url: str, sc: SparkContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BATCHES, "ROWS_PER_STATEMENT", 10)

    @event.listens_for(engine(url, sc.defaultParallelism), "before_cursor_execute")
    def refuse_the_last_rows(_connection: Any, _cursor: Any, _statement: str, parameters: Any, *_: Any) -> None:
        if "record 59" in str(parameters):
            raise OSError("the disk is full")

    with pytest.raises(SparkJobError, match="the disk is full"):
        BATCHES.save(url, NOON, sc.parallelize(SENT, 2))
    assert saved(url) == Counter(SENT[:30])

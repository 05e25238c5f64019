"""What lessons 13 to 16 say in words, beside what their cells show."""

from __future__ import annotations

import pytest

from sparksim import StorageLevel
from sparksim.cluster.speculation import Median, Speculation
from sparksim.sim import Cluster, Constant, DriverCrash, ExecutorCrash, Run, Simulation, SlowDisk, SlowExecutor
from sparksim.trace.events import StreamingRecovered

CHECKPOINT = "sim://checkpoint"
LOG = "spark.streaming.receiver.writeAheadLog.enable"


def count_lines(ssc) -> None:
    lines = ssc.socketTextStream("localhost", 9999)
    lines.map(lambda line: (line, 1)).reduceByKey(lambda a, b: a + b).pprint()


def simulated(*faults, batch: float = 2.0, until: float = 15.0, rate: float = 50, **settings) -> Run:
    return Simulation(
        count_lines,
        network={"localhost:9999": Constant(rate, "line")},
        batch=batch,
        cluster=settings.pop("cluster", Cluster(3, 2)),
        faults=faults,
        seed=1,
        **settings,
    ).run(until=until)


def test_lesson_13_two_deaths_at_once_take_the_blocks_whose_two_copies_lay_there() -> None:
    run = simulated(ExecutorCrash("receiver", 7.3), ExecutorCrash("other", 7.3))
    dead = {row.executor_id for row in run.executors if row.removed_ms is not None}
    waiting = run.blocks.where(lambda block: block.holders and (block.added_ms or 1e9) < 7300, batch_time_ms=8000)
    assert {block.fate == "lost" for block in waiting if dead.issuperset(block.holders)} == {True}
    assert {block.fate for block in waiting if not dead.issuperset(block.holders)} == {"processed"}


def test_lesson_13_a_batch_that_failed_is_never_run_again() -> None:
    run = simulated(ExecutorCrash("receiver", 8.05), storage_level=StorageLevel.MEMORY_AND_DISK)
    assert [batch.failed for batch in run.batches.where(batch_time_ms=8000)] == [True]


def test_lesson_14_the_batches_of_the_first_question() -> None:
    """Batches of 5 s, those of 15 and 20 unfinished, the driver back at 33.2 s."""
    slow = [SlowExecutor(each, 14.9, factor=1000) for each in ("1", "2", "3")]
    crash = DriverCrash(21.0, restart_after=12.2)
    run = simulated(*slow, crash, batch=5.0, until=36, checkpoint=CHECKPOINT)
    (recovered,) = [event for event in run.trace if isinstance(event, StreamingRecovered)]
    assert (recovered.checkpoint_ms, recovered.pending) == (20_000, (15_000, 20_000))
    assert (recovered.batches, recovered.restart_ms) == ((15_000, 20_000, 25_000, 30_000), 35_000)


def test_lesson_15_a_slow_log_leaves_ten_blocks_waiting_and_cuts_larger_ones() -> None:
    slow = SlowDisk("receiver", 4, factor=30)
    run = simulated(slow, until=24, conf={LOG: True}, checkpoint=CHECKPOINT)
    blocks = run.blocks.where(lambda block: block.generated_ms is not None)
    waiting = [
        sum(each.generated_ms <= block.generated_ms < (each.stored_ms or 1e9) for each in blocks) for block in blocks
    ]
    assert max(waiting) == 10 + 2  # ten in the queue, one being stored, one in the hands of the timer
    assert max(blocks.column("records")) > 10


@pytest.mark.parametrize(
    ("durations", "tasks", "running_ms", "copied"),
    [([20, 30, 40], 4, 90, False), ([20, 30, 40], 4, 101, True), ([20, 30], 4, 101, False)],
)
def test_lesson_16_the_rule_of_the_first_question(durations, tasks, running_ms, copied) -> None:
    threshold_ms = Speculation().slower_than_ms(tasks, len(durations), Median(durations))
    assert (threshold_ms is not None and running_ms > threshold_ms) is copied

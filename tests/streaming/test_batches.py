"""Which batch a record belongs to, and what becomes of blocks that are lost."""

import pytest

from sparksim import StorageLevel
from sparksim.cluster.cost import TEACHING
from sparksim.cluster.faults import ExecutorCrash
from sparksim.core.errors import SparkJobError
from sparksim.trace.events import (
    BatchCompleted,
    BatchSubmitted,
    BlockAdded,
    BlocksAllocated,
    RecordsLost,
    TaskEnd,
)
from tests.streaming.fakes import Scripted, every


def block_number(block_id):
    return int(block_id.rsplit("-", 1)[1])


def test_the_block_that_is_cut_at_a_batch_time_falls_into_the_next_batch(app):
    app = app()
    app.collect(app.ssc.receiverStream(Scripted(every(0.05))))
    app.run(5.1)
    later = [event for event in app.of(BlocksAllocated) if event.batch_time_ms >= 3000]
    assert [[block_number(each) for each in event.block_ids] for event in later] == [
        [batch_ms - 1200 + 200 * i for i in range(5)] for batch_ms in (3000, 4000, 5000)
    ]


def test_the_first_batch_has_at_most_the_blocks_before_the_last_interval(app):
    app = app()
    app.collect(app.ssc.receiverStream(Scripted(every(0.01))))
    app.run(2)
    first = app.of(BlocksAllocated)[0]
    assert [block_number(each) for each in first.block_ids] == [200 * i for i in range(5 - len(first.block_ids) - 1, 4)]


def test_a_batch_has_one_partition_per_block_and_an_idle_receiver_none(app):
    app = app()
    partitions = []
    stream = app.ssc.receiverStream(Scripted(every(0.2, records=3)))
    stream.foreachRDD(lambda rdd: partitions.append(rdd.getNumPartitions()))
    app.run(4.5)
    assert sum(partitions) == 3
    assert partitions[-1] == 0


def test_a_slow_transform_delays_the_batches_behind_it_and_they_get_more_blocks(app):
    app = app()

    def slow(time, rdd):
        if app.clock.time_ms(time) == 3000:
            app.clock.sleep(2500)
        return rdd

    app.collect(app.ssc.receiverStream(Scripted(every(0.05))).transform(slow))
    app.run(8)
    blocks = {event.batch_time_ms: len(event.block_ids) for event in app.of(BlocksAllocated)}
    allocated_ms = {event.batch_time_ms: event.time_ms for event in app.of(BlocksAllocated)}
    assert blocks[3000] == 5
    assert blocks[4000] > 10, "it was generated at 5.5 s"
    assert blocks[5000] == 0, "it came right behind"
    assert allocated_ms[4000] > 5500
    assert allocated_ms[7000] == 7000


def test_an_action_in_a_transform_blocks_the_generator_but_no_batch_is_skipped(app):
    app = app(cost=TEACHING.with_(job_start_ms=1500))
    app.collect(app.ssc.queueStream([[1]] * 9).transform(lambda rdd: rdd.filter(lambda x: x) if rdd.count() else rdd))
    app.run(9)
    submitted = app.of(BatchSubmitted)
    assert [event.batch_time_ms for event in submitted] == list(range(1000, 1000 * (len(submitted) + 1), 1000))
    assert submitted[3].time_ms > 6000


def test_blocks_lost_before_generation_shrink_the_batch_with_a_warning(app):
    receiver = Scripted(every(0.05))
    receiver.storageLevel = StorageLevel.MEMORY_ONLY
    app = app(faults=[ExecutorCrash("receiver", at=3.85)])
    app.collect(app.ssc.receiverStream(receiver))
    app.run(8)
    in_blocks = [event for event in app.of(RecordsLost) if "before the batch's jobs" in event.reason]
    assert [block_number(event.block_id) for event in in_blocks] == [2800, 3000, 3200, 3400, 3600]
    assert "batch 4000 ms goes on without 5 of the 5 blocks of stream 0: no executor holds a copy of them any more" in (
        app.warnings()
    )
    assert not any(event.failed for event in app.of(BatchCompleted))


def test_replicated_blocks_survive_the_crash_of_their_receiver(app):
    app = app(faults=[ExecutorCrash("receiver", at=3.85)])
    app.collect(app.ssc.receiverStream(Scripted(every(0.05))))
    app.run(6)
    assert all("before the batch's jobs" not in event.reason for event in app.of(RecordsLost))
    assert not any("goes on without" in warning for warning in app.warnings())


def test_blocks_lost_after_generation_fail_the_batch_and_the_next_go_on(app):
    """Batch 3000 is being processed, slowly, when the only copies of its blocks go."""
    receiver = Scripted(every(0.05))
    receiver.storageLevel = StorageLevel.MEMORY_ONLY
    app = app(faults=[ExecutorCrash("receiver", at=3.1)], cost=TEACHING.with_(record_ms=40))
    app.collect(app.ssc.receiverStream(receiver))
    app.ssc.start()
    with pytest.raises(SparkJobError, match=r"failed 4 times.*Could not compute split, block input-0-"):
        app.ssc.awaitTermination()
    app.clock.sleep(5000)
    failed = [event.batch_time_ms for event in app.of(BatchCompleted) if event.failed]
    assert failed == [3000]
    assert any(event.batch_time_ms > 3000 and not event.failed for event in app.of(BatchCompleted))
    assert any("Could not compute split" in event.message for event in app.of(TaskEnd))


def test_every_record_of_an_undisturbed_run_comes_out_once_and_in_order(app):
    app = app()
    batches = app.collect(app.ssc.receiverStream(Scripted(every(0.03, records=100))))
    app.run(8)
    assert [record for _, batch in batches for record in batch] == list(range(100))
    assert sum(event.records for event in app.of(BlockAdded)) == 100

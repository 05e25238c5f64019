"""Batches are generated on time, processed in order, and a failure does not stop the application."""

import pytest

from sparksim.cluster.cost import FREE, TEACHING
from sparksim.core.errors import IllegalArgumentError, SparkException
from sparksim.streaming.input_info import InputInfoTracker
from sparksim.streaming.received_blocks import ReceivedBlockInfo, ReceivedBlockTracker
from sparksim.trace.events import (
    BatchCompleted,
    BatchStarted,
    BatchSubmitted,
    BlockRemoved,
    JobGenerationFailed,
    JobStart,
    OutputOperationCompleted,
    OutputOperationStarted,
    StreamingStarted,
)
from tests.streaming.fakes import Scripted, every

BATCH_EVENTS = (BatchSubmitted, BatchStarted, OutputOperationStarted, OutputOperationCompleted, BatchCompleted)


def story(app):
    """The batch events as short texts."""
    return [
        f"{type(event).__name__}{getattr(event, 'output_op', '')} {event.batch_time_ms}"
        for event in app.of(*BATCH_EVENTS)
    ]


def test_the_order_of_events_of_a_batch(app):
    app = app()
    stream = app.ssc.queueStream([[1]])
    stream.foreachRDD(lambda rdd: rdd.count())
    stream.foreachRDD(lambda rdd: None)
    app.run(1.9)
    assert story(app) == [
        "BatchSubmitted 1000",
        "BatchStarted 1000",
        "OutputOperationStarted0 1000",
        "OutputOperationCompleted0 1000",
        "OutputOperationStarted1 1000",
        "OutputOperationCompleted1 1000",
        "BatchCompleted 1000",
    ]


def test_the_first_batch_comes_at_the_next_multiple_of_the_interval(app):
    app = app(batch=2)
    app.clock.sleep(3100)
    app.collect(app.ssc.queueStream([[1], [2]]))
    app.run(9)
    (started,) = app.of(StreamingStarted)
    assert (started.batch_ms, started.zero_ms) == (2000, 2000)
    assert [event.batch_time_ms for event in app.of(BatchSubmitted)] == [4000, 6000, 8000]


def test_batches_queue_up_behind_a_slow_one_and_none_is_skipped(app):
    app = app()
    app.ssc.queueStream([]).foreachRDD(lambda time, rdd: app.clock.sleep(2500 if time.second == 1 else 0))
    app.run(6)
    assert [event.batch_time_ms for event in app.of(BatchSubmitted)] == [1000, 2000, 3000, 4000, 5000]
    started_ms = [event.time_ms for event in app.of(BatchStarted)]
    assert started_ms[1] == app.of(BatchCompleted)[0].time_ms > 3500


def test_two_concurrent_jobs_overlap(app):
    app = app(settings={"spark.streaming.concurrentJobs": "2"})
    stream = app.ssc.queueStream([[1]])
    stream.foreachRDD(lambda rdd: app.clock.sleep(600))
    stream.foreachRDD(lambda rdd: app.clock.sleep(200))
    app.run(1.95)
    assert story(app)[2:] == [
        "OutputOperationStarted0 1000",
        "OutputOperationStarted1 1000",
        "OutputOperationCompleted1 1000",
        "OutputOperationCompleted0 1000",
        "BatchCompleted 1000",
    ]


def test_spark_jobs_of_an_output_know_their_batch(app):
    app = app()
    app.ssc.queueStream([[1]]).foreachRDD(lambda rdd: rdd.count())
    app.run(1.9)
    (job,) = app.of(JobStart)
    assert (job.batch_time_ms, job.output_op) == (1000, 0)
    assert job.description == "Streaming job from output operation 0, batch time 1000 ms"


def boom(rdd):
    raise ValueError("boom")


def test_a_failed_batch_is_raised_where_the_program_waits_and_later_batches_go_on(app):
    app = app()
    app.ssc.queueStream([[1], [2], [3]]).foreachRDD(lambda rdd: boom(rdd) if rdd.collect() == [2] else None)
    app.ssc.start()
    with pytest.raises(ValueError, match="boom"):
        app.ssc.awaitTermination()
    assert app.clock.now_ms < 2200
    app.clock.sleep(3000)
    assert [event.failed for event in app.of(BatchCompleted)][:4] == [False, True, False, False]
    (failure,) = [event.failure for event in app.of(OutputOperationCompleted) if event.failure]
    assert failure.startswith("Traceback (most recent call last):\n")
    assert failure.endswith("ValueError: boom")
    with pytest.raises(ValueError, match="boom"):
        app.ssc.awaitTerminationOrTimeout(1)


@pytest.mark.parametrize(("outputs", "pending"), [([boom, len], []), ([len, boom], [2000])], ids=["first", "last"])
def test_only_a_batch_whose_last_job_failed_stays_pending(app, outputs, pending):
    app = app()
    stream = app.ssc.queueStream([[1], [2]])
    for output in outputs:
        stream.foreachRDD(_only_in_batch_2(output))
    app.ssc.start()
    with pytest.raises(ValueError, match="boom"):
        app.ssc.awaitTermination()
    app.clock.sleep(1500)
    assert app.ssc._scheduler.pending_times_ms == pending


class NeedsTwo(Exception):
    def __init__(self, text, position):
        super().__init__(f"{text} at {position}")


def test_an_exception_that_cannot_be_copied_reaches_the_program(app):
    def output(rdd):
        raise NeedsTwo("broken", 3)

    app = app()
    app.ssc.queueStream([[1]]).foreachRDD(output)
    app.ssc.start()
    with pytest.raises(NeedsTwo, match="broken at 3"):
        app.ssc.awaitTermination()


def _only_in_batch_2(output):
    return lambda time, rdd: output([]) if time.second == 2 else None


def test_a_failing_transform_fails_the_generation_and_its_blocks_are_given_up(app):
    app = app()

    def fail_at_3(time, rdd):
        if time.second == 3:
            raise KeyError("no such table")
        return rdd

    batches = app.collect(app.ssc.receiverStream(Scripted(every(0.05))).transform(fail_at_3))
    app.ssc.start()
    with pytest.raises(KeyError, match="no such table"):
        app.ssc.awaitTermination()
    app.clock.sleep(3000)
    (failed,) = app.of(JobGenerationFailed)
    assert failed.batch_time_ms == 3000
    assert "KeyError: 'no such table'" in failed.message
    assert 3000 not in [time_ms for time_ms, _ in batches]
    assert 3000 not in [event.batch_time_ms for event in app.of(BatchSubmitted)]
    before = [record for time_ms, batch in batches if time_ms < 3000 for record in batch]
    after = [record for time_ms, batch in batches if time_ms > 3000 for record in batch]
    assert after[0] - before[-1] == 21, "the twenty records of the batch are skipped"


def test_a_batch_without_jobs_leaves_no_trace(app):
    app = app()
    app.ssc.queueStream([[1]] * 5).transform(lambda time, rdd: rdd if time.second % 2 else None).foreachRDD(len_of)
    app.run(4.9)
    assert [event.batch_time_ms for event in app.of(*BATCH_EVENTS) if isinstance(event, BatchSubmitted)] == [1000, 3000]


def len_of(rdd):
    return rdd.count()


def test_output_numbers_count_the_jobs_of_the_batch(app):
    app = app()
    stream = app.ssc.queueStream([[1]] * 3)
    stream.transform(lambda time, rdd: rdd if time.second == 1 else None).foreachRDD(len_of)
    stream.foreachRDD(len_of)
    app.run(2.9)
    assert [(e.batch_time_ms, e.output_op) for e in app.of(OutputOperationStarted)] == [(1000, 0), (1000, 1), (2000, 0)]


def test_received_blocks_are_removed_one_batch_later(app):
    app = app()
    app.collect(app.ssc.receiverStream(Scripted(every(0.1))))
    app.run(6)
    removed_at = {int(event.block_id.rsplit("-", 1)[1]): event.time_ms for event in app.of(BlockRemoved)}
    completed = {event.batch_time_ms: event.time_ms for event in app.of(BatchCompleted)}
    assert removed_at[1800] == pytest.approx(completed[4000], abs=1), "block 1800 belongs to batch 3000"


@pytest.mark.parametrize(("settings", "remember"), [({"spark.streaming.unpersist": "false"}, None), ({}, 60)])
def test_blocks_stay_when_asked_to(app, settings, remember):
    app = app(settings=settings)
    if remember:
        app.ssc.remember(remember)
    app.collect(app.ssc.receiverStream(Scripted(every(0.1))))
    app.run(6)
    assert not app.of(BlockRemoved)


def test_a_removed_batch_cannot_be_read_again(app):
    app = app()
    kept = []
    app.ssc.receiverStream(Scripted(every(0.1))).foreachRDD(kept.append)
    app.run(6)
    with pytest.raises(SparkException, match="after its blocks have been removed"):
        kept[2].count()


def test_slice_gives_the_remembered_batches(app):
    app = app()
    app.ssc.remember(10)
    stream = app.ssc.queueStream([[1], [2], [3], [4]])
    app.collect(stream)
    app.run(4.5)
    assert [rdd.collect() for rdd in stream.slice(1.2, 3.9)] == [[1], [2], [3]]


def test_the_tracker_gives_each_batch_the_whole_queue_once():
    tracker = ReceivedBlockTracker([0, 1])
    first, second = (ReceivedBlockInfo(0, f"input-0-{n}", 5) for n in (0, 200))
    tracker.add_block(first)
    assert tracker.allocate_blocks_to_batch(1000) == {0: [first], 1: []}
    tracker.add_block(second)
    assert tracker.allocate_blocks_to_batch(1000) == {}, "a batch is given blocks once"
    assert tracker.has_unallocated_blocks
    assert tracker.unallocated(0) == [second]
    tracker.allocate_blocks_to_batch(2000)
    assert tracker.blocks_of_batch(2000, 0) == [second]
    assert tracker.cleanup_old_batches(2000, now_ms=2500) == [1000]
    assert tracker.blocks_of_batch(1000, 0) == []
    with pytest.raises(IllegalArgumentError, match="threshold_ms=3000 is not in the past: it is 2500 ms now"):
        tracker.cleanup_old_batches(3000, now_ms=2500)


def test_an_input_reports_once_per_batch():
    info = InputInfoTracker()
    info.report(1000, 1, 7)
    info.report(1000, 0, 3)
    assert info.of_batch(1000) == ((0, 3), (1, 7))
    with pytest.raises(SparkException, match="already"):
        info.report(1000, 1, 7)
    info.report(2000, 0, 1)
    info.cleanup(2000)
    assert info.of_batch(1000) == ()
    assert info.of_batch(2000) == ((0, 1),)


@pytest.mark.parametrize("cost", [FREE, TEACHING])
def test_a_whole_run_keeps_the_invariants(app, cost):
    from sparksim.trace.checks import check_trace

    app = app(cost=cost)
    app.collect(app.ssc.receiverStream(Scripted(every(0.05))).map(lambda x: (x % 3, x)).reduceByKey(max))
    app.run(6)
    app.ssc.stop(stopSparkContext=True, stopGraceFully=True)
    assert check_trace(app.trace) == []

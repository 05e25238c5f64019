"""Stopping: gracefully, everything received is processed; otherwise what is pending is dropped."""

import pytest

from sparksim.cluster.cost import TEACHING
from sparksim.core.errors import IllegalStateError
from sparksim.streaming import StreamingContext, StreamingListener
from sparksim.trace.events import (
    BatchCompleted,
    BatchStarted,
    BatchSubmitted,
    BlockAdded,
    OutputOperationCompleted,
    ReceiverStopped,
    StreamingStopped,
)
from tests.streaming.fakes import Scripted, every


def stop(app, graceful):
    app.ssc.stop(stopSparkContext=False, stopGraceFully=graceful)


def test_a_graceful_stop_processes_everything_received(app):
    app = app()
    batches = app.collect(app.ssc.receiverStream(Scripted(every(0.05))))
    app.run(5.33)
    stop(app, graceful=True)
    processed = [record for _, batch in batches for record in batch]
    assert processed == list(range(len(processed)))
    assert len(processed) == sum(block.records for block in app.of(BlockAdded)) > 80
    assert app.of(ReceiverStopped)[0].message == "Stopped by driver"
    (stopped,) = app.of(StreamingStopped)
    assert stopped.graceful


def test_a_graceful_stop_goes_on_until_the_last_block_has_a_batch_and_for_two_more_batches(app):
    app = app()
    app.collect(app.ssc.receiverStream(Scripted(every(0.05))))
    app.run(5.33)
    stop(app, graceful=True)
    after = {event.batch_time_ms: event.records for event in app.of(BatchSubmitted) if event.batch_time_ms > 5000}
    assert list(after) == [6000, 7000, 8000]
    assert after[7000] == after[8000] == ((0, 0),)
    assert {e.batch_time_ms for e in app.of(BatchSubmitted)} == {e.batch_time_ms for e in app.of(BatchCompleted)}


def test_with_a_checkpoint_directory_a_graceful_stop_cannot_give_blocks_to_batches_any_more(app):
    """The driver's log closes with the receivers. Spark 3.5.9 does the same: 50 of 241 records, and the full wait."""
    app = app()
    batches = app.collect(app.ssc.receiverStream(Scripted(every(0.05))))
    app.ssc.checkpoint("memory://graceful-stop")
    app.run(5.33)
    stop(app, graceful=True)
    (stopped,) = app.of(StreamingStopped)
    assert stopped.time_ms - 5330 > 10 * 1000
    late = [records for time_ms, records in batches if time_ms > 5000]
    assert len(late) >= 10
    assert not any(late)
    assert sum(block.records for block in app.of(BlockAdded)) > sum(len(records) for _, records in batches)
    assert any("BatchAllocationEvent could not be written to the log" in warning for warning in app.warnings())


def test_a_graceful_stop_waits_for_the_batches_that_queue(app):
    app = app("sim[1,2]", cost=TEACHING.with_(record_ms=30))
    batches = app.collect(app.ssc.receiverStream(Scripted(every(0.02))))
    app.run(6)
    waiting = len(app.of(BatchSubmitted)) - len(app.of(BatchCompleted))
    assert waiting > 1
    app.ssc._backend.conf.set("spark.streaming.gracefulStopTimeout", "1000s")
    stop(app, graceful=True)
    processed = [record for _, batch in batches for record in batch]
    assert processed == list(range(len(processed)))
    assert len(processed) == sum(block.records for block in app.of(BlockAdded))


def test_a_last_batch_without_jobs_makes_a_graceful_stop_wait_its_whole_time(app):
    app = app()
    app.ssc.queueStream([]).transform(lambda rdd: None).pprint()
    app.run(2.5)
    stop(app, graceful=True)
    assert app.clock.now_ms == pytest.approx(2500 + 10_000, abs=100)


def test_the_graceful_wait_is_a_setting(app):
    app = app(settings={"spark.streaming.gracefulStopTimeout": "3s"})
    app.ssc.queueStream([]).transform(lambda rdd: None).pprint()
    app.run(2.5)
    stop(app, graceful=True)
    assert app.clock.now_ms == pytest.approx(2500 + 3_000, abs=100)


def test_an_ungraceful_stop_gives_the_queue_two_seconds_and_drops_the_rest(app):
    app = app("sim[1,2]", cost=TEACHING.with_(record_ms=50))
    app.collect(app.ssc.receiverStream(Scripted(every(0.02))))
    app.run(8)
    begun_ms = app.clock.now_ms
    stop(app, graceful=False)
    assert app.clock.now_ms - begun_ms < 3000
    submitted = len(app.of(BatchSubmitted))
    app.clock.sleep(10_000)
    assert len(app.of(BatchSubmitted)) == submitted
    assert len(app.of(BatchStarted)) < submitted
    assert app.trace.end_ms <= begun_ms + 3000 + 2500, "what ran was struck down"
    assert app.of(OutputOperationCompleted)[-1].failure.endswith("the streaming context was stopped")
    assert app.ssc.awaitTerminationOrTimeout(1) is True, "being stopped is no error"


def test_no_batch_is_generated_after_an_ungraceful_stop(app):
    app = app()
    app.ssc.queueStream([]).transform(lambda rdd: app.clock.sleep(3000) or rdd).pprint()
    app.run(3.5)
    stop(app, graceful=False)
    app.clock.sleep(10_000)
    assert not app.of(BatchSubmitted)


def test_an_output_operation_may_stop_its_context(app):
    """As in Spark, it takes the two seconds that the pool is waited for."""
    app = app()

    def stop_at_2(time, rdd):
        if time.second == 2:
            stop(app, graceful=False)

    app.ssc.queueStream([]).foreachRDD(stop_at_2)
    app.ssc.start()
    app.ssc.awaitTermination()
    assert 4000 < app.clock.now_ms < 4300
    assert StreamingContext.getActive() is None
    app.clock.sleep(100)
    assert [event.batch_time_ms for event in app.of(BatchCompleted)] == [1000, 2000]


def test_a_listener_cannot_stop_its_context(app):
    heard = []

    class Stopper(StreamingListener):
        def onBatchCompleted(self, batchCompleted):
            try:
                stop(app, graceful=False)
            except IllegalStateError as error:
                heard.append(str(error))

    app = app()
    app.ssc.addStreamingListener(Stopper())
    app.collect(app.ssc.queueStream([]))
    app.run(1.9)
    assert heard == [
        "a StreamingListener cannot stop its context: the context waits for its listeners. Set a flag in the listener, "
        "and call stop() where the program waits"
    ]
    assert StreamingContext.getActive() is app.ssc


def test_stopping_before_the_start_is_fine(app):
    app = app()
    stop(app, graceful=True)
    with pytest.raises(IllegalStateError, match="already been stopped"):
        app.ssc.start()


def test_a_stop_stops_the_spark_context_too_unless_told_otherwise(app):
    app = app()
    app.collect(app.ssc.queueStream([]))
    app.run(1.5)
    app.ssc.stop()
    with pytest.raises(IllegalStateError, match="this SparkContext is stopped"):
        app.sc.parallelize([1]).count()
    app.ssc.stop()

"""A StreamingListener hears what happens, in PySpark's words."""

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.streaming import StreamingListener
from tests.streaming.fakes import Scripted


class Ear(StreamingListener):
    """Keeps (method, what its accessor gives)."""

    def __init__(self):
        self.heard = []

    def onStreamingStarted(self, streamingStarted):
        self.heard.append(("onStreamingStarted", streamingStarted.time))

    def onReceiverStarted(self, receiverStarted):
        self.heard.append(("onReceiverStarted", receiverStarted.receiverInfo()))

    def onReceiverError(self, receiverError):
        self.heard.append(("onReceiverError", receiverError.receiverInfo()))

    def onReceiverStopped(self, receiverStopped):
        self.heard.append(("onReceiverStopped", receiverStopped.receiverInfo()))

    def onBatchSubmitted(self, batchSubmitted):
        self.heard.append(("onBatchSubmitted", batchSubmitted.batchInfo()))

    def onBatchStarted(self, batchStarted):
        self.heard.append(("onBatchStarted", batchStarted.batchInfo()))

    def onBatchCompleted(self, batchCompleted):
        self.heard.append(("onBatchCompleted", batchCompleted.batchInfo()))

    def onOutputOperationStarted(self, outputOperationStarted):
        self.heard.append(("onOutputOperationStarted", outputOperationStarted.outputOperationInfo()))

    def onOutputOperationCompleted(self, outputOperationCompleted):
        self.heard.append(("onOutputOperationCompleted", outputOperationCompleted.outputOperationInfo()))

    def all(self, method):
        return [value for name, value in self.heard if name == method]


@pytest.fixture
def ear(app):
    app = app()
    app.ear = Ear()
    app.ssc.addStreamingListener(app.ear)
    return app


def test_the_story_of_a_batch_in_order(ear):
    ear.collect(ear.ssc.queueStream([[1, 2]]))
    ear.run(1.9)
    assert [name for name, _ in ear.ear.heard] == [
        "onStreamingStarted",
        "onBatchSubmitted",
        "onBatchStarted",
        "onOutputOperationStarted",
        "onOutputOperationCompleted",
        "onBatchCompleted",
    ]


def test_what_is_known_of_a_batch_grows(ear):
    ear.ssc.queueStream([]).foreachRDD(lambda rdd: ear.clock.sleep(300))
    ear.run(1.9)
    (submitted,), (started,), (completed,) = (
        ear.ear.all(name) for name in ("onBatchSubmitted", "onBatchStarted", "onBatchCompleted")
    )
    assert submitted.batchTime().milliseconds() == 1000
    assert str(submitted.batchTime()) == "1000 ms"
    assert (submitted.submissionTime(), submitted.schedulingDelay(), submitted.totalDelay()) == (1010, -1, -1)
    assert (started.processingStartTime(), started.processingEndTime(), started.processingDelay()) == (1010, -1, -1)
    assert (completed.schedulingDelay(), completed.processingDelay(), completed.totalDelay()) == (0, 310, 310)
    (operation,) = completed.outputOperationInfos().values()
    assert (operation.id(), operation.startTime(), operation.endTime()) == (0, 1010, 1320)
    assert operation.name().startswith("foreachRDD at test_listener.py:")
    assert operation.batchTime().milliseconds() == 1000
    assert operation.failureReason() is None


def test_records_are_counted_per_stream(ear):
    for number in (3, 5):
        stream = ear.ssc.receiverStream(Scripted(lambda receiver, number=number: receiver.store(list(range(number)))))
        ear.collect(stream)
    ear.run(1.9)
    (batch,) = ear.ear.all("onBatchCompleted")
    assert batch.numRecords() == 8
    infos = batch.streamIdToInputInfo()
    assert {stream_id: info.numRecords() for stream_id, info in infos.items()} == {0: 3, 1: 5}
    assert infos[1].inputStreamId() == 1


def test_the_failure_of_an_operation_is_told(ear):
    ear.ssc.queueStream([]).foreachRDD(lambda rdd: 1 // 0)
    ear.ssc.start()
    with pytest.raises(ZeroDivisionError):
        ear.ssc.awaitTermination()
    ear.clock.sleep(1)
    (operation,) = ear.ear.all("onOutputOperationCompleted")
    assert operation.failureReason().endswith("ZeroDivisionError: integer division or modulo by zero")


def test_the_life_of_a_receiver_is_told(ear):
    def script(receiver):
        if receiver.diary.count("start") == 1:
            receiver.reportError("hiccup", OSError("late packet"))
            receiver.restart("again", OSError("gone"))

    ear.collect(ear.ssc.receiverStream(Scripted(script)))
    ear.run(4)
    started, error, stopped = (
        ear.ear.all(name)[0] for name in ("onReceiverStarted", "onReceiverError", "onReceiverStopped")
    )
    assert (started.streamId(), started.name(), started.active()) == (0, "Scripted-0", True)
    assert started.location() == f"host-{started.executorId()}"
    assert (error.active(), error.lastErrorMessage(), error.lastError()) == (True, "hiccup", "OSError: late packet")
    assert error.lastErrorTime() == -1, "as in Spark, a plain error has no time"
    assert (stopped.active(), stopped.lastError()) == (False, "OSError: gone")
    assert stopped.lastErrorTime() > 0


def test_a_listener_that_raises_does_not_stop_the_others(app, caplog):
    class Broken(StreamingListener):
        def onBatchSubmitted(self, batchSubmitted):
            raise RuntimeError("deaf")

    app = app()
    ear = Ear()
    app.ssc.addStreamingListener(Broken())
    app.ssc.addStreamingListener(ear)
    app.collect(app.ssc.queueStream([]))
    app.run(2.9)
    assert len(ear.all("onBatchCompleted")) == 2
    assert "Listener Broken.onBatchSubmitted raised:" in caplog.text
    assert "RuntimeError: deaf" in caplog.text


def test_a_listener_added_late_hears_what_comes(app):
    app = app()
    app.collect(app.ssc.queueStream([]))
    app.run(1.9)
    ear = Ear()
    app.ssc.addStreamingListener(ear)
    app.run(3.9)
    assert [batch.batchTime().milliseconds() for batch in ear.all("onBatchCompleted")] == [2000, 3000]


def test_everything_is_told_before_stop_returns(ear):
    ear.collect(ear.ssc.queueStream([]))
    ear.run(1.5)
    ear.ssc.stop(stopSparkContext=False, stopGraceFully=True)
    assert len(ear.ear.all("onBatchCompleted")) == 3


def test_a_listener_must_be_one(app):
    with pytest.raises(IllegalArgumentError, match=r"give an object of a class that extends sparksim.streaming"):
        app().ssc.addStreamingListener(print)

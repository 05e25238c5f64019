"""The life of a receiver: started, stopped, restarted, and what becomes of the records it stored."""

import threading

import pytest

from sparksim import StorageLevel
from sparksim.core.errors import IllegalArgumentError, IllegalStateError, NotSerializable
from sparksim.streaming import Receiver, StreamingContext
from sparksim.trace.events import (
    BlockAdded,
    BlockGenerated,
    BlockStored,
    ExecutorRemoved,
    JobStart,
    ReceiverError,
    ReceiverStarted,
    ReceiverStopped,
    RecordsLost,
    StreamingStarted,
)
from tests.streaming.fakes import Diary, Scripted, at, every


def receiving(app, receiver):
    """An application whose batches are collected; gives it and the records of its batches."""
    return app, app.collect(app.ssc.receiverStream(receiver))


def records(batches):
    return [record for _, batch in batches for record in batch]


def test_stored_records_come_out_in_batches(app):
    app, batches = receiving(app(), Scripted(at((0.1, "a"), (0.2, "b"), (2.5, "c"))))
    app.run(8)
    assert records(batches) == ["a", "b", "c"]
    (started,) = app.of(ReceiverStarted)
    assert (started.stream_id, started.name) == (0, "Scripted-0")


def test_a_restart_pauses_two_seconds_and_stays_on_its_executor(app):
    def script(receiver):
        if receiver.diary.count("start") == 1:
            receiver.sleep(0.5)
            receiver.restart("source is gone")

    diary = Diary()
    app, _ = receiving(app(), Scripted(script, diary))
    app.run(8)
    first, second = app.of(ReceiverStarted)
    (stopped,) = app.of(ReceiverStopped)
    assert second.time_ms - stopped.time_ms == pytest.approx(2000)
    assert first.executor_id == second.executor_id
    assert stopped.message == "Restarting receiver with delay 2000ms: source is gone"
    assert diary == ["start", "stop", "start"]
    assert [job.description for job in app.of(JobStart)].count("Streaming job running receiver 0") == 1
    assert "Restarting receiver 0 in 2 s: source is gone" in app.warnings()


@pytest.mark.parametrize(("setting", "given", "pause_ms"), [("500", None, 500), ("500", 30, 30), ("500", 0, 0)])
def test_the_pause_is_a_setting_or_an_argument(app, setting, given, pause_ms):
    def script(receiver):
        if receiver.diary.count("start") == 1:
            receiver.restart("again", None, given)

    app, _ = receiving(app(settings={"spark.streaming.receiverRestartDelay": setting}), Scripted(script))
    app.run(6)
    (stopped,) = app.of(ReceiverStopped)
    assert app.of(ReceiverStarted)[1].time_ms - stopped.time_ms == pytest.approx(pause_ms)


def test_the_buffer_survives_a_restart(app):
    def script(receiver):
        if receiver.diary.count("start") == 1:
            receiver.store("before")
            receiver.restart("again")
        else:
            receiver.store("after")

    app, batches = receiving(app(), Scripted(script))
    app.run(8)
    assert records(batches) == ["before", "after"]
    assert not app.of(RecordsLost)


def test_a_restart_reports_its_error_with_the_stop_and_not_as_an_error_of_its_own(app):
    def script(receiver):
        if receiver.diary.count("start") == 1:
            receiver.restart("cannot read", OSError("broken pipe"))

    app, _ = receiving(app(), Scripted(script))
    app.run(5)
    assert app.of(ReceiverStopped)[0].error == "OSError: broken pipe"
    assert not app.of(ReceiverError)


def test_a_stopped_receiver_is_launched_again_by_the_driver_without_a_pause(app):
    def script(receiver):
        if receiver.diary.count("start") == 1:
            receiver.sleep(0.05)
            receiver.store("kept")
            receiver.stop("I am done")
            receiver.diary.append("stop returned")

    diary = Diary()
    app, batches = receiving(app(), Scripted(script, diary))
    app.run(8)
    second = app.of(ReceiverStarted)[1]
    (stopped,) = app.of(ReceiverStopped)
    assert (stopped.message, stopped.error) == ("I am done", "")
    assert second.time_ms - stopped.time_ms < 600
    assert [job.description for job in app.of(JobStart)].count("Streaming job running receiver 0") == 2
    assert diary == ["start", "stop", "stop returned", "start"]
    assert records(batches) == ["kept"]


class FailsFirst(Receiver):
    """`onStart` raises the first two times."""

    def __init__(self, diary):
        super().__init__()
        self.diary = diary

    def onStart(self):
        self.diary.append("start")
        if len(self.diary) < 3:
            raise OSError("no such device")


def test_onstart_that_raises_is_tried_again_at_once(app):
    diary = Diary()
    app, _ = receiving(app(), FailsFirst(diary))
    app.run(8)
    assert diary == ["start"] * 3
    stops = app.of(ReceiverStopped)
    assert [stop.message for stop in stops] == ["Error starting receiver 0"] * 2
    assert "OSError: no such device" in stops[0].error
    starts = app.of(ReceiverStarted)
    assert all(start.time_ms - stop.time_ms < 600 for stop, start in zip(stops, starts[1:], strict=True))


def test_an_error_is_reported_and_receiving_goes_on(app):
    def script(receiver):
        receiver.reportError("lost a packet", ValueError("checksum"))
        receiver.store("still here")

    app, batches = receiving(app(), Scripted(script))
    app.run(5)
    (error,) = app.of(ReceiverError)
    assert (error.message, error.error) == ("lost a packet", "ValueError: checksum")
    assert records(batches) == ["still here"]


def test_a_thread_that_raises_is_reported_and_ends_its_executor(app):
    def script(receiver):
        receiver.sleep(1.5)
        raise KeyError("typo")

    app, _ = receiving(app(), Scripted(script))
    app.run(3)
    (error,) = app.of(ReceiverError)
    (removed,) = app.of(ExecutorRemoved)
    first, second = app.of(ReceiverStarted)
    assert error.executor_id == removed.executor_id == first.executor_id != second.executor_id
    assert error.message == "A thread of Scripted-0 ended with an exception"
    assert "KeyError: 'typo'" in error.error


def test_a_thread_that_stores_after_the_stop_ends_quietly(app):
    app, _ = receiving(app(), Scripted(every(0.01)))
    app.run(3.55)
    app.ssc.stop(stopSparkContext=False)
    app.ssc._clock.sleep(1000)
    assert not app.of(ReceiverError)


def test_it_knows_whether_it_was_started_or_stopped(app):
    def script(receiver):
        seen = receiver.diary
        if seen.count("start") == 1:
            seen.append((receiver.isStarted(), receiver.isStopped()))
            receiver.restart("look")
            receiver.sleep(1)
            seen.append((receiver.isStarted(), receiver.isStopped()))
            receiver.sleep(1.5)
            seen.append((receiver.isStarted(), receiver.isStopped()))

    diary = Diary()
    app, _ = receiving(app(), Scripted(script, diary))
    app.run(8)
    assert diary == ["start", (True, False), "stop", (False, True), "start", (True, False)]


def test_onstop_that_raises_does_not_keep_the_context_from_stopping(app):
    class Sticky(Receiver):
        def onStart(self):
            pass

        def onStop(self):
            raise RuntimeError("door jammed")

    app, _ = receiving(app(), Sticky())
    app.run(4)
    app.ssc.stop(stopSparkContext=False)
    assert "Sticky-0.onStop() raised RuntimeError: door jammed" in app.warnings()
    assert not app.of(ReceiverStopped)


def test_a_list_is_one_block_and_is_safe_when_store_returns(app):
    def script(receiver):
        receiver.store(["a", "b", "c"])
        receiver.diary.append(receiver.streamId)
        receiver.store(iter(["d"]))

    diary = Diary()
    app, batches = receiving(app(), Scripted(script, diary))
    app.run(5)
    first, second = app.of(BlockGenerated)
    assert (first.records, second.records) == (3, 1)
    number = int(first.block_id.removeprefix("input-0-"))
    assert second.block_id == f"input-0-{number + 1}"
    assert diary == ["start", 0]
    assert app.of(BlockAdded)[0].time_ms <= second.time_ms, "the second store came after the first was reported"
    assert records(batches) == ["a", "b", "c", "d"]


def test_an_empty_list_makes_a_block_of_no_records(app):
    app, batches = receiving(app(), Scripted(lambda receiver: receiver.store([])))
    app.run(5)
    (block,) = app.of(BlockAdded)
    assert block.records == 0
    assert records(batches) == []


def test_texts_tuples_and_dicts_are_single_records(app):
    app, _ = receiving(app(), Scripted(at((0, "text"), (0.3, (1, 2)), (0.6, {"a": 1}), (0.9, b"raw"))))
    app.run(6)
    assert [block.records for block in app.of(BlockAdded)] == [1, 1, 1, 1]


def test_a_bulk_store_that_fails_tells_the_receiver_which_may_try_again(app):
    def script(receiver):
        try:
            receiver.store([lambda: 0, threading.Lock()])
        except Exception as error:
            receiver.diary.append(type(error).__name__)
            receiver.store(["second try"])

    diary = Diary()
    app, batches = receiving(app(), Scripted(script, diary))
    app.run(5)
    assert diary == ["start", "PicklingError"]
    assert records(batches) == ["second try"]


def test_a_single_record_that_cannot_be_stored_ends_the_storing_and_says_so(app):
    def script(receiver):
        receiver.store("good")
        receiver.sleep(0.3)
        receiver.store(threading.Lock())
        receiver.sleep(0.3)
        receiver.store("too late")

    app, batches = receiving(app(), Scripted(script))
    app.run(6)
    assert records(batches) == ["good"]
    (error,) = app.of(ReceiverError)
    assert error.message == "Error in block pushing thread"
    (warning,) = [each for each in app.warnings() if "cannot store blocks any more" in each]
    assert warning.endswith(
        "It goes on receiving, but nothing of what it receives will be processed until it is stopped and started again"
    )
    (lost,) = app.of(RecordsLost)
    assert lost.count == 1
    assert lost.reason.startswith("could not be stored: PicklingError")
    app.ssc.stop(stopSparkContext=False)
    assert app.of(RecordsLost)[1].reason == "cut into a block that had not reached the driver when the receiver ended"


def test_a_plain_thread_does_not_live_in_virtual_time(app):
    class Plain(Receiver):
        def __init__(self, diary):
            super().__init__()
            self.diary = diary

        def onStart(self):
            thread = threading.Thread(target=self.receive)
            thread.start()
            thread.join()

        def receive(self):
            try:
                self.store("x")
            except IllegalStateError as error:
                self.diary.append(str(error))

    diary = Diary()
    app, _ = receiving(app(), Plain(diary))
    app.run(3)
    assert diary == [
        "Plain-0 was called from a threading.Thread, which lives in real time, while this receiver lives in the "
        "virtual time of a simulation. Start the thread with self.start_thread(function, arguments), and wait in it "
        "with self.sleep(seconds)."
    ]


def test_the_receiver_in_the_task_is_a_copy(app):
    class Counting(Receiver):
        starts = 0

        def onStart(self):
            self.starts += 1
            self.store(self.starts)
            self.start_thread(self.stop_once)

        def stop_once(self):
            self.sleep(0.5)
            self.stop("again")

    receiver = Counting()
    app, batches = receiving(app(), receiver)
    app.run(6)
    assert receiver.starts == 0
    assert set(records(batches)) == {1}, "the driver starts a new copy each time"


def test_what_a_receiver_needs_before_it_runs_is_said(app):
    with pytest.raises(IllegalStateError) as error:
        Scripted(at()).store("early")
    assert str(error.value) == (
        "Scripted is not running yet: call store, restart, stop and the like from onStart or later, not from __init__"
    )


def test_a_receiver_that_cannot_be_sent_is_refused_at_the_start(app):
    receiver = Scripted(at())
    receiver.lock = threading.Lock()
    app, _ = receiving(app(), receiver)
    with pytest.raises(NotSerializable, match="'lock'"):
        app.ssc.start()
    assert StreamingContext.getActive() is None
    assert not app.of(StreamingStarted)


class Forgetful(Receiver):
    def __init__(self):
        """Without super().__init__()."""

    def onStart(self):
        self.store("x")


def test_a_receiver_may_forget_to_call_its_parents_init(app):
    app, batches = receiving(app(), Forgetful())
    app.run(5)
    assert records(batches) == ["x"]


def test_wrong_receivers_are_named(app):
    ssc = app().ssc
    with pytest.raises(IllegalArgumentError, match=r"^receiver='localhost': give an object of a class that extends"):
        ssc.receiverStream("localhost")
    with pytest.raises(IllegalArgumentError, match=r"^Receiver has no onStart: write what it does when it starts"):
        ssc.receiverStream(Receiver())
    wrong = Forgetful()
    wrong.storageLevel = "disk"
    with pytest.raises(IllegalArgumentError, match=r"^Forgetful.storageLevel='disk': give a StorageLevel"):
        ssc.receiverStream(wrong)


def test_a_negative_pause_is_refused(app):
    def script(receiver):
        receiver.restart("again", None, -5)

    app, _ = receiving(app(), Scripted(script))
    app.run(3)
    assert "restart(millisecond=-5): give a pause of 0 ms or more" in app.of(ReceiverError)[0].error


@pytest.mark.parametrize(("level", "copies"), [(StorageLevel.MEMORY_ONLY, 1), (StorageLevel.MEMORY_AND_DISK_2, 2)])
def test_blocks_are_replicated_as_the_storage_level_says(app, level, copies):
    receiver = Scripted(at((0, "a")))
    receiver.storageLevel = level
    app, _ = receiving(app(), receiver)
    app.run(4)
    assert len(app.of(BlockStored)) == copies

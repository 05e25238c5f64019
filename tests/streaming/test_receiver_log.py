"""A receiver's write-ahead log: what it keeps, when a block counts as kept, and where a batch reads it again."""

from __future__ import annotations

import fsspec
import pytest

from sparksim import StorageLevel
from sparksim.cluster.cost import FREE, TEACHING
from sparksim.cluster.faults import ExecutorCrash
from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.core.errors import IllegalArgumentError, SparkException
from sparksim.sim.files import SimulatedFiles
from sparksim.streaming.receiver_rdd import WriteAheadLogBackedBlockRDD
from sparksim.streaming.write_ahead_log import FileBasedWriteAheadLog, WriteAheadLog
from sparksim.trace.events import (
    BlockAdded,
    BlockGenerated,
    BlockLogged,
    BlockLost,
    BlockStored,
    OutputOperationCompleted,
    ReceiverError,
    RecordsLost,
    TaskEnd,
)
from tests.streaming.fakes import Diary, Scripted, at, every

ENABLE = "spark.streaming.receiver.writeAheadLog.enable"
CLASS = "spark.streaming.receiver.writeAheadLog.class"
DIRECTORY = "sim://checkpoint/receivedData/0"


BATCHES, RDDS = [], []
"""The records and the RDD of each batch. Functions of a program with a checkpoint are saved with what they capture, so
these are in no closure."""


def keep(rdd):
    RDDS.append(rdd)
    BATCHES.append(sorted(rdd.collect()))


@pytest.fixture
def logging(app):
    """`logging(receiver, ...)` makes an application that logs what its receiver gets; gives it and its batches."""
    files = SimulatedFiles(VirtualClock())
    files.mount()

    def make(receiver, master="sim[3,2]", settings=None, **options):
        made = app(master, settings={ENABLE: True, **(settings or {})}, **options)
        files.live_by(made.clock)
        made.ssc.checkpoint("sim://checkpoint")
        made.ssc.receiverStream(receiver).foreachRDD(keep)
        return made, BATCHES

    BATCHES.clear()
    RDDS.clear()
    yield make
    files.unmount()


def records(batches):
    return [record for batch in batches for record in batch]


def log_files():
    files, path = fsspec.core.url_to_fs(DIRECTORY)
    return [name.rpartition("/")[2] for name in files.ls(path, detail=False)] if files.exists(path) else []


# --- storing ---------------------------------------------------------------------------------------------------------


def test_a_block_is_stored_once_and_logged_with_the_same_bytes(logging):
    app, batches = logging(Scripted(at((0.1, "a"), (0.15, "b"))))
    app.run(4)
    (stored,), (logged,) = app.of(BlockStored), app.of(BlockLogged)
    assert (logged.block_id, logged.executor_id) == (stored.block_id, stored.executor_id)
    assert (stored.level, stored.size_bytes) == ("MEMORY_AND_DISK_SER", logged.size_bytes)
    assert logged.path.startswith(f"{DIRECTORY}/log-")
    (record,) = FileBasedWriteAheadLog(DIRECTORY).read_all()
    assert len(record) == logged.size_bytes
    assert records(batches) == ["a", "b"]


def test_storage_and_log_are_written_at_the_same_time(logging):
    app, _ = logging(Scripted(at((0.1, "a"))), cost=FREE.with_(store_block_ms=30, log_write_ms=50, report_block_ms=5))
    app.run(4)
    (cut,), (stored,), (logged,), (added,) = map(app.of, (BlockGenerated, BlockStored, BlockLogged, BlockAdded))
    assert [event.time_ms - cut.time_ms for event in (stored, logged, added)] == [30, 50, 55]


def test_every_byte_in_the_log_has_its_price(logging):
    app, _ = logging(Scripted(at((0.1, "x" * 1000))), cost=FREE.with_(log_byte_ms=0.1))
    app.run(4)
    (cut,), (logged,) = app.of(BlockGenerated), app.of(BlockLogged)
    assert logged.time_ms - cut.time_ms == pytest.approx(logged.size_bytes / 10)


def test_two_threads_write_for_all_that_a_receiver_stores_at_once(logging):
    def script(receiver):
        for name in ("first", "second"):
            receiver.start_thread(receiver.store, [name])

    app, _ = logging(Scripted(script), cost=FREE.with_(store_block_ms=10, log_write_ms=30))
    app.run(4)
    begun = app.of(BlockGenerated)[0].time_ms
    assert [event.time_ms - begun for event in app.of(BlockLogged)] == [30, 50]


def test_a_receiver_that_stores_several_records_waits_for_the_log(logging):
    def script(receiver):
        receiver.store(["a", "b"])
        receiver.diary.append(receiver._supervisor.clock.now_ms)

    diary = Diary()
    app, _ = logging(Scripted(script, diary), cost=FREE.with_(log_write_ms=70))
    app.run(4)
    (logged,) = app.of(BlockLogged)
    assert diary == ["start", logged.time_ms]
    assert logged.time_ms - app.of(BlockGenerated)[0].time_ms == 70


def test_warnings_say_what_the_log_changes_of_the_storage_level(logging):
    receiver = Scripted(at())
    receiver.storageLevel = StorageLevel(True, True, False, True, 2)
    app, _ = logging(receiver)
    app.run(2)
    warnings = [warning for warning in app.warnings() if "write-ahead log" in warning]
    assert [each.partition(", ")[2].partition(":")[0] for each in warnings] == [
        "received blocks are kept serialised",
        "received blocks have 1 copy in memory or on disk, not 2",
        "storage level MEMORY_AND_DISK_2 of a receiver becomes MEMORY_AND_DISK_SER",
    ]


def test_a_level_that_fits_is_kept_without_a_word(logging):
    receiver = Scripted(at((0.1, "a")))
    receiver.storageLevel = StorageLevel.MEMORY_ONLY
    app, _ = logging(receiver)
    app.run(3)
    assert app.of(BlockStored)[0].level == "MEMORY_ONLY_SER"
    assert not [warning for warning in app.warnings() if "write-ahead log" in warning]


def test_without_the_setting_nothing_is_logged(app):
    BATCHES.clear()
    made = app()
    made.ssc.receiverStream(Scripted(at((0.1, "a")))).foreachRDD(keep)
    made.run(4)
    assert [batch for batch in BATCHES if batch] == [["a"]]
    assert not made.of(BlockLogged)


# --- what cannot be logged -------------------------------------------------------------------------------------------


class FailingLog(WriteAheadLog):
    """Takes one record, and no more."""

    def __init__(self, conf):
        self.records = []

    def write(self, record, time_ms):
        if self.records:
            raise OSError("disk full")
        self.records.append(record)
        return "the first"

    def read(self, handle):
        raise OSError("no such record")

    def read_all(self):
        return iter(self.records)

    def clean(self, threshold_ms):
        pass

    def close(self):
        pass


FAILING = {CLASS: f"{__name__}.FailingLog"}


def test_a_log_that_fails_ends_the_pushing_of_blocks_and_the_record_is_lost(logging):
    app, batches = logging(Scripted(at((0.1, "logged"), (0.5, "not logged"))), settings=FAILING)
    app.run(4)
    assert records(batches) == ["logged"]
    (lost,) = app.of(RecordsLost)
    assert lost.reason == f"could not be stored: SparkException: {lost.block_id}: OSError: disk full"
    (error,) = app.of(ReceiverError)
    assert error.message == "Error in block pushing thread"
    assert app.of(BlockLogged)[0].path == ""


def test_a_receiver_that_stores_several_records_hears_that_the_log_failed(logging):
    def script(receiver):
        receiver.store(["logged"])
        try:
            receiver.store(["not logged"])
        except SparkException as error:
            receiver.diary.append(str(error).partition(": ")[2])

    diary = Diary()
    app, batches = logging(Scripted(script, diary), settings=FAILING)
    app.run(4)
    assert diary == ["start", "OSError: disk full"]
    assert records(batches) == ["logged"]


def test_a_log_that_takes_too_long_is_given_up(logging):
    settings = {"spark.streaming.receiver.blockStoreTimeout": 2}
    app, batches = logging(Scripted(at((0.1, "a"))), settings=settings, cost=FREE.with_(log_write_ms=3000))
    app.run(6)
    (lost,) = app.of(RecordsLost)
    assert lost.time_ms - app.of(BlockGenerated)[0].time_ms == 2000
    assert lost.reason.endswith("within 2 s (spark.streaming.receiver.blockStoreTimeout)")
    assert records(batches) == []


def test_without_a_checkpoint_directory_the_start_says_what_is_missing(app):
    made = app(settings={ENABLE: True})
    made.ssc.receiverStream(Scripted(at())).pprint()
    with pytest.raises(SparkException, match=r"needs a checkpoint directory.*ssc\.checkpoint"):
        made.ssc.start()


def test_without_receivers_no_checkpoint_directory_is_needed(app):
    made = app(settings={ENABLE: True})
    batches = made.collect(made.ssc.queueStream([[1, 2]]))
    made.run(1.9)
    assert batches == [(1000, [1, 2])]


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        (ENABLE, "yes", "expected true or false"),
        ("spark.streaming.receiver.blockStoreTimeout", -1, "give whole seconds, 0 or more"),
        ("spark.streaming.receiver.writeAheadLog.maxFailures", 0, "at least one attempt"),
        (CLASS, "no.such.Log", "gives no write-ahead log"),
    ],
)
def test_a_wrong_setting_is_refused_at_the_start(logging, setting, value, message):
    app, _ = logging(Scripted(at()), settings={setting: value})
    with pytest.raises(SparkException, match=message):
        app.ssc.start()


def test_blocks_that_are_cut_while_the_receiver_stops_are_lost(logging):
    app, batches = logging(Scripted(at((0.1, "kept"), (2.65, "tail"))), cost=FREE)
    app.run(2.7)
    app.ssc.stop(stopSparkContext=False, stopGraceFully=True)
    (lost,) = app.of(RecordsLost)
    assert (lost.block_id, lost.count) == ("input-0-2600", 1)
    assert "came after the receiver had stopped" in lost.reason
    assert records(batches) == ["kept"]


# --- reading ---------------------------------------------------------------------------------------------------------


def crash_of_the_receiver(at_s):
    return [ExecutorCrash("receiver", at=at_s, restart_after=0)]


def test_blocks_that_died_with_their_executor_are_read_in_the_log(logging):
    app, batches = logging(Scripted(at((0.1, "a"), (0.3, "b"))), faults=crash_of_the_receiver(1.2))
    app.run(1.15)
    kept = [event.block_id for event in app.of(BlockAdded)]
    app.run(5)
    assert len(kept) == 2 == len(app.of(BlockLost))
    assert records(batches)[:2] == ["a", "b"]
    assert not app.of(RecordsLost)


def test_a_task_that_reads_the_log_says_which_block_it_read(logging):
    app, _ = logging(Scripted(at((0.1, "a"))), faults=crash_of_the_receiver(0.9))
    app.run(2.8)
    (lost,) = app.of(BlockLost)
    assert [event.reason for event in app.of(TaskEnd) if event.blocks == (lost.block_id,)] == ["Success"]


def test_reading_the_log_takes_its_time(logging):
    cost = FREE.with_(log_byte_ms=0.5)
    app, _ = logging(Scripted(at((0.1, "a"))), cost=cost, faults=crash_of_the_receiver(0.9))
    app.run(2.8)
    (logged, *_), (done,) = app.of(BlockLogged), app.of(OutputOperationCompleted)[:1]
    assert done.time_ms == pytest.approx(1000 + logged.size_bytes / 2)


def test_the_log_is_not_read_while_an_executor_has_the_block(logging):
    app, batches = logging(Scripted(at((0.1, "a"))), settings=FAILING)
    app.run(3)
    assert records(batches) == ["a"]


def test_a_block_that_neither_executors_nor_the_log_have_fails_its_batch(logging):
    app, batches = logging(Scripted(at((0.1, "a"))), settings=FAILING, faults=crash_of_the_receiver(0.9))
    app.ssc.start()
    with pytest.raises(SparkException, match="Could not read data from write ahead log record the first"):
        app.run(4)
    assert records(batches) == []


def test_a_batch_without_blocks_has_an_rdd_of_the_log_without_partitions(logging):
    app, batches = logging(Scripted(at((1.1, "a"))))
    app.run(4)
    assert {type(rdd) for rdd in RDDS} == {WriteAheadLogBackedBlockRDD}
    assert [rdd.getNumPartitions() for rdd in RDDS] == [len(batch) for batch in batches]


def test_an_rdd_can_be_read_again_after_its_blocks_were_removed(logging):
    app, _ = logging(Scripted(at((0.1, "a"))))
    app.run(4)
    rdd = next(rdd for rdd in RDDS if rdd.getNumPartitions())
    assert not app.sc._backend.blocks.holders(rdd.block_ids[0])
    assert rdd.collect() == ["a"]


def test_a_block_is_read_near_a_copy_and_without_one_anywhere(logging):
    app, _ = logging(Scripted(at((0.1, "a"))), batch=2)
    app.run(2.1)
    rdd = next(rdd for rdd in RDDS if rdd.getNumPartitions())
    (stored,) = app.of(BlockStored)
    assert rdd.preferred_locations(0) == (f"host-{stored.executor_id}",)
    app.run(5)
    assert rdd.preferred_locations(0) == ()


def test_a_batch_of_which_only_some_blocks_are_logged_is_read_from_executors_with_a_warning(logging):
    app, batches = logging(Scripted(at((0.1, "a"))))
    app.run(0.9)
    app.clock.call(app.ssc._driver.tracker.add_block, 0, "input-0-unknown", 1, ())
    app.run(3)
    assert records(batches) == ["a"]
    assert any("are not in the write-ahead log" in warning for warning in app.warnings())
    assert [event.block_id for event in app.of(RecordsLost)] == ["input-0-unknown"]


# --- cleaning --------------------------------------------------------------------------------------------------------


def test_old_files_of_the_log_go_when_no_batch_needs_them_any_more(logging):
    settings = {"spark.streaming.receiver.writeAheadLog.rollingIntervalSecs": 1}
    app, _ = logging(Scripted(every(0.1)), settings=settings)
    app.run(8)
    made = {event.path.rpartition("/")[2] for event in app.of(BlockLogged)}
    assert len(made) >= 6
    assert len(log_files()) <= 4
    assert set(log_files()) < made


def test_a_receiver_that_was_moved_cleans_the_files_of_the_one_before(logging):
    settings = {"spark.streaming.receiver.writeAheadLog.rollingIntervalSecs": 1}
    app, _ = logging(Scripted(every(0.1)), settings=settings, faults=crash_of_the_receiver(2.5))
    app.run(2.6)
    before = set(log_files())
    app.run(8)
    assert before
    assert not before & set(log_files())


def test_a_stopped_receiver_cleans_nothing(logging):
    app, _ = logging(Scripted(every(0.1)), cost=TEACHING)
    app.run(2.5)
    supervisor = next(iter(app.ssc._driver.tracker._receivers.values())).supervisor
    app.ssc.stop(stopSparkContext=False)
    kept = log_files()
    app.clock.call(supervisor.clean_log, 10**9)
    assert log_files() == kept != []


class StubbornLog(FailingLog):
    """Does not part with what it has."""

    def clean(self, threshold_ms=0):
        if self.records:
            raise OSError("not allowed")

    close = clean


def test_a_log_that_cannot_be_cleaned_or_closed_is_a_warning(logging):
    app, batches = logging(Scripted(at((0.1, "a"))), settings={CLASS: f"{__name__}.StubbornLog"})
    app.run(4)
    app.ssc.stop(stopSparkContext=False)
    assert records(batches) == ["a"]
    said = [warning for warning in app.warnings() if "write-ahead log could not be" in warning]
    assert [warning.partition("could not be ")[2] for warning in said] == [
        "cleaned: OSError: not allowed",
        "closed: OSError: not allowed",
    ]


def test_a_wrong_timeout_names_its_setting(logging):
    app, _ = logging(Scripted(at()), settings={"spark.streaming.receiver.blockStoreTimeout": "30s"})
    with pytest.raises(IllegalArgumentError, match="blockStoreTimeout='30s'"):
        app.ssc.start()

"""What was acknowledged is read again: after a crash, from any file system, alone or in batches."""

from __future__ import annotations

import subprocess
import sys

import fsspec
import pytest
from fsspec.implementations.local import LocalFileOpener
from fsspec.implementations.memory import MemoryFileSystem

from sparksim import SparkConf
from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.core.errors import IllegalArgumentError, IllegalStateError, SparkException, UnsupportedOperation
from sparksim.sim.files import SimulatedFiles
from sparksim.streaming.batched_log import BatchedWriteAheadLog, driver_log
from sparksim.streaming.write_ahead_log import FileBasedWriteAheadLog, LogSegment, WriteAheadLog, receiver_log

RECORDS = [b"one", b"", b"\x00\xff" * 50, b"four"]


@pytest.fixture(params=["plain path", "file", "memory", "sim"])
def directory(request, tmp_path):
    """A place for a log in each kind of file system: some append, some only write anew."""
    simulated = SimulatedFiles(VirtualClock())
    simulated.mount()
    yield {
        "plain path": str(tmp_path / "log"),
        "file": f"file://{tmp_path}/log",
        "memory": "memory://test-write-ahead-log/log",
        "sim": "sim://log",
    }[request.param]
    simulated.unmount()
    MemoryFileSystem.store.clear()


def names(directory):
    files, path = fsspec.core.url_to_fs(directory)
    return sorted(name.rpartition("/")[2] for name in files.ls(path, detail=False)) if files.exists(path) else []


def written(directory, records=RECORDS, time_ms=1000, **options):
    log = FileBasedWriteAheadLog(directory, **options)
    return log, [log.write(record, time_ms) for record in records]


# --- what is written can be read -------------------------------------------------------------------------------------


def test_every_acknowledged_record_can_be_read_while_the_writer_has_the_file_open(directory):
    writer = FileBasedWriteAheadLog(directory)
    for so_far, record in enumerate(RECORDS, start=1):
        writer.write(record, 1000)
        assert list(FileBasedWriteAheadLog(directory).read_all()) == RECORDS[:so_far]
    assert list(writer.read_all()) == RECORDS


def test_a_handle_says_where_its_record_lies_and_any_log_can_read_it(directory):
    writer, handles = written(directory)
    path = f"{directory}/log-1000-61000"
    assert handles == [
        LogSegment(path, 0, 3), LogSegment(path, 7, 0), LogSegment(path, 11, 100), LogSegment(path, 115, 4)
    ]  # fmt: skip
    assert [writer.read(handle) for handle in handles] == RECORDS
    assert [FileBasedWriteAheadLog("memory://elsewhere").read(handle) for handle in reversed(handles)] == RECORDS[::-1]


def test_a_file_is_four_bytes_of_length_and_the_bytes_record_by_record(tmp_path):
    written(str(tmp_path), [b"ab", b"c"])
    assert (tmp_path / "log-1000-61000").read_bytes() == b"\x00\x00\x00\x02ab\x00\x00\x00\x01c"


def test_a_process_that_is_killed_loses_nothing_that_was_acknowledged(tmp_path):
    program = f"""
import os, signal
from sparksim.streaming.write_ahead_log import FileBasedWriteAheadLog
log = FileBasedWriteAheadLog({str(tmp_path)!r})
log.write(b"kept", 0)
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == -9
    assert list(FileBasedWriteAheadLog(str(tmp_path)).read_all()) == [b"kept"]


def test_a_log_that_is_opened_again_at_the_same_time_goes_on_in_its_file(directory):
    _, first = written(directory, RECORDS[:2])
    log, rest = written(directory, RECORDS[2:])
    assert names(directory) == ["log-1000-61000"]
    assert list(log.read_all()) == RECORDS
    assert [log.read(handle) for handle in first + rest] == RECORDS


def test_another_reader_of_the_file_does_not_disturb_the_writer(directory):
    log, _ = written(directory, [b"first", b"second"])
    with fsspec.open(f"{directory}/log-1000-61000", "rb") as file:
        assert file.read(4) == b"\x00\x00\x00\x05"
    log.write(b"third", 1000)
    assert list(log.read_all()) == [b"first", b"second", b"third"]


def test_a_fraction_of_a_ms_does_not_show_in_names(directory):
    log, _ = written(directory, [b"a"], time_ms=1000.75, rolling_interval_s=1)
    log.write(b"b", 2000.5)
    assert names(directory) == ["log-1000-2000"]


def test_with_a_file_for_every_record_records_of_one_ms_share_one(directory):
    log = FileBasedWriteAheadLog(directory, close_file_after_write=True)
    for record, time_ms in [(b"a", 1000), (b"b", 1000), (b"c", 1001)]:
        log.write(record, time_ms)
    assert names(directory) == ["log-1000-61000", "log-1001-61001"]
    assert list(log.read_all()) == [b"a", b"b", b"c"]


def test_a_closed_log_opens_another_file_when_it_is_written_to(directory):
    log, _ = written(directory, [b"a"])
    log.close()
    log.close()
    log.write(b"b", 5000)
    assert names(directory) == ["log-1000-61000", "log-5000-65000"]
    assert list(log.read_all()) == [b"a", b"b"]


# --- damage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost_bytes", [1, 4, 5, 7])
def test_half_a_record_at_the_end_is_left_out(tmp_path, lost_bytes):
    written(str(tmp_path), [b"whole", b"torn"])
    file = tmp_path / "log-1000-61000"
    file.write_bytes(file.read_bytes()[:-lost_bytes])
    assert list(FileBasedWriteAheadLog(str(tmp_path)).read_all()) == [b"whole"]


def test_other_files_are_read_on_after_one_with_a_torn_end(tmp_path):
    log, _ = written(str(tmp_path), [b"a", b"torn"])
    (tmp_path / "log-1000-61000").write_bytes(b"\x00\x00\x00\x01a\x00\x00")
    log.write(b"b", 70_000)
    assert list(FileBasedWriteAheadLog(str(tmp_path)).read_all()) == [b"a", b"b"]


def test_nothing_is_written_behind_half_a_record(tmp_path):
    (tmp_path / "log-1000-61000").write_bytes(b"\x00\x00\x00\x09half")
    log, _ = written(str(tmp_path), [b"a"])
    assert names(str(tmp_path)) == ["log-1000-61000", "log-1001-61001"]
    assert list(log.read_all()) == [b"a"]


def test_a_negative_length_is_damage_and_named(tmp_path):
    written(str(tmp_path), [b"a"])
    with (tmp_path / "log-1000-61000").open("ab") as file:
        file.write(b"\xff\xff\xff\xff")
    with pytest.raises(SparkException, match="log-1000-61000 is damaged: at byte 5 stands a record of -1 bytes"):
        list(FileBasedWriteAheadLog(str(tmp_path)).read_all())


def test_files_that_are_gone_and_files_of_others_are_left_out(tmp_path):
    written(str(tmp_path), [b"a"])
    written(str(tmp_path), [b"b"], time_ms=70_000)
    (tmp_path / "log-1-2.crc").write_bytes(b"not ours")
    heard = []
    log = FileBasedWriteAheadLog(str(tmp_path), warn=heard.append)
    (tmp_path / "log-1000-61000").unlink()
    assert list(log.read_all()) == [b"b"]
    log.clean(10)
    assert names(str(tmp_path)) == ["log-1-2.crc", "log-70000-130000"]
    assert heard == []


def test_an_error_while_reading_a_file_that_exists_is_raised(tmp_path):
    (tmp_path / "log-1000-61000").mkdir()
    with pytest.raises(IsADirectoryError):
        list(FileBasedWriteAheadLog(str(tmp_path)).read_all())


@pytest.mark.parametrize(
    ("name", "offset", "length", "why"),
    [
        ("log-1000-61000", 0, 2, "no record of this length"),
        ("log-1000-61000", 6, 3, "no record of this length"),
        ("log-1000-61000", 900, 3, "no record of this length"),
        ("log-1-2", 0, 3, "cleaned or moved away"),
    ],
)
def test_a_handle_that_fits_no_record_is_refused(directory, name, offset, length, why):
    log, _ = written(directory)
    with pytest.raises(IllegalStateError, match=why):
        log.read(LogSegment(f"{directory}/{name}", offset, length))


def test_a_handle_to_half_a_record_is_refused(tmp_path):
    log, (handle,) = written(str(tmp_path), [b"torn"])
    file = tmp_path / "log-1000-61000"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(IllegalStateError, match="no record of this length"):
        log.read(handle)


# --- cleaning --------------------------------------------------------------------------------------------------------


def test_files_that_ended_before_the_threshold_are_deleted_but_never_the_newest(directory):
    log = FileBasedWriteAheadLog(directory, rolling_interval_s=1)
    for record, time_ms in [(b"a", 0), (b"b", 2000), (b"c", 4000)]:
        log.write(record, time_ms)
    log.clean(3000)
    assert names(directory) == ["log-2000-3000", "log-4000-5000"]
    log.clean(10_000)
    assert names(directory) == ["log-4000-5000"]
    assert list(log.read_all()) == [b"c"]


def test_a_file_that_cannot_be_deleted_is_forgotten_with_a_warning(tmp_path):
    heard = []
    (tmp_path / "log-1-2").mkdir()
    log = FileBasedWriteAheadLog(str(tmp_path), warn=heard.append)
    log.clean(3)
    assert list(log.read_all()) == []
    assert len(heard) == 1
    assert "log-1-2 is too old for the log and could not be deleted" in heard[0]


# --- failures to write -----------------------------------------------------------------------------------------------


@pytest.fixture
def fail(monkeypatch):
    """`fail(n)`: the next n writes to local files leave half of their bytes behind and fail."""
    write, left = LocalFileOpener.write, []

    def write_or_fail(file, data):
        if not data or not left:
            return write(file, data)
        left.pop()
        write(file, data[: len(data) // 2])
        raise OSError("the disk is full")

    monkeypatch.setattr(LocalFileOpener, "write", write_or_fail)
    return lambda times: left.extend(range(times))


def test_a_write_that_fails_is_tried_again_and_loses_nothing_before_or_after_it(tmp_path, fail):
    heard = []
    log = FileBasedWriteAheadLog(str(tmp_path), warn=heard.append)
    log.write(b"before", 1000)
    fail(2)
    handle = log.write(b"record", 1000)
    log.write(b"after", 1000)
    assert list(FileBasedWriteAheadLog(str(tmp_path)).read_all()) == [b"before", b"record", b"after"]
    assert log.read(handle) == b"record"
    assert [text.partition(" to ")[0] for text in heard] == ["attempt 1", "attempt 2"]


def test_after_so_many_failures_the_last_one_is_raised(tmp_path, fail):
    log = FileBasedWriteAheadLog(str(tmp_path), max_failures=2)
    fail(2)
    with pytest.raises(OSError, match="the disk is full"):
        log.write(b"record", 1000)
    log.write(b"another", 1000)
    assert list(log.read_all()) == [b"another"]


@pytest.mark.parametrize(
    "wrong", [{"rolling_interval_s": -1}, {"rolling_interval_s": 1.5}, {"max_failures": 0}, {"max_failures": True}]
)
def test_numbers_that_make_no_sense_are_refused(wrong):
    (name,) = wrong
    with pytest.raises(IllegalArgumentError, match=name):
        FileBasedWriteAheadLog("memory://log", **wrong)


# --- batches ---------------------------------------------------------------------------------------------------------


def test_records_written_together_are_one_record_of_the_file_log_in_order_of_time(directory):
    below = FileBasedWriteAheadLog(directory)
    log = BatchedWriteAheadLog(below)
    handle = log.write_many([(b"late", 3000), (b"early", 1000), (b"late too", 3000), (b"", 2000)])
    assert names(directory) == ["log-3000-63000"]
    assert list(below.read_all()) == [below.read(handle)]
    assert list(log.read_all()) == [b"early", b"", b"late", b"late too"]


def test_batches_and_single_records_are_read_alike(directory):
    alone = FileBasedWriteAheadLog(directory)
    alone.write(b"alone", 1000)
    alone.close()
    log = BatchedWriteAheadLog(FileBasedWriteAheadLog(directory))
    log.write(b"batch of one", 2000)
    log.write_many([(b"a", 2000), (b"b", 2000)])
    assert list(BatchedWriteAheadLog(FileBasedWriteAheadLog(directory)).read_all()) == [
        b"alone", b"batch of one", b"a", b"b"
    ]  # fmt: skip


def test_a_batched_log_reads_no_single_record_and_writes_nothing_when_closed():
    log = BatchedWriteAheadLog(FileBasedWriteAheadLog("memory://batched"))
    with pytest.raises(UnsupportedOperation, match="read_all"):
        log.read(LogSegment("memory://batched/log-0-1", 0, 1))
    with pytest.raises(IllegalArgumentError, match="at least one record"):
        log.write_many([])
    log.close()
    with pytest.raises(IllegalStateError, match="closed"):
        log.write(b"late", 1000)


def test_a_batched_log_cleans_the_log_below(directory):
    log = BatchedWriteAheadLog(FileBasedWriteAheadLog(directory, rolling_interval_s=1))
    log.write(b"old", 0)
    log.write(b"new", 5000)
    log.clean(2000)
    assert names(directory) == ["log-5000-6000"]


# --- settings --------------------------------------------------------------------------------------------------------


def conf(side, **settings):
    return SparkConf().setAll(
        [(f"spark.streaming.{side}.writeAheadLog.{name}", value) for name, value in settings.items()]
    )


def test_the_logs_of_an_application_lie_in_its_checkpoint_directory(directory):
    driver_log(SparkConf(), directory).write(b"event", 1000)
    receiver_log(SparkConf(), f"{directory}/", 7).write(b"block", 1000)
    assert names(f"{directory}/receivedBlockMetadata") == ["log-1000-61000"]
    assert names(f"{directory}/receivedData/7") == ["log-1000-61000"]
    assert list(FileBasedWriteAheadLog(f"{directory}/receivedData/7").read_all()) == [b"block"]


def test_the_drivers_log_is_batched_unless_told_otherwise(tmp_path):
    assert isinstance(driver_log(SparkConf(), str(tmp_path)), BatchedWriteAheadLog)
    assert isinstance(driver_log(conf("driver", allowBatching="false"), str(tmp_path)), FileBasedWriteAheadLog)
    assert isinstance(receiver_log(SparkConf(), str(tmp_path), 0), FileBasedWriteAheadLog)


@pytest.mark.parametrize("side", ["driver", "receiver"])
def test_settings_reach_the_log_of_their_side_only(tmp_path, side):
    other = "receiver" if side == "driver" else "driver"
    settings = conf(side, rollingIntervalSecs="2", closeFileAfterWrite="true")
    settings.setAll(conf(other, rollingIntervalSecs="9").getAll())
    log = driver_log(settings, str(tmp_path)) if side == "driver" else receiver_log(settings, str(tmp_path), 0)
    log.write(b"a", 1000)
    log.write(b"b", 1500)
    folder = tmp_path / ("receivedBlockMetadata" if side == "driver" else "receivedData/0")
    assert names(str(folder)) == ["log-1000-3000", "log-1500-3500"]


def test_the_number_of_attempts_is_a_setting(tmp_path, fail):
    log = receiver_log(conf("receiver", maxFailures="1"), str(tmp_path), 0)
    fail(1)
    with pytest.raises(OSError, match="the disk is full"):
        log.write(b"a", 1000)


@pytest.mark.parametrize(
    ("name", "value"),
    [("rollingIntervalSecs", "60s"), ("maxFailures", "0"), ("allowBatching", "maybe"), ("batchingTimeout", "5s")],
)
def test_wrong_settings_are_refused(tmp_path, name, value):
    with pytest.raises(IllegalArgumentError):
        driver_log(conf("driver", **{name: value}), str(tmp_path))
    assert list(tmp_path.iterdir()) == []


class ListLog(WriteAheadLog):
    """A log of one's own, in a list."""

    def __init__(self, conf: SparkConf) -> None:
        self.application = conf.get("spark.app.name")
        self.records: list[bytes] = []

    def write(self, record, time_ms):
        self.records.append(record)
        return len(self.records) - 1

    def read(self, handle):
        return self.records[handle]

    def read_all(self):
        return iter(self.records)

    def clean(self, threshold_ms):
        self.records.clear()

    def close(self):
        pass


def test_a_log_of_ones_own_is_named_by_its_class():
    settings = conf("receiver", **{"class": f"{__name__}.ListLog"}).setAppName("mine")
    log = receiver_log(settings, "memory://unused", 0)
    assert isinstance(log, ListLog)
    assert log.application == "mine"
    driver = driver_log(conf("driver", **{"class": f"{__name__}.ListLog"}), "memory://unused")
    driver.write(b"event", 1000)
    assert list(driver.read_all()) == [b"event"]


@pytest.mark.parametrize("name", ["nowhere.Log", "Log", "pathlib.NoSuchPath", "builtins.str"])
def test_a_class_that_gives_no_log_is_refused_by_its_setting(name):
    with pytest.raises(SparkException, match=r"receiver\.writeAheadLog\.class"):
        receiver_log(conf("receiver", **{"class": name}), "memory://unused", 0)


def test_a_log_makes_no_directory_before_its_first_write(tmp_path):
    log = driver_log(SparkConf(), str(tmp_path / "checkpoint"))
    assert list(log.read_all()) == []
    log.clean(10)
    log.close()
    assert list(tmp_path.iterdir()) == []

"""A driver that starts again knows the blocks it knew before, and a log that fails never makes it believe too much."""

from __future__ import annotations

import pickle

import pytest

from sparksim.core.errors import IllegalArgumentError, SparkException
from sparksim.streaming.batched_log import BatchedWriteAheadLog
from sparksim.streaming.received_blocks import (
    BatchAllocationEvent,
    BatchCleanupEvent,
    BlockAdditionEvent,
    ReceivedBlockInfo,
    ReceivedBlockTracker,
)
from sparksim.streaming.write_ahead_log import FileBasedWriteAheadLog


class FailingLog(FileBasedWriteAheadLog):
    """Refuses events of the types in `refused`."""

    refused: tuple[type, ...] = ()

    def write(self, record, time_ms):
        if isinstance(pickle.loads(record), self.refused):
            raise OSError("the disk is full")
        return super().write(record, time_ms)


def block(name, stream=0):
    return ReceivedBlockInfo(stream, name, 5, (("localhost:9999", 0, 4),))


def ids(blocks):
    return [each.block_id for each in blocks]


@pytest.fixture
def log(tmp_path):
    return FailingLog(str(tmp_path), rolling_interval_s=1)


def recovered(tmp_path, streams=(0, 1)):
    return ReceivedBlockTracker(list(streams), FileBasedWriteAheadLog(str(tmp_path), rolling_interval_s=1), True)


# --- what is in the log ----------------------------------------------------------------------------------------------


def test_every_change_is_an_event_in_the_log(log):
    tracker = ReceivedBlockTracker([0, 1], log)
    assert tracker.is_write_ahead_log_enabled
    tracker.add_block(block("a"), now_ms=100)
    tracker.allocate_blocks_to_batch(1000, now_ms=1000)
    tracker.cleanup_old_batches(1001, now_ms=1050)
    assert [pickle.loads(record) for record in log.read_all()] == [
        BlockAdditionEvent(block("a")),
        BatchAllocationEvent(1000, {0: [block("a")], 1: []}),
        BatchCleanupEvent([1000]),
    ]


def test_the_events_of_a_batch_that_nobody_forgot_outlive_the_clean_up(log, tmp_path):
    tracker = ReceivedBlockTracker([0], log)
    for name, now_ms in [("a", 500), ("b", 2500), ("c", 4500)]:
        tracker.add_block(block(name), now_ms)
        tracker.allocate_blocks_to_batch(now_ms + 500, now_ms + 500)
    assert tracker.cleanup_old_batches(3000, now_ms=6000) == [1000]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["log-2500-3500", "log-4500-5500", "log-6000-7000"]
    again = recovered(tmp_path)
    assert [ids(again.blocks_of_batch(time_ms, 0)) for time_ms in (1000, 3000, 5000)] == [[], ["b"], ["c"]]


def test_without_a_log_no_time_is_needed_and_stop_does_nothing():
    tracker = ReceivedBlockTracker([0])
    assert not tracker.is_write_ahead_log_enabled
    assert tracker.add_block(block("a"))
    assert tracker.allocate_blocks_to_batch(1000) == {0: [block("a")]}
    tracker.stop()


def test_with_a_log_the_time_must_be_told(log):
    with pytest.raises(IllegalArgumentError, match="now_ms=None"):
        ReceivedBlockTracker([0], log).add_block(block("a"))


def test_stop_closes_the_log(log):
    tracker = ReceivedBlockTracker([0], BatchedWriteAheadLog(log))
    tracker.stop()
    assert not tracker.add_block(block("a"), now_ms=100)


# --- recovery --------------------------------------------------------------------------------------------------------


def test_a_new_driver_knows_what_waits_and_what_each_batch_got(log, tmp_path):
    tracker = ReceivedBlockTracker([0, 1], log)
    for name, stream in [("a", 0), ("x", 1), ("b", 0)]:
        tracker.add_block(block(name, stream), now_ms=100)
    tracker.allocate_blocks_to_batch(1000, now_ms=1000)
    tracker.add_block(block("c"), now_ms=1500)
    again = recovered(tmp_path)
    assert [ids(again.blocks_of_batch(1000, stream)) for stream in (0, 1)] == [["a", "b"], ["x"]]
    assert again.unallocated(0) == [block("c")]
    assert again.unallocated(1) == []
    assert again.allocate_blocks_to_batch(1000, now_ms=2000) == {}
    assert again.allocate_blocks_to_batch(2000, now_ms=2000) == {0: [block("c")], 1: []}


def test_blocks_that_waited_are_not_asked_of_the_block_manager_and_those_of_a_batch_are(log, tmp_path):
    tracker = ReceivedBlockTracker([0], log)
    tracker.add_block(block("a"), now_ms=100)
    tracker.allocate_blocks_to_batch(1000, now_ms=1000)
    tracker.add_block(block("b"), now_ms=1500)
    again = recovered(tmp_path)
    assert [each.valid for each in again.blocks_of_batch(1000, 0)] == [True]
    assert [each.valid for each in again.unallocated(0)] == [False]
    again.allocate_blocks_to_batch(2000, now_ms=2000)
    third = recovered(tmp_path)
    assert [each.valid for each in third.blocks_of_batch(2000, 0)] == [False]
    assert not third.has_unallocated_blocks


def test_forgotten_batches_stay_forgotten(log, tmp_path):
    tracker = ReceivedBlockTracker([0], log)
    for time_ms in (200, 300):
        tracker.add_block(block(f"of {time_ms}"), now_ms=time_ms)
        tracker.allocate_blocks_to_batch(time_ms, now_ms=time_ms)
    tracker.cleanup_old_batches(300, now_ms=400)
    again = recovered(tmp_path)
    assert [ids(again.blocks_of_batch(time_ms, 0)) for time_ms in (200, 300)] == [[], ["of 300"]]


def test_nothing_is_read_unless_the_driver_recovers(log):
    ReceivedBlockTracker([0], log).add_block(block("a"), now_ms=100)
    assert not ReceivedBlockTracker([0], log).has_unallocated_blocks


def test_blocks_of_a_stream_the_program_no_longer_has_join_no_batch(log, tmp_path):
    tracker = ReceivedBlockTracker([0, 1], log)
    for stream in (0, 1):
        tracker.add_block(block("old", stream), now_ms=100)
    tracker.allocate_blocks_to_batch(1000, now_ms=1000)
    for stream in (0, 1):
        tracker.add_block(block("waits", stream), now_ms=1500)
    again = recovered(tmp_path, streams=[1])
    assert again.allocate_blocks_to_batch(2000, now_ms=2000) == {1: [block("waits", 1)]}
    assert again.unallocated(0) == [block("waits")]


def test_half_an_event_at_the_end_of_the_log_never_happened(log, tmp_path):
    tracker = ReceivedBlockTracker([0], log)
    tracker.add_block(block("a"), now_ms=100)
    tracker.add_block(block("b"), now_ms=200)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert ids(recovered(tmp_path).unallocated(0)) == ["a"]


@pytest.mark.parametrize("record", [b"no pickle", pickle.dumps({"some": "thing"})])
def test_a_record_that_is_no_event_stops_the_recovery_with_a_reason(tmp_path, record):
    FileBasedWriteAheadLog(str(tmp_path)).write(record, 100)
    with pytest.raises(SparkException, match="is no event of it"):
        recovered(tmp_path)


# --- a log that fails ------------------------------------------------------------------------------------------------


def test_a_block_that_could_not_be_logged_is_not_known(log, tmp_path):
    heard = []
    tracker = ReceivedBlockTracker([0], log, warn=heard.append)
    log.refused = (BlockAdditionEvent,)
    assert tracker.add_block(block("a"), now_ms=100) is False
    assert not tracker.has_unallocated_blocks
    assert heard == [
        "BlockAdditionEvent could not be written to the log, so it did not happen: OSError('the disk is full')"
    ]
    assert not recovered(tmp_path).has_unallocated_blocks


def test_a_batch_that_could_not_be_logged_gets_nothing_and_the_next_one_all(log):
    tracker = ReceivedBlockTracker([0], log)
    tracker.add_block(block("a"), now_ms=100)
    log.refused = (BatchAllocationEvent,)
    assert tracker.allocate_blocks_to_batch(1000, now_ms=1000) == {}
    assert tracker.blocks_of_batch(1000, 0) == []
    log.refused = ()
    tracker.add_block(block("b"), now_ms=1500)
    assert tracker.allocate_blocks_to_batch(2000, now_ms=2000) == {0: [block("a"), block("b")]}


def test_batches_are_kept_when_their_end_could_not_be_logged(log):
    tracker = ReceivedBlockTracker([0], log)
    tracker.add_block(block("a"), now_ms=100)
    tracker.allocate_blocks_to_batch(1000, now_ms=1000)
    log.refused = (BatchCleanupEvent,)
    assert tracker.cleanup_old_batches(5000, now_ms=6000) == []
    assert tracker.blocks_of_batch(1000, 0) == [block("a")]
    assert list(log.read_all()) != []

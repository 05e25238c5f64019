"""Memory for blocks is limited: who makes room for whom, what goes to disk, and what is lost and said to be lost."""

from __future__ import annotations

import pytest

from sparksim import SparkConf
from sparksim.cluster.block_store import BlockStore, Evicted, storage_memory_bytes
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.storage_level import StorageLevel
from sparksim.sim import Cluster, Constant, Replay, Simulation
from sparksim.trace import check_trace
from sparksim.trace.events import (
    BatchCompleted,
    BlockEvicted,
    BlockGenerated,
    BlockLost,
    BlockStored,
    ReceiverError,
)
from tests.cluster.test_storage import TEN_BYTES, Store

MEMORY, DISK, BOTH = StorageLevel.MEMORY_ONLY, StorageLevel.DISK_ONLY, StorageLevel.MEMORY_AND_DISK


def filled(limit=30, level=MEMORY, blocks="abc"):
    """A store with a block of ten bytes for each letter."""
    store = BlockStore(limit)
    for name in blocks:
        assert store.put(name, b"x" * 10, level) == []
    return store


def kept(store, names="abcde"):
    return "".join(name for name in names if name in store)


# --- one executor's blocks -------------------------------------------------------------------------------------------


def test_the_block_used_longest_ago_makes_room():
    store = filled()
    store.get("a")
    assert store.put("d", b"x" * 10, MEMORY) == [Evicted("b", on_disk=False)]
    assert kept(store) == "acd"


def test_as_many_make_room_as_must():
    store = filled()
    assert [evicted.block_id for evicted in store.put("d", b"x" * 11, MEMORY)] == ["a", "b"]
    assert store.put("e", b"x" * 9, MEMORY) == []
    assert kept(store) == "cde"


def test_a_block_that_may_lie_on_disk_goes_there():
    store = filled(level=BOTH)
    assert store.put("d", b"y" * 10, MEMORY) == [Evicted("a", on_disk=True)]
    assert (store.get("a"), store.is_on_disk("a"), store.is_on_disk("d")) == (b"x" * 10, True, False)


def test_a_block_bigger_than_the_memory_pushes_nothing_out():
    store = filled()
    assert store.put("d", b"x" * 31, MEMORY) == []
    assert kept(store) == "abc"
    assert store.put("e", b"x" * 31, BOTH) == []
    assert kept(store) == "abce"
    assert store.is_on_disk("e")


def test_disk_has_room_for_all():
    store = filled(level=DISK, blocks="abcde")
    assert kept(store) == "abcde"


def test_partitions_of_one_rdd_never_push_out_each_other():
    store = BlockStore(20)
    for name in ("rdd_1_0", "rdd_2_0"):
        store.put(name, b"x" * 10, MEMORY)
    assert store.put("rdd_1_1", b"x" * 10, MEMORY) == [Evicted("rdd_2_0", on_disk=False)]
    assert store.put("rdd_1_2", b"x" * 10, MEMORY) == []
    assert "rdd_1_2" not in store
    assert [each.block_id for each in store.put("input-0-0", b"x" * 20, MEMORY)] == ["rdd_1_0", "rdd_1_1"]


def test_a_block_that_is_here_already_is_not_stored_again():
    store = filled()
    assert store.put("a", b"y" * 30, MEMORY) == []
    assert store.get("a") == b"x" * 10


def test_what_is_removed_leaves_its_room():
    store = filled()
    store.remove("b")
    assert store.put("d", b"x" * 10, MEMORY) == []
    store.clear()
    assert (len(store), store.put("e", b"x" * 30, MEMORY)) == (0, [])


def test_objects_take_no_room():
    store = filled()
    assert store.put("d", [1, 2, 3], StorageLevel.MEMORY_AND_DISK_DESER) == []
    assert kept(store) == "abcd"


# --- the copies of a block -------------------------------------------------------------------------------------------


def test_a_second_copy_outlives_the_eviction_of_the_first():
    store = Store(executors=2)
    assert store.put("a", StorageLevel.MEMORY_ONLY_2) == 2
    for executor in store.executors:
        executor.blocks.limit_bytes = 15
    store.put("b", MEMORY, on=0)
    assert (store.holders("a"), store.trace.of(BlockLost), store.blocks.was_evicted("a")) == (["2"], [], False)
    store.put("c", MEMORY, on=1)
    assert [(event.block_id, event.executor_id) for event in store.trace.of(BlockLost)] == [("a", "2")]
    assert store.blocks.was_evicted("a")
    assert [event.executor_id for event in store.trace.of(BlockEvicted)] == ["1", "2"]


def test_a_block_that_went_to_disk_is_still_held():
    store = Store(executors=1)
    store.executors[0].blocks.limit_bytes = 15
    store.put("a", BOTH)
    store.put("b", BOTH)
    assert (store.get("a", on=0), store.holders("a"), store.trace.of(BlockLost)) == (TEN_BYTES, ["1"], [])


def test_a_peer_without_room_keeps_nothing_and_nobody_learns_of_it():
    store = Store(executors=3)
    for peer in store.executors[1:]:
        peer.blocks.limit_bytes = 5
    assert store.put("a", StorageLevel.MEMORY_ONLY_2) == 1
    assert store.clock.now_ms == len(TEN_BYTES)


def test_without_room_for_the_first_copy_there_is_no_other():
    store = Store(executors=3)
    store.executors[0].blocks.limit_bytes = 5
    assert store.put("a", StorageLevel.MEMORY_ONLY_2) == 0
    assert store.holders("a") == []


# --- how much memory there is ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "live", "memory_bytes"),
    [
        ({}, False, int((1024 - 300) * 0.6 * 2**20)),
        ({"spark.executor.memory": "2g", "spark.memory.fraction": "0.5"}, False, 874 << 20),
        ({"spark.executor.memory": "450m"}, False, 90 << 20),
        ({"spark.driver.memory": "600m", "spark.executor.memory": "2g"}, True, 180 << 20),
        ({"spark.executor.memory": "10k", "spark.testing.reservedMemory": "0"}, False, 6144),
    ],
)
def test_memory_for_blocks_is_a_part_of_the_heap(settings, live, memory_bytes):
    conf = SparkConf(loadDefaults=False).setAll(list(settings.items()))
    assert storage_memory_bytes(conf, live) == memory_bytes


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"spark.executor.memory": "449m"}, "'449m'.*at least 450m"),
        ({"spark.memory.fraction": "0"}, "above 0 and up to 1"),
        ({"spark.memory.fraction": "1.5"}, "above 0 and up to 1"),
        ({"spark.executor.memory": "lots"}, "spark.executor.memory='lots'"),
    ],
)
def test_too_little_memory_is_refused(settings, message):
    with pytest.raises(IllegalArgumentError, match=message):
        storage_memory_bytes(SparkConf(loadDefaults=False).setAll(list(settings.items())), False)


# --- received blocks -------------------------------------------------------------------------------------------------


def small(memory):
    """Settings for this much memory, all of it for blocks."""
    return {"spark.executor.memory": memory, "spark.memory.fraction": 1, "spark.testing.reservedMemory": 0}


def received(level, memory, load=None):
    """A run on one executor; a second of this load has about 650 bytes."""

    def program(ssc):
        ssc.socketTextStream("localhost", 9999, level).foreachRDD(lambda rdd: rdd.count())

    run = Simulation(
        program,
        network={"localhost:9999": load or Constant(20, record="y" * 100)},
        cluster=Cluster(1, 2),
        conf=small(memory),
    ).run(until=7)
    assert check_trace(run.trace) == []
    return run


def reasons(run):
    return {row.reason for row in run.delivery.records.where(outcome="lost") if row.block_id}


def test_with_room_enough_nothing_is_evicted():
    run = received(MEMORY, "20k")
    assert not run.trace.of(BlockEvicted)
    assert not reasons(run)


MISSING = "its block had to make room in memory for another before the batch's jobs were generated"


def test_a_block_that_made_room_before_its_jobs_were_made_is_missing_in_its_batch():
    run = received(MEMORY, "500b", Replay([(1.1, "y" * 190), (1.3, "y" * 190), (1.5, "y" * 190)]))
    (evicted,) = run.trace.of(BlockEvicted)
    assert run.trace.of(BlockLost) == [BlockLost(evicted.time_ms, evicted.block_id, "1")]
    assert [row.outcome for row in run.delivery.records] == ["lost", "once", "once"]
    assert reasons(run) == {MISSING}
    assert failed(run) == []


def test_a_block_that_made_room_after_its_jobs_were_made_fails_its_batch():
    run = received(MEMORY, "500b")
    rows = [row for row in run.delivery.records.where(outcome="lost") if "Could not compute split" in row.reason]
    assert {row.batch_time_ms for row in rows} == set(failed(run)) != set()


def failed(run):
    return [event.batch_time_ms for event in run.trace.of(BatchCompleted) if event.failed]


def test_blocks_that_may_lie_on_disk_go_there_and_nothing_is_lost():
    run = received(BOTH, "500b")
    assert all(event.on_disk for event in run.trace.of(BlockEvicted))
    assert run.trace.of(BlockEvicted)
    assert not reasons(run)


def test_a_block_bigger_than_the_memory_cannot_be_stored_and_ends_the_pushing():
    run = received(MEMORY, "2000b", load=Replay([(1, "small"), (2, "y" * 3000), (3, "small")]))
    (big,) = [event for event in run.trace.of(BlockGenerated) if event.origins == (("localhost:9999", 1, 1),)]
    assert [row.outcome for row in run.delivery.records] == ["once", "lost", "pending"]
    assert reasons(run) == {
        f"could not be stored: SparkException: Could not store {big.block_id} to block manager with storage level "
        "MEMORY_ONLY_SER"
    }
    assert [event.message for event in run.trace.of(ReceiverError)] == ["Error in block pushing thread"]


def test_a_block_bigger_than_the_memory_is_stored_on_disk_if_it_may():
    run = received(BOTH, "2000b", load=Replay([(1, "small"), (2, "y" * 3000)]))
    assert [event.level for event in run.trace.of(BlockStored)] == ["MEMORY_AND_DISK_SER", "DISK_ONLY"]
    assert run.delivery.count("once") == 2


def test_with_a_log_evicted_blocks_are_read_again():
    run = Simulation(
        lambda ssc: ssc.socketTextStream("localhost", 9999, MEMORY).foreachRDD(lambda rdd: rdd.count()),
        network={"localhost:9999": Constant(20, record="y" * 100)},
        conf={**small("500b"), "spark.streaming.receiver.writeAheadLog.enable": True},
        checkpoint="sim://checkpoint",
    ).run(until=7)
    assert run.trace.of(BlockLost)
    assert not reasons(run)
    assert run.delivery.count("once") > 80

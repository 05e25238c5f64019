"""Blocks: their copies, who reads which, and what is left when executors die."""

import pytest

from sparksim.cluster.cost import CostModel, Prices
from sparksim.cluster.executor import Executor
from sparksim.cluster.seeds import Seeds
from sparksim.cluster.storage import BlockManagerMaster
from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.core.errors import BlockNotFound
from sparksim.core.serializer import dump_records
from sparksim.core.storage_level import StorageLevel
from sparksim.trace.events import BlockLost, BlockRemoved, BlockStored
from sparksim.trace.trace import Trace

ONE, TWO, THREE = StorageLevel.MEMORY_ONLY, StorageLevel.MEMORY_ONLY_2, StorageLevel.DISK_ONLY_3
TEN_BYTES = b"0123456789"


class Store:
    """Executors 1 to n; each byte that goes over the network takes 1 ms."""

    def __init__(self, executors=4):
        self.clock, self.trace = VirtualClock(), Trace()
        prices = Prices(CostModel(replicate_byte_ms=1, serialize_record_ms=1000), Seeds(0).generator("prices"))
        self.blocks = BlockManagerMaster(self.clock, prices, self.trace.append)
        self.executors = [Executor(str(number), f"host-{number}", 1) for number in range(1, executors + 1)]
        for executor in self.executors:
            self.blocks.add(executor)

    def put(self, block_id, level, on=0, data=TEN_BYTES):
        return self.on_fiber(self.blocks.put, self.executors[on], block_id, data, level)

    def get(self, block_id, on):
        return self.on_fiber(self.blocks.get, self.executors[on], block_id)

    def on_fiber(self, fn, *args):
        return self.clock.wait(self.clock.spawn("test", fn, *args).done)

    def crash(self, executor):
        executor.die(self.clock, "crash")

    def holders(self, block_id):
        return [holder.executor_id for holder in self.blocks.holders(block_id)]


@pytest.fixture
def store():
    return Store()


def test_a_block_lies_where_it_was_put(store):
    assert store.put("b", ONE) == 1
    assert store.holders("b") == ["1"]
    assert store.trace.of(BlockStored) == [BlockStored(0, "b", "1", "MEMORY_ONLY_SER", 10)]


def test_the_own_copy_is_read_at_once_and_another_takes_its_way(store):
    store.put("b", ONE)
    assert (store.get("b", on=0), store.clock.now_ms) == (TEN_BYTES, 0)
    assert (store.get("b", on=2), store.clock.now_ms) == (TEN_BYTES, 10)


def test_each_replica_takes_its_way_before_it_counts(store):
    assert store.put("b", THREE) == 3
    assert [event.time_ms for event in store.trace.of(BlockStored)] == [0, 10, 20]


def test_the_peers_of_a_block_follow_from_its_name_alone():
    first, again = Store(), Store()
    for name in "abcdefgh":
        first.put(name, TWO)
    for name in reversed("abcdefgh"):
        again.put(name, TWO)
    peers = [first.holders(name) for name in "abcdefgh"]
    assert peers == [again.holders(name) for name in "abcdefgh"]
    assert {peer for _, peer in peers} == {"2", "3", "4"}


def test_fewer_peers_than_asked_for_is_success():
    alone = Store(executors=1)
    assert alone.put("b", TWO) == 1
    assert alone.holders("b") == ["1"]


def test_an_upload_to_a_dead_peer_is_made_good_with_another(store):
    healthy = Store()
    healthy.put("b", TWO)
    [_, chosen] = healthy.holders("b")
    store.crash(store.executors[int(chosen) - 1])
    assert store.put("b", TWO) == 2
    assert chosen not in store.holders("b")
    assert store.clock.now_ms == 20, "the upload that failed took its time too"


def test_a_second_failed_upload_ends_the_replication(store):
    peers = Store()
    peers.put("b", StorageLevel(False, True, False, False, 4))
    [_, first, second, _third] = peers.holders("b")
    for chosen in (first, second):
        store.crash(store.executors[int(chosen) - 1])
    assert store.put("b", TWO) == 1


def test_a_block_stored_twice_on_one_executor_is_one_copy(store):
    store.put("b", ONE)
    assert store.put("b", ONE) == 1
    assert len(store.trace.of(BlockStored)) == 1


def test_a_replica_outlives_the_executor_that_made_it(store):
    store.put("b", TWO)
    store.crash(store.executors[0])
    store.blocks.executor_lost(store.executors[0])
    assert store.trace.of(BlockLost) == []
    assert store.get("b", on=3) == TEN_BYTES


def test_a_block_is_lost_with_its_last_copy_and_only_once(store):
    store.put("b", TWO)
    holders = store.blocks.holders("b")
    for holder in [*holders, *holders]:
        store.crash(holder)
        store.blocks.executor_lost(holder)
    assert store.trace.of(BlockLost) == [BlockLost(10, "b", holders[-1].executor_id)]
    with pytest.raises(BlockNotFound, match="block b not found: no executor holds a copy of it"):
        store.get("b", on=3)


def test_a_copy_that_dies_on_the_way_is_read_from_elsewhere(store):
    store.put("b", THREE)
    source, other = store.blocks.holders("b")[:2]
    [reader] = [each for each in store.executors if each not in store.blocks.holders("b")]
    reading = store.clock.spawn("read", store.blocks.get, reader, "b")
    store.clock.sleep(5)
    store.clock.call(store.crash, source)
    assert store.clock.wait(reading.done) == TEN_BYTES
    assert store.clock.now_ms == 20 + 10 + 10
    assert other.alive


def test_a_dead_holder_the_driver_has_not_heard_of_is_passed_over(store):
    store.put("b", ONE)
    store.crash(store.executors[0])
    assert store.holders("b") == ["1"]
    with pytest.raises(BlockNotFound):
        store.get("b", on=1)


def test_removing_deletes_all_copies_with_one_event(store):
    store.put("b", TWO)
    store.blocks.remove(["b", "unknown"])
    assert store.trace.of(BlockRemoved) == [BlockRemoved(10, "b")]
    assert not any(executor.blocks for executor in store.executors)


def test_removing_an_rdd_leaves_those_with_a_longer_number(store):
    for block_id in ("rdd_1_0", "rdd_1_1", "rdd_10_0", "input-1-0"):
        store.put(block_id, ONE)
    store.blocks.remove_rdd(1)
    assert [block_id for block_id in ("rdd_1_0", "rdd_1_1", "rdd_10_0", "input-1-0") if store.holders(block_id)] == [
        "rdd_10_0",
        "input-1-0",
    ]


# --- records that live as objects -----------------------------------------------------------------------------------

OBJECTS, OBJECTS_TWICE = StorageLevel(False, True, False, True, 1), StorageLevel(False, True, False, True, 2)
SERIALISING_MS = 2 * 1000


def test_objects_stay_the_very_objects_and_are_not_measured(store):
    records = [["a"], ["b"]]
    store.put("b", OBJECTS, data=records)
    assert store.get("b", on=0) is records
    assert store.clock.now_ms == 0
    assert store.trace.of(BlockStored) == [BlockStored(0, "b", "1", "MEMORY_ONLY", 0)]


def test_objects_become_bytes_when_another_executor_reads_them(store):
    records = [["a"], ["b"]]
    store.put("b", OBJECTS, data=records)
    data = dump_records(records)
    assert store.get("b", on=2) == data
    assert store.clock.now_ms == SERIALISING_MS + len(data)
    assert store.holders("b") == ["1"], "reading is not copying"


def test_a_replica_of_objects_is_bytes(store):
    records = [["a"], ["b"]]
    assert store.put("b", OBJECTS_TWICE, data=records) == 2
    data = dump_records(records)
    assert store.clock.now_ms == SERIALISING_MS + len(data)
    _, peer = store.blocks.holders("b")
    assert peer.blocks.get("b") == data
    assert [event.size_bytes for event in store.trace.of(BlockStored)] == [0, len(data)]


def test_objects_go_with_their_executor(store):
    store.put("b", OBJECTS, data=[1])
    store.crash(store.executors[0])
    store.blocks.executor_lost(store.executors[0])
    assert store.trace.of(BlockLost) == [BlockLost(0, "b", "1")]
    with pytest.raises(BlockNotFound):
        store.get("b", on=1)

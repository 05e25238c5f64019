"""The driver's table of map outputs."""

import pytest

from sparksim.cluster.executor import Executor
from sparksim.cluster.shuffle import MapOutputTracker
from sparksim.core.errors import FetchFailed
from sparksim.core.serializer import dump_records


class Outputs:
    """A tracker, and executors that write map outputs: a list of records per reduce partition."""

    def __init__(self, maps):
        self.tracker = MapOutputTracker()
        self.tracker.register(0, maps)
        self.executors = {number: Executor(str(number), f"host-{number}", 1) for number in (1, 2, 3)}

    def write(self, map_index, executor, *buckets):
        self.executors[executor].shuffle_files[0, map_index] = [dump_records(bucket) for bucket in buckets]
        self.tracker.add(0, map_index, self.executors[executor])


def test_outputs_are_missing_until_they_are_written():
    outputs = Outputs(maps=3)
    outputs.write(1, 1, [])
    assert outputs.tracker.missing(0) == [0, 2]


def test_a_shuffle_registers_once():
    tracker = MapOutputTracker()
    assert tracker.register(5, 2)
    assert not tracker.register(5, 2)
    assert tracker.missing(5) == [0, 1]


def test_a_reduce_task_fetches_its_bucket_of_every_map_in_order():
    outputs = Outputs(maps=2)
    outputs.write(0, 2, ["a0"], ["a1"])
    outputs.write(1, 1, ["b0"], ["b1"])
    assert list(outputs.tracker.fetch(0, 1)) == [dump_records(["a1"]), dump_records(["b1"])]


def test_a_missing_output_fails_the_fetch_after_those_before_it():
    outputs = Outputs(maps=2)
    outputs.write(0, 1, ["a"])
    outputs.write(1, 2, ["b"])
    outputs.executors[2].shuffle_files.clear()
    fetched = outputs.tracker.fetch(0, 0)
    assert next(fetched) == dump_records(["a"])
    with pytest.raises(FetchFailed, match="map output 1 of shuffle 0 is gone: the executor that held it was lost"):
        next(fetched)


def test_a_lost_executor_takes_its_outputs_with_it():
    outputs = Outputs(maps=3)
    for index, executor in enumerate((1, 2, 1)):
        outputs.write(index, executor, [])
    outputs.tracker.executor_lost(outputs.executors[1])
    assert outputs.tracker.missing(0) == [0, 2]


def test_outputs_on_dead_executors_are_dropped_before_the_driver_is_told():
    outputs = Outputs(maps=2)
    outputs.write(0, 1, [])
    outputs.write(1, 2, [])
    outputs.executors[2].alive = False
    outputs.tracker.drop_dead()
    assert outputs.tracker.missing(0) == [1]


def test_a_removed_shuffle_frees_its_files():
    outputs = Outputs(maps=2)
    outputs.write(0, 1, [])
    outputs.tracker.remove(0)
    outputs.tracker.remove(0)
    assert outputs.executors[1].shuffle_files == {}


def test_a_reduce_task_prefers_hosts_with_a_fifth_of_its_input():
    outputs = Outputs(maps=3)
    outputs.write(0, 1, ["x" * 700])
    outputs.write(1, 2, ["x" * 250])
    outputs.write(2, 3, ["x" * 50])
    assert outputs.tracker.preferred_hosts(0, 0) == ("host-1", "host-2")


def test_empty_buckets_attract_nobody():
    outputs = Outputs(maps=3)
    outputs.write(0, 1, ["word"], [])
    outputs.write(1, 2, [], [])
    outputs.write(2, 2, [], [])
    assert outputs.tracker.preferred_hosts(0, 0) == ("host-1",)
    assert outputs.tracker.preferred_hosts(0, 1) == ()
    assert outputs.tracker.preferred_hosts(99, 0) == ()


@pytest.mark.parametrize(("maps", "reduces", "prefers"), [(999, 999, True), (1000, 1, False), (1, 1000, False)])
def test_very_wide_shuffles_have_no_preference(maps, reduces, prefers):
    outputs = Outputs(maps)
    outputs.write(0, 1, *[["x"]] * reduces)
    assert bool(outputs.tracker.preferred_hosts(0, 0)) == prefers

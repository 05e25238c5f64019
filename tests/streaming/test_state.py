"""State in virtual time: `updateStateByKey` visits every key, `mapWithState` only the touched ones."""

import pickle
from itertools import pairwise

import pytest

from sparksim import SparkConf, SparkContext, TaskContext
from sparksim.cluster.faults import ExecutorCrash
from sparksim.core.errors import IllegalArgumentError, NoSuchElementError
from sparksim.streaming import State, StateSpec, StreamingContext
from sparksim.streaming.state_map import MAX_LAYERS, StateMap

LETTERS = [["a"], ["a", "b"], ["a", "b", "c"], ["a", "b"], ["a"], []]
RUNNING = [
    [("a", 1)],
    [("a", 2), ("b", 1)],
    [("a", 3), ("b", 2), ("c", 1)],
    [("a", 4), ("b", 3), ("c", 1)],
    [("a", 5), ("b", 3), ("c", 1)],
    [("a", 5), ("b", 3), ("c", 1)],
]


UNSEEN = {"spark.sparksim.stateKeys": "0", "spark.sparksim.stateBytes": "false"}
"""The trace measures no state."""


def run(build, batches, checkpoint_dir, inputs=LETTERS, settings=None):
    conf = SparkConf().setAll(list((settings or {}).items()))
    with SparkContext("sim[1,2]", "state", conf=conf) as sc:
        ssc = StreamingContext(sc, 1)
        if checkpoint_dir is not None:
            ssc.checkpoint(str(checkpoint_dir))
        out = []
        build(ssc.queueStream(inputs).map(lambda letter: (letter, 1))).foreachRDD(
            lambda rdd: out.append(sorted(rdd.collect(), key=str))
        )
        ssc.start()
        ssc.awaitTerminationOrTimeout(batches + 0.9)
        ssc.stop(stopSparkContext=False)
        return out


def total(values, state):
    return sum(values) + (state or 0)


def count(key, value, state):
    state.update((state.getOption() or 0) + value)
    return key, state.get()


# --- updateStateByKey -----------------------------------------------------------------------------------------------


def test_a_running_count(tmp_path):
    assert run(lambda s: s.updateStateByKey(total), 6, tmp_path) == RUNNING


def test_a_running_count_survives_its_data_checkpoints(tmp_path):
    counts = run(lambda s: s.updateStateByKey(total), 25, tmp_path, [["a"]] * 25)
    assert counts == [[("a", number)] for number in range(1, 26)]


def test_none_drops_the_key_and_idle_keys_are_visited_too(tmp_path):
    def while_busy(values, state):
        return total(values, state) if values else None

    assert run(lambda s: s.updateStateByKey(while_busy), 6, tmp_path)[3:] == [[("a", 4), ("b", 3)], [("a", 5)], []]


def test_an_initial_state(tmp_path):
    states = run(lambda s: s.updateStateByKey(total, initialRDD=[("a", 10), ("z", 1)]), 2, tmp_path)
    assert states == [[("a", 11), ("z", 1)], [("a", 12), ("b", 1), ("z", 1)]]


def test_state_needs_a_checkpoint_directory():
    with pytest.raises(IllegalArgumentError, match="checkpoint directory has not been set"):
        run(lambda s: s.updateStateByKey(total), 1, None)


def test_an_update_function_takes_values_and_state(tmp_path):
    with pytest.raises(IllegalArgumentError, match=r"two arguments, \(new values, last state or None\)"):
        run(lambda s: s.updateStateByKey(lambda values: 1), 1, tmp_path)


# --- mapWithState ---------------------------------------------------------------------------------------------------


def test_the_function_is_called_per_record_and_its_results_are_the_stream(tmp_path):
    mapped = run(lambda s: s.mapWithState(StateSpec.function(count)), 3, tmp_path, [["a", "a", "b"], ["a"], []])
    assert mapped == [[("a", 1), ("a", 2), ("b", 1)], [("a", 3)], []]


def test_snapshots_give_every_key_every_batch(tmp_path):
    assert run(lambda s: s.mapWithState(StateSpec.function(count)).stateSnapshots(), 6, tmp_path) == RUNNING


def test_a_function_of_the_time_may_return_nothing(tmp_path):
    def first_time_only(time, key, value, state):
        if state.exists():
            return None
        state.update(True)
        return time.second, key

    assert run(lambda s: s.mapWithState(StateSpec.function(first_time_only)), 3, tmp_path) == [
        [(1, "a")],
        [(2, "b")],
        [(3, "c")],
    ]


def test_idle_keys_time_out_only_when_the_states_are_checkpointed(tmp_path):
    def watch(key, value, state):
        if state.isTimingOut():
            return "timeout", key, state.get()
        return count(key, value, state)

    spec = StateSpec.function(watch).timeout(3)
    mapped = run(lambda s: s.mapWithState(spec), 12, tmp_path, [["a"]])
    assert [number for number, batch in enumerate(mapped, 1) if batch] == [1, 10]
    assert mapped[9] == [("timeout", "a", 1)]


def test_a_key_that_is_touched_in_the_scan_batch_survives(tmp_path):
    spec = StateSpec.function(count).timeout(3)
    mapped = run(lambda s: s.mapWithState(spec), 11, tmp_path, [["a"], *[[]] * 8, ["a"], ["a"]])
    assert (mapped[9], mapped[10]) == ([("a", 2)], [("a", 3)])


def test_initial_states_and_partitions(tmp_path):
    spec = StateSpec.function(count).initialState([("a", 10), ("z", 1)]).numPartitions(3)
    states = run(lambda s: s.mapWithState(spec).stateSnapshots(), 2, tmp_path)
    assert states == [[("a", 11), ("z", 1)], [("a", 12), ("b", 1), ("z", 1)]]


def test_a_state_says_what_cannot_be_done():
    unset = State(None)
    with pytest.raises(NoSuchElementError, match="State is not set"):
        unset.get()
    removed = State(1)
    removed.remove()
    with pytest.raises(IllegalArgumentError, match="Cannot update the state after it has been removed"):
        removed.update(2)
    with pytest.raises(IllegalArgumentError, match="Cannot remove the state that is timing out"):
        State(1, timing_out=True).remove()


def test_a_function_of_the_wrong_arity_is_refused():
    with pytest.raises(IllegalArgumentError, match=r"takes 2 arguments; give one of \(key, value, state\)"):
        StateSpec.function(lambda key, value: value)


def test_a_copy_of_a_state_map_costs_nothing_and_changes_nothing_below():
    below = StateMap()
    for key in range(1000):
        below.put(key, key * 10, time_ms=1)
    above = below.copy()
    above.put(5, "new", time_ms=2)
    above.remove(6)
    assert (below.get(5), below.get(6)) == (50, 60)
    assert (above.get(5), above.get(6), above.get(7)) == ("new", None, 70)
    assert len(list(above.all())) == 999
    assert above.older_than(2)[:2] == [(0, 0, 1), (1, 10, 1)]


def test_a_state_that_can_be_changed_is_copied_once_into_the_map_that_wants_to_change_it():
    below = StateMap()
    below.put("list", [1], time_ms=1)
    below.put("tuple", (1, "a"), time_ms=1)
    above = below.copy()
    above.own("list").append(2)
    above.own("list").append(3)
    assert (below.get("list"), above.get("list")) == ([1], [1, 2, 3])
    assert above.own("tuple") is below.get("tuple"), "what cannot change needs no copy"
    assert above.older_than(2) == [("list", [1, 2, 3], 1), ("tuple", (1, "a"), 1)], "looking is not touching"


def test_a_map_knows_what_it_changes():
    below = StateMap()
    for key in ("kept", "changed", "gone"):
        below.put(key, [key], time_ms=1)
    above = below.copy()
    for key in ("gone", "changed", "new"):
        above.own(key)
    above.put("new", "!", time_ms=2)
    above.remove("gone")
    above.own("changed").append("!")
    assert list(above.changes()) == [
        ("gone", ["gone"], None),
        ("changed", ["changed"], ["changed", "!"]),
        ("new", None, "!"),
    ]


def test_layers_are_merged_when_a_high_map_is_serialised():
    states = StateMap()
    for time_ms in range(MAX_LAYERS):
        states.put("all", time_ms, time_ms)
        states.put(time_ms, "own", time_ms)
        top, states = states, states.copy()
    top.remove(0)
    before = list(top.all())
    assert top.layers == MAX_LAYERS
    read = pickle.loads(pickle.dumps(top))
    assert (top.layers, read.layers) == (2, 1)
    assert list(read.all()) == list(top.all()) == before
    assert states.get("all") == MAX_LAYERS - 1, "a map on top sees what it saw"


def test_an_empty_map_can_be_serialised():
    assert list(pickle.loads(pickle.dumps(StateMap())).all()) == []


# --- states are objects from batch to batch ---------------------------------------------------------------------------


class Tally:
    """A state that counts how often any of its kind was pickled."""

    pickled = 0

    def __init__(self, count=0):
        self.count = count

    def __reduce__(self):
        Tally.pickled += 1
        return Tally, (self.count,)


def tally(key, value, state):
    seen = state.getOption() or Tally()
    seen.count += value
    state.update(seen)
    return key, seen.count


def test_a_batch_serialises_the_touched_states_only_and_all_of_them_at_a_checkpoint(tmp_path):
    keys, touched = 1000, 10
    pickled = []

    def build(stream):
        mapped = stream.mapWithState(StateSpec.function(tally))
        mapped.foreachRDD(lambda rdd: pickled.append(Tally.pickled))
        return mapped

    Tally.pickled = 0
    inputs = [list(range(keys)), *[list(range(touched))] * 14]
    counts = run(build, 15, tmp_path, inputs, UNSEEN)
    assert counts[-1] == [(key, 15) for key in range(touched)]
    per_batch = [after - before for before, after in pairwise(pickled)]
    assert per_batch == [0, *[touched] * 8, touched + keys, *[touched] * 4]


def test_a_checkpoint_interval_of_ones_own_keeps_the_states_serialised_as_in_spark(tmp_path):
    pickled = []

    def build(stream):
        mapped = stream.mapWithState(StateSpec.function(tally)).checkpoint(20)
        mapped.foreachRDD(lambda rdd: pickled.append(Tally.pickled))
        return mapped

    Tally.pickled = 0
    run(build, 6, tmp_path, [list(range(100)), *[[1]] * 5], UNSEEN)
    assert [after - before for before, after in pairwise(pickled)] == [100, *[100 + 1] * 4]


def test_states_changed_in_place_are_right_when_a_task_is_tried_again(tmp_path):
    def collected(key, value, state):
        if not state.exists():
            state.update([])
        state.get().append(value)  # without update: it stays all the same, as in Spark
        if value == 2 and TaskContext.get().attemptNumber() == 0:
            raise ValueError("once")
        return key, list(state.get())

    def build(stream):
        numbered = stream.map(lambda pair: (pair[0][0], int(pair[0][1])))
        return numbered.mapWithState(StateSpec.function(collected))

    mapped = run(build, 3, tmp_path, [["a1"], ["a9", "a2"], ["a3"]])
    assert mapped == [[("a", [1])], [("a", [1, 9, 2]), ("a", [1, 9])], [("a", [1, 9, 2, 3])]]


def test_a_timeout_that_changes_the_state_in_place_is_right_when_tried_again(tmp_path):
    def watch(key, value, state):
        if not state.isTimingOut():
            return state.update([value])
        state.get().append("idle")
        if TaskContext.get().attemptNumber() == 0:
            raise ValueError("once")
        return list(state.get())

    mapped = run(lambda s: s.mapWithState(StateSpec.function(watch).timeout(3)), 10, tmp_path, [["a"]])
    assert mapped[9] == [[1, "idle"]]


def history(crashes, app, checkpoint_dir):
    """Snapshots of states that are lists changed in place, over 25 batches."""

    def extended(key, value, state):
        values = state.getOption() or []
        values.append(value)
        state.update(values)

    program = app("sim[2,1]", faults=crashes)
    program.ssc.checkpoint(str(checkpoint_dir))
    source = program.ssc.queueStream([[(number % 5, number), (number % 3, -number)] for number in range(25)])
    found = []
    snapshots = source.mapWithState(StateSpec.function(extended)).stateSnapshots()
    snapshots.foreachRDD(lambda rdd: found.append(sorted(rdd.collect())))
    program.run(25.9)
    program.ssc.stop()
    return found


@pytest.mark.parametrize("at", [0.5, 7.5, 7.545, 10.06, 13.12, 22.05])
def test_states_of_a_lost_executor_are_computed_again_as_they_were(app, tmp_path, at):
    undisturbed = history([], app, tmp_path / "undisturbed")
    crash = ExecutorCrash("random", at=at, restart_after=0.5)
    assert history([crash], app, tmp_path / "crashed")[:24] == undisturbed[:24]

"""What the trace says of single keys: created, updated, removed or timed out, and how large their states are."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from sparksim.core.conf import SparkConf
from sparksim.core.errors import IllegalArgumentError
from sparksim.sim import ExecutorCrash, Run
from sparksim.streaming import State, StateSpec
from sparksim.streaming.state_account import Watch
from sparksim.trace.events import StateUpdated
from sparksim.trace.jsonl import jsonl_lines
from tests.streaming.lives import live, running_count, story
from tests.streaming.look_back import everything, run


def told(run: Run) -> list[tuple[int, str, str, int | None, str]]:
    """Second, key, change, bytes, state."""
    return [(row.batch_time_ms // 1000, row.key, row.change, row.size_bytes, row.state) for row in run.state_keys]


def pickled(state: Any) -> int:
    return len(pickle.dumps(state, pickle.HIGHEST_PROTOCOL))


def until_three(new: list[int], old: list[int] | None) -> list[int] | None:
    values = (old or []) + new
    return None if len(values) >= 3 else values


ONE_ONE, TWO_ONES = pickled([1]), pickled([1, 1])
RECORDS = [(1.1, "a"), (1.2, "b"), (1.3, "b"), (2.1, "a"), (2.2, "b"), (4.1, "c"), (4.2, "c"), (4.3, "c")]


def test_update_state_by_key_tells_the_keys_with_records_and_those_that_it_drops() -> None:
    seen = run(lambda pairs: everything(pairs.updateStateByKey(until_three, numPartitions=1)), RECORDS, 6.5)
    assert told(seen) == [
        (2, "'a'", "created", ONE_ONE, "[1]"),
        (2, "'b'", "created", TWO_ONES, "[1, 1]"),
        (3, "'a'", "updated", TWO_ONES, "[1, 1]"),
        (3, "'b'", "removed", None, ""),
    ], "c never had a state after a batch"
    assert [row.size_bytes for row in seen.states] == [0, ONE_ONE + TWO_ONES, TWO_ONES, TWO_ONES, TWO_ONES, TWO_ONES]
    assert {row.left_out for row in seen.states} == {0}


def counted(key: str, value: int | None, state: State) -> None:
    if state.isTimingOut():
        return
    if key == "gone" and state.exists():
        state.remove()
    else:
        state.update((state.getOption() or 0) + 1)


def test_map_with_state_tells_touched_keys_and_those_whose_time_is_out() -> None:
    def program(pairs: Any) -> None:
        states = pairs.mapWithState(StateSpec.function(counted).timeout(2).numPartitions(1))
        states.checkpoint(2)
        everything(states)

    records = [(1.1, "gone"), (1.2, "idle"), (1.3, "a"), (1.4, "a"), (2.1, "gone"), (2.2, "a"), (4.1, "a"), (5.1, "a")]
    seen = run(program, records, 6.5)
    small = pickled(1)
    assert told(seen) == [
        (2, "'gone'", "created", small, "1"),
        (2, "'idle'", "created", small, "1"),
        (2, "'a'", "created", small, "2"),
        (3, "'gone'", "removed", None, ""),
        (3, "'a'", "updated", small, "3"),
        (5, "'a'", "updated", small, "4"),
        (6, "'a'", "updated", small, "5"),
        (6, "'idle'", "timed out", None, ""),  # over since 4, noticed when the states were checkpointed
    ]
    assert [row.size_bytes for row in seen.states] == [0, 3 * small, 2 * small, 2 * small, 2 * small, small]


def test_a_session_within_one_batch_is_told_as_removed() -> None:
    def opened_and_closed(key: str, value: int, state: State) -> None:
        state.remove() if state.exists() else state.update("open")

    spec = StateSpec.function(opened_and_closed).numPartitions(1)
    seen = run(lambda pairs: everything(pairs.mapWithState(spec)), [(0.5, "a"), (0.6, "a"), (0.7, "b")], 1.5)
    assert told(seen) == [(1, "'a'", "removed", None, ""), (1, "'b'", "created", pickled("open"), "'open'")]


def test_states_that_grow_in_place_are_measured_before_and_after() -> None:
    def collected(key: str, value: int, state: State) -> None:
        values = state.getOption() or []
        values.append(value)
        state.update(values)

    spec = StateSpec.function(collected).numPartitions(1)
    records = [(second + 0.5, "a") for second in range(40)]  # past checkpoints, and past the merging of layers
    seen = run(lambda pairs: everything(pairs.mapWithState(spec)), records, 40.5)
    sizes = [pickled([1] * count) for count in range(1, 41)]
    assert [row.size_bytes for row in seen.state_keys] == sizes
    assert [row.size_bytes for row in seen.states] == sizes


def test_states_from_the_start_are_weighed_at_once_and_told_when_they_are_touched() -> None:
    spec = StateSpec.function(lambda key, value, state: state.update("x" * 10)).initialState([("a", 1), ("b", 2)])
    seen = run(lambda pairs: everything(pairs.mapWithState(spec.numPartitions(1))), [(1.5, "b")], 2.5)
    assert [row.size_bytes for row in seen.states] == [2 * pickled(1), pickled(1) + pickled("x" * 10)]
    assert [row[:3] for row in told(seen)] == [(2, "'b'", "updated")]


def test_of_many_keys_the_first_hundred_of_each_partition_are_told_and_the_others_counted() -> None:
    records = [(0.5 + number / 1000, f"key {number:03}") for number in range(130)]
    seen = run(lambda pairs: everything(pairs.updateStateByKey(lambda new, old: 1, 1)), records, 1.5)
    [states] = seen.states
    assert (len(seen.state_keys), states.left_out, states.updated) == (100, 30, 130)
    assert states.size_bytes == 130 * pickled(1), "all are weighed"
    assert [row.key for row in seen.state_keys][::99] == ["'key 000'", "'key 099'"]


@pytest.mark.parametrize("build", ["updateStateByKey", "mapWithState"])
def test_how_many_keys_are_told_is_a_setting(build: str) -> None:
    def program(pairs: Any) -> None:
        update = pairs.updateStateByKey(lambda new, old: 1, 1)
        mapped = pairs.mapWithState(StateSpec.function(counted).numPartitions(1))
        everything(update if build == "updateStateByKey" else mapped)

    records = [(0.5, "a"), (0.6, "b"), (0.7, "c")]
    [few] = (two := run(program, records, 1.5, conf={"spark.sparksim.stateKeys": 2})).states
    [none] = (off := run(program, records, 1.5, conf={"spark.sparksim.stateKeys": 0})).states
    [unweighed] = run(program, records, 1.5, conf={"spark.sparksim.stateBytes": False}).states
    assert (len(two.state_keys), few.left_out, few.size_bytes) == (2, 1, 3 * pickled(1))
    assert (len(off.state_keys), none.left_out, none.size_bytes, none.keys) == (0, 3, 3 * pickled(1), 3)
    assert (unweighed.size_bytes, unweighed.left_out) == (None, 0)


@pytest.mark.parametrize(
    ("master", "settings", "watch"),
    [
        ("sim[2,1]", {}, Watch(100, True)),
        ("local[2]", {}, Watch(100, False)),
        ("local[2]", {"spark.sparksim.stateBytes": "true"}, Watch(100, True)),
        ("sim[2,1]", {"spark.sparksim.stateBytes": "false", "spark.sparksim.stateKeys": "7"}, Watch(7, False)),
    ],
)
def test_a_live_run_weighs_all_states_only_if_asked_to(master: str, settings: dict[str, str], watch: Watch) -> None:
    assert Watch.of(SparkConf().setMaster(master).setAll(list(settings.items()))) == watch


def test_a_negative_number_of_keys_is_refused() -> None:
    with pytest.raises(
        IllegalArgumentError, match=r"sparksim\.stateKeys=-1: give the number of keys to tell, 0 for none"
    ):
        run(
            lambda pairs: everything(pairs.updateStateByKey(lambda new, old: 1)),
            [(0.5, "a")],
            1.5,
            conf={"spark.sparksim.stateKeys": -1},
        )


def test_a_partition_that_is_computed_again_is_told_again_and_counts_once() -> None:
    seen = run(
        lambda pairs: everything(pairs.updateStateByKey(until_three, 2)),
        RECORDS,
        6.5,
        faults=[ExecutorCrash(at=3.9, executor="1")],
    )
    again = [event for event in seen.trace.of(StateUpdated) if event.changes]
    assert len(again) > len({(event.batch_time_ms, event.partition) for event in again})
    assert sorted(row[:3] for row in told(seen)) == [
        (2, "'a'", "created"),
        (2, "'b'", "created"),
        (3, "'a'", "updated"),
        (3, "'b'", "removed"),
    ]


def test_after_a_crash_of_the_driver_the_account_goes_on_from_the_checkpoint() -> None:
    seen = live(running_count, (3.5, 2.0), until=7.5, files=story("abacaba"))
    undisturbed = live(running_count, until=7.5, files=story("abacaba"))
    assert {*told(seen)} == {*told(undisturbed)}
    assert [(row.batch_time_ms, row.size_bytes) for row in seen.states] == [
        (row.batch_time_ms, row.size_bytes) for row in undisturbed.states
    ]


def test_the_same_seed_gives_the_same_account() -> None:
    def program(pairs: Any) -> None:
        everything(pairs.updateStateByKey(lambda new, old: {*(old or ()), "x", "y", object}, 2))

    first, second = (run(program, RECORDS, 6.5, seed=3) for _ in range(2))
    assert list(jsonl_lines(first.trace)) == list(jsonl_lines(second.trace))
    assert "0x" not in "".join(first.state_keys.column("state"))

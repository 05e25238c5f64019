"""What the trace says of states and windows: how many keys came and went, and which batches a window is made of."""

from __future__ import annotations

from operator import add, sub
from typing import Any

from sparksim.streaming.map_with_state import State, StateSpec
from sparksim.trace.checks import check_trace
from sparksim.trace.events import StateUpdated, TaskEnd
from tests.streaming.look_back import everything, run


def rows(states: Any) -> list[tuple[int, ...]]:
    return [(row.batch_time_ms // 1000, row.keys, row.updated, row.removed, row.timed_out) for row in states]


def test_update_state_by_key_tells_what_came_and_what_went() -> None:
    def until_three(new: list[int], old: int | None) -> int | None:
        total = (old or 0) + sum(new)
        return None if total >= 3 else total

    records = [(1.1, "a"), (1.2, "b"), (1.3, "b"), (2.1, "a"), (2.2, "b"), (4.1, "c"), (4.2, "c"), (4.3, "c")]
    told = run(lambda pairs: everything(pairs.updateStateByKey(until_three, numPartitions=2)), records, 6.5)
    #                                  batch, keys, updated, removed, timed out
    assert rows(told.states)[1:] == [
        (2, 2, 2, 0, 0),  # a: 1, b: 2
        (3, 1, 1, 1, 0),  # a: 2, b is done
        (4, 1, 0, 0, 0),
        (5, 1, 0, 0, 0),  # c never had a state
        (6, 1, 0, 0, 0),
    ]
    assert all(sum(row.partitions) == row.keys and len(row.partitions) == 2 for row in told.states)
    assert {row.stream.partition(":")[0] for row in told.states} == {"updateStateByKey at test_look_back_events.py"}


def test_streams_that_are_made_in_one_line_are_told_apart() -> None:
    def two_windows_and_two_states(pairs: Any) -> None:
        everything(pairs.window(2, 1).join(pairs.window(3, 1)))
        for count in [pairs.updateStateByKey(lambda new, old: sum(new) + (old or 0)) for _ in range(2)]:
            everything(count)

    told = run(two_windows_and_two_states, [(1.1, "a"), (1.2, "b")], 3.5)
    assert check_trace(told.trace) == []
    windows, states = ([row.stream for row in table.where(batch_time_ms=2000)] for table in (told.windows, told.states))
    assert all(second == f"{first} (2)" for first, second in (windows, states))
    assert [row.keys for row in told.states.where(batch_time_ms=2000)] == [2, 2]


def test_map_with_state_tells_removed_and_idle_keys_too() -> None:
    def count(key: str, value: int | None, state: State) -> None:
        if state.isTimingOut():
            return
        if key == "gone" and state.exists():
            state.remove()
        else:
            state.update((state.getOption() or 0) + 1)

    def program(pairs: Any) -> None:
        states = pairs.mapWithState(StateSpec.function(count).timeout(2).numPartitions(2))
        states.checkpoint(2)
        everything(states)

    records = [(1.1, "gone"), (1.2, "idle"), (1.3, "a"), (1.4, "a"), (2.1, "gone"), (2.2, "a"), (4.1, "a"), (5.1, "a")]
    told = run(program, records, 6.5)
    assert rows(told.states)[1:] == [
        (2, 3, 3, 0, 0),
        (3, 2, 1, 1, 0),
        (4, 2, 0, 0, 0),
        (5, 2, 1, 0, 0),
        (6, 1, 1, 0, 1),
    ]


def test_the_keys_that_were_there_from_the_start_are_counted() -> None:
    spec = StateSpec.function(lambda key, value, state: state.update(value)).initialState([("a", 1), ("b", 2)])
    told = run(lambda pairs: everything(pairs.mapWithState(spec.numPartitions(1))), [(0.5, "b"), (0.6, "c")], 2.5)
    assert [(row.batch_time_ms, row.keys) for row in told.states] == [(1000, 3), (2000, 3)]


def test_a_task_tells_of_its_states_when_it_has_succeeded() -> None:
    told = run(lambda pairs: everything(pairs.updateStateByKey(lambda new, old: 1)), [(0.5, "a")], 3.5)
    ended_ms = {event.time_ms for event in told.trace.of(TaskEnd) if event.reason == "Success"}
    assert {event.time_ms for event in told.trace.of(StateUpdated)} <= ended_ms
    assert len(told.trace.of(StateUpdated)) == sum(len(row.partitions) for row in told.states) > 0


def test_a_partition_that_nobody_asked_for_is_not_known() -> None:
    def shows_one(pairs: Any) -> None:
        pairs.updateStateByKey(lambda new, old: 1, numPartitions=3).pprint(1)

    told = run(shows_one, [(1.1 + number / 100, f"key {number}") for number in range(60)], 2.9)
    none_yet, many = told.states
    assert none_yet.partitions == (0, 0, 0)  # pprint looked everywhere
    assert many.partitions == (many.keys, None, None)  # and found enough in the first


def test_a_window_is_told_by_its_batches() -> None:
    told = run(lambda pairs: pairs.window(3, 2).pprint(), [(0.5, "a")], 6.5)
    assert [row.batches for row in told.windows] == [(1000, 2000), (2000, 3000, 4000), (4000, 5000, 6000)]
    assert [row.added for row in told.windows] == [row.batches for row in told.windows]
    assert {row.stream.partition(":")[0] for row in told.windows} == {"window at test_look_back_events.py"}


def test_an_incremental_window_says_what_comes_and_what_leaves() -> None:
    told = run(lambda pairs: pairs.reduceByKeyAndWindow(add, sub, 5, 1).pprint(), [(0.5, "a")], 7.5)
    assert [(row.batch_time_ms, row.added, row.removed) for row in told.windows] == [
        (1000, (1000,), ()),
        (2000, (2000,), ()),
        (3000, (3000,), ()),
        (4000, (4000,), ()),
        (5000, (5000,), ()),
        (6000, (6000,), (1000,)),
        (7000, (7000,), (2000,)),
    ]
    assert told.windows[-1].batches == (3000, 4000, 5000, 6000, 7000)

"""A window slides by its difference: what has come and what has left, in one pass without a shuffle."""

from __future__ import annotations

import operator
from typing import Any

import pytest

from sparksim.core.errors import SparkJobError
from sparksim.trace.events import TaskEnd
from tests.streaming.conftest import App

PER_BATCH = [[("a", 1), ("b", batch), ("a", 10)] for batch in range(12)]


def slid(
    app: Any, tmp_path: Any, add: Any, subtract: Any, length: int, slide: int, keep: Any = None
) -> tuple[App, Any]:
    program = app("sim[1,2]")
    program.ssc.checkpoint(str(tmp_path))
    pairs = program.ssc.queueStream(PER_BATCH)
    return program, collected(pairs.reduceByKeyAndWindow(add, subtract, length, slide, 2, keep))


def collected(stream: Any) -> list[Any]:
    """The sorted records of each batch, as the run goes on. A checkpointed program may capture plain values only."""
    found: list[Any] = []
    stream.foreachRDD(lambda rdd: found.append(sorted(rdd.collect())))
    return found


def test_a_slide_of_several_batches_gives_what_a_plain_window_gives(app: Any, tmp_path: Any) -> None:
    program, found = slid(app, tmp_path, operator.add, operator.sub, 10, 2)
    program.run(12.9)
    windows = [range(max(0, end - 10), end) for end in range(2, 13, 2)]
    assert found == [[("a", 11 * len(window)), ("b", sum(window))] for window in windows]


def test_values_that_leave_are_reduced_first_and_taken_away_once_per_key(app: Any, tmp_path: Any) -> None:
    program = app("sim[1,2]")
    program.ssc.checkpoint(str(tmp_path))
    calls = program.sc.accumulator(0)

    def subtract(value: int, gone: int) -> int:
        calls.add(1)
        return value - gone

    seen = []
    window = program.ssc.queueStream(PER_BATCH).reduceByKeyAndWindow(operator.add, subtract, 10, 2, 2)
    window.foreachRDD(lambda rdd: (rdd.count(), seen.append(calls.value)))
    program.run(12.9)
    assert seen == [0] * 5 + [2], "one call per key, though two batches left"


def test_only_the_new_batch_is_shuffled(app: Any, tmp_path: Any) -> None:
    program, _found = slid(app, tmp_path, operator.add, operator.sub, 5, 1)
    program.run(9.9)
    shuffled = sum(end.shuffle_read for end in program.of(TaskEnd) if end.time_ms > 9000)
    assert shuffled == 3, "the last batch: one key from the first map task, two from the second"


def test_functions_may_change_their_first_argument(app: Any, tmp_path: Any) -> None:
    def extended(values: list[Any], more: list[Any]) -> list[Any]:
        values.extend(more)
        return values

    def shortened(values: list[Any], gone: list[Any]) -> list[Any]:
        del values[: len(gone)]
        return values

    program = app("sim[1,2]")
    program.ssc.checkpoint(str(tmp_path))
    lists = program.ssc.queueStream([[("a", [batch])] for batch in range(8)])
    window = lists.reduceByKeyAndWindow(extended, shortened, 5, 1)
    first, second = collected(window), collected(window)
    program.run(8.9)
    assert first == second
    assert first[-1] == [("a", [3, 4, 5, 6, 7])]


def test_a_filter_that_raises_stop_iteration_loses_no_keys_in_silence(app: Any, tmp_path: Any) -> None:
    def keep(pair: Any) -> bool:
        raise StopIteration

    program, _found = slid(app, tmp_path, operator.add, operator.sub, 5, 1, keep)
    with pytest.raises(SparkJobError, match="StopIteration"):
        program.run(9.9)

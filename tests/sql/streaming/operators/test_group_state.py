"""Functions with a state per key: the rows that Spark 4.3 gave, batch by batch."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas
import pytest

from sparksim.sql.chunks import chunk_of, rows_of
from sparksim.sql.plan.nodes import EventTime, GroupState, Plan
from sparksim.sql.row import Row
from sparksim.sql.streaming.operators.contract import Outcome, Times
from sparksim.sql.streaming.operators.group_state import GroupStateOperator
from sparksim.sql.streaming.state import GroupState as State
from sparksim.sql.streaming.state import GroupStateTimeout
from sparksim.sql.utils import PySparkTypeError, PySparkValueError

from .dict_store import DictStore
from .join_stage import at, ms, schema_of

PROCESSING, EVENT = GroupStateTimeout.ProcessingTimeTimeout, GroupStateTimeout.EventTimeTimeout
Rows = Sequence[tuple[Any, ...]]


class Stage:
    """Runs batches of (ts, k, v) grouped by k; `late` is the watermark of the batch before."""

    def __init__(
        self,
        func: Callable[..., Any],
        gives: str,
        timeout: str = GroupStateTimeout.NoTimeout,
        form: str = "python",
        state: str | None = None,
        is_map: bool = False,
    ) -> None:
        mark = EventTime(10_000) if timeout == EVENT else None
        child = Plan(schema_of("ts timestamp, k string, v int"), (mark, None, None))
        schema, state_schema = schema_of(gives), schema_of(state) if state else None
        node = GroupState(
            schema, (None,) * len(schema), child, (1,), func, state_schema, "update", timeout, form, is_map
        )
        self.operator = GroupStateOperator(node)
        self.store = DictStore()
        self._node, self._late_ms = node, 0

    def batch(self, rows: Rows = (), watermark: str | None = None, now_ms: int = 0) -> Outcome:
        evict_ms = ms(watermark) if watermark else self._late_ms
        given = [(at(time), key, value) for time, key, value in rows]
        chunk = self.operator.prepare(0, {"this": chunk_of(given, self._node.child.schema)}, now_ms)
        outcome = self.operator.process([chunk], {"default": self.store}, Times(self._late_ms, evict_ms, now_ms))
        self._late_ms = evict_ms
        return outcome

    def rows(self, rows: Rows = (), watermark: str | None = None, now_ms: int = 0) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in rows_of(self.batch(rows, watermark, now_ms).output, self._node.schema)]


def count_rows(key: tuple[str], rows: Iterator[Row], state: State) -> tuple[str, int]:
    total = (state.getOption or 0) + sum(1 for _ in rows)
    state.update(total)
    return key[0], total


def count_frames(key: tuple[str], frames: Iterator[Any], state: State) -> Iterator[Any]:
    [total] = state.getOption or (0,)
    total += sum(len(frame) for frame in frames)
    state.update((total,))
    yield pandas.DataFrame({"n": [total], "k": [key[0]]})


def session(key: tuple[str], frames: Iterator[Any], state: State) -> Iterator[Any]:
    """Closes five seconds after its last event."""
    if state.hasTimedOut:
        yield pandas.DataFrame({"k": [key[0]], "n": [state.get[0]], "closed": [True]})
        state.remove()
        return
    total, last = state.getOption or (0, 0)
    for frame in frames:
        total += len(frame)
        last = max(last, int(frame["ts"].max().timestamp() * 1000))
    state.update((total, last))
    state.setTimeoutTimestamp(last + 5000)
    yield pandas.DataFrame({"k": [key[0]], "n": [total], "closed": [False]})


@pytest.mark.parametrize(
    "stage",
    [
        Stage(count_rows, "k string, n bigint", is_map=True),
        Stage(count_frames, "k string, n bigint", form="pandas", state="n bigint"),
    ],
    ids=["rows", "frames"],
)
def test_a_count_per_key_goes_on_from_batch_to_batch(stage: Stage) -> None:
    assert stage.rows([("10:00", "a", 1), ("10:00", "b", 1), ("10:00", "a", 1)]) == [("a", 2), ("b", 1)]
    assert stage.rows([("10:00", "b", 1)]) == [("b", 2)]
    assert stage.rows([("10:00", "c", 1), ("10:00", "a", 1)]) == [("a", 3), ("c", 1)]
    outcome = stage.batch([("10:00", None, 1)])
    assert (outcome.updated, outcome.removed, len(stage.store)) == (1, 0, 4)


def test_a_session_closes_when_the_watermark_is_past_its_timeout() -> None:
    stage = Stage(session, "k string, n bigint, closed boolean", EVENT, "pandas", "n bigint, last bigint")
    first = [("10:00:00", "a", 1), ("10:00:02", "a", 1), ("10:00:03", "b", 1)]
    assert stage.rows(first) == [("a", 2, False), ("b", 1, False)]
    assert stage.rows([("10:00:20", "c", 1)], "09:59:53") == [("c", 1, False)]
    outcome = stage.batch(watermark="10:00:10")
    assert outcome.output.to_pydict() == {"c0": ["a", "b"], "c1": [2, 1], "c2": [True, True]}
    assert (outcome.removed, len(stage.store)) == (2, 1)
    outcome = stage.batch([("10:00:05", "d", 1), ("10:00:12", "b", 1)])
    assert (outcome.output.to_pydict()["c0"], outcome.dropped) == (["b"], 1)
    assert stage.rows(watermark="10:00:50") == [("b", 1, True), ("c", 1, True)]


def fires(key: tuple[str], rows: Iterator[Row], state: State) -> list[tuple[str, str]]:
    """Sets a timeout of a second with the first row of a key, and never again."""
    if not state.exists:
        state.update(0)
        state.setTimeoutDuration(1000)
    return [(key[0], "timeout" if state.hasTimedOut else "data")]


def test_a_timeout_that_is_just_now_has_not_passed() -> None:
    stage = Stage(fires, "k string, what string", PROCESSING)
    assert stage.rows([("10:00", "a", 1)], now_ms=5000) == [("a", "data")]
    assert stage.rows(now_ms=6000) == []
    assert stage.rows(now_ms=6001) == [("a", "timeout")]
    assert stage.rows(now_ms=9000) == []


def test_each_call_clears_the_timeout() -> None:
    stage = Stage(fires, "k string, what string", PROCESSING)
    stage.batch([("10:00", "a", 1)], now_ms=5000)
    assert stage.batch([("10:00", "a", 1)], now_ms=5500).updated == 1
    assert stage.rows(now_ms=9000) == []


def test_keys_with_data_come_before_keys_that_have_timed_out() -> None:
    stage = Stage(fires, "k string, what string", PROCESSING)
    stage.batch([("10:00", "a", 1), ("10:00", "b", 1)], now_ms=5000)
    assert stage.rows([("10:00", "b", 1), ("10:00", "z", 1)], now_ms=9000) == [
        ("b", "data"),
        ("z", "data"),
        ("a", "timeout"),
    ]


def test_a_timeout_needs_no_state() -> None:
    def again(key: tuple[str], rows: Iterator[Row], state: State) -> tuple[str, bool]:
        state.setTimeoutDuration(1000)
        return key[0], state.hasTimedOut

    stage = Stage(again, "k string, timed boolean", PROCESSING, is_map=True)
    assert stage.rows([("10:00", "a", 1)], now_ms=1000) == [("a", False)]
    assert stage.rows(now_ms=3000) == stage.rows(now_ms=5000) == [("a", True)]


def test_a_call_that_changes_nothing_writes_nothing() -> None:
    stage = Stage(lambda key, rows, state: (key[0],), "k string", is_map=True)
    outcome = stage.batch([("10:00", "a", 1)])
    assert (outcome.output.num_rows, outcome.updated, outcome.removed, len(stage.store)) == (1, 0, 0, 0)


def test_a_stored_value_is_safe_from_the_function() -> None:
    def spoil(key: tuple[str], rows: Iterator[Row], state: State) -> list[tuple[int]]:
        if not state.exists:
            state.update([])
        elif len(state.get) == 0:
            state.get.append(1)
        return [(len(state.get),)]

    stage = Stage(spoil, "n int")
    assert [stage.rows([("10:00", "a", 1)]) for _ in range(3)] == [[(0,)], [(1,)], [(1,)]]


def test_rows_are_seen_with_names_and_times() -> None:
    def show(key: tuple[str], rows: Iterator[Row], state: State) -> Iterator[tuple[datetime.datetime, int]]:
        return ((row.ts, row.v) for row in rows)

    stage = Stage(show, "t timestamp, v int")
    assert stage.rows([("10:05", "a", 7), ("10:01", "a", 8)]) == [(at("10:05"), 7), (at("10:01"), 8)]


def test_frames_have_the_columns_of_the_stream_also_without_rows() -> None:
    seen = []

    def look(key: tuple[str], frames: Iterator[Any], state: State) -> Iterator[Any]:
        seen.append([(list(frame.columns), len(frame)) for frame in frames])
        if not state.hasTimedOut:
            state.setTimeoutDuration(1)
        return iter(())

    stage = Stage(look, "k string", PROCESSING, "pandas", "n int")
    stage.batch([("10:00", "a", 1)], now_ms=1)
    stage.batch(now_ms=3)
    assert seen == [[(["ts", "k", "v"], 1)], [(["ts", "k", "v"], 0)]]


@pytest.mark.parametrize(
    ("form", "given", "error", "text"),
    [
        ("python", ("a", "b", "c"), PySparkValueError, "has 3 values and the schema 2"),
        ("python", ("a", "b"), PySparkTypeError, "field n: `LongType"),
        ("python", None, PySparkValueError, "CANNOT_BE_NONE"),
        ("pandas", 3, PySparkTypeError, "must yield pandas DataFrames, it gave 3"),
        ("pandas", pandas.DataFrame({"x": [1]}), PySparkValueError, r"gave columns \['x'\], but its output is struct<"),
        ("pandas", pandas.DataFrame({"k": ["a"], "n": ["b"]}), PySparkTypeError, "column 'n' .* must be n:bigint"),
    ],
)
def test_what_does_not_fit_the_output_is_refused(form: str, given: Any, error: type[Exception], text: str) -> None:
    stage = Stage(lambda key, rows, state: [given], "k string, n bigint", form=form, state="n int")
    with pytest.raises(error, match=text):
        stage.batch([("10:00", "a", 1)])


@pytest.mark.parametrize(
    ("timeout", "same", "later"),
    [(GroupStateTimeout.NoTimeout, False, False), (PROCESSING, True, True), (EVENT, False, True)],
)
def test_when_a_batch_without_data_is_wanted(timeout: str, same: bool, later: bool) -> None:
    operator = Stage(count_rows, "k string, n bigint", timeout).operator
    assert (operator.wants_batch(5, 5), operator.wants_batch(5, 6)) == (same, later)
    assert operator.output_watermark_ms(5) is None

"""Streaming queries as tables: triggers, rows, states and watermarks, from the trace alone."""

from __future__ import annotations

import pytest

from sparksim.sim.run import Run
from sparksim.trace import Trace
from sparksim.trace.events import ApplicationStart
from sparksim.trace.query_keys import shown_cell, shown_key, shown_value, time_text, window_of_cell, window_text
from tests.trace.queries import NINE, Query, at, cell, window_cell, window_key, windowed_count


@pytest.fixture
def run() -> Run:
    return Run(windowed_count().end().trace())


def test_a_trigger_counts_what_it_read_dropped_kept_and_wrote(run: Run) -> None:
    rows = [(row.data, row.rows_read, row.rows_late, row.rows_written, row.state_rows) for row in run.triggers]
    assert rows == [
        (True, 2, 0, 2, 2),
        (True, 2, 0, 2, 3),
        (True, 1, 0, 1, 4),
        (False, 0, 0, 0, 2),
        (True, 2, 1, 1, 2),
    ]
    first = run.triggers[0]
    assert (first.name, first.batch, first.start_ms, first.end_ms, first.duration_ms) == ("counts", 0, 0, 400, 400)
    assert (first.batch_time_ms, first.watermark_ms, first.next_watermark_ms) == (at("12:00"), 0, at("09:57"))


def test_a_batch_that_was_not_committed_is_abandoned_and_the_next_run_runs_it_again() -> None:
    first = Query(run="run-1").plan().read(("10:00", "cat")).end("boom")
    second = Query(run="run-2").plan(again=True).read(("10:00", "cat")).write(("n",), ("1",)).commit().plan()
    run = Run(Trace([*first.events, *second.events]))
    assert [(row.run, row.batch, row.again, row.status) for row in run.triggers] == [
        ("run-1", 0, False, "abandoned"),
        ("run-2", 0, True, "done"),
        ("run-2", 1, False, "running"),
    ]
    assert [(row.run, row.batches, row.ended_ms, row.error) for row in run.queries] == [
        ("run-1", 0, 500, "boom"),
        ("run-2", 1, None, None),
    ]


def test_a_batch_is_abandoned_too_when_its_driver_dies() -> None:
    driver = ApplicationStart(600, "app-2", "counts", "sim[2,2]", 0, 4)
    run = Run(Trace([*Query(run="run-1").plan().events, driver, *Query(run="run-2").plan(again=True).events]))
    assert run.triggers.column("status") == ["abandoned", "running"]


def test_states_are_those_of_all_partitions_and_a_join_s_counts_are_none() -> None:
    query = Query().plan().keep(2, partition=0).keep(3, partition=1)
    query.keep(4, store="left-keyWithIndexToValue").keep(9, store="left-keyToNumValues")
    assert Run(query.trace()).triggers[0].state_rows == 9


def test_a_sink_that_does_not_know_its_rows_leaves_them_open() -> None:
    assert Run(Query().plan().write((), count=-1).trace()).triggers[0].rows_written is None


def test_single_rows_are_told(run: Run) -> None:
    assert [(row.batch, row.event_time_ms, row.row) for row in run.input_rows[:2]] == [
        (0, at("10:02"), (cell("10:02"), "cat")),
        (0, at("10:07"), (cell("10:07"), "dog")),
    ]
    [late] = run.late_rows
    assert (late.batch, late.watermark_ms, late.row) == (4, at("10:11"), (window_cell(*NINE), "dog"))
    assert run.result_rows[-1].row == (window_cell("10:10", "10:20"), "cat", "2")


def test_a_state_s_window_stands_beside_its_key(run: Run) -> None:
    first, *_ = run.state_changes
    assert (first.window_start_ms, first.window_end_ms, first.key) == (at("10:00"), at("10:10"), "cat")
    assert [(row.batch, row.key, row.change) for row in run.state_changes.where(window_end_ms=at("10:10"))] == [
        (0, "cat", "created"),
        (0, "dog", "created"),
        (1, "dog", "updated"),
        (3, "cat", "expired"),
        (3, "dog", "expired"),
    ]


def test_a_session_that_is_gone_keeps_its_window() -> None:
    value = repr(((at("10:00") * 1000, at("10:05") * 1000), (3,)))
    query = Query(operator="sessionWindowStateStoreSaveExec")
    query.plan().keep(1, ("('cat', 0)", "created", value)).plan().keep(0, ("('cat', 0)", "expired", ""))
    created, gone = Run(query.trace()).state_changes
    assert (created.key, created.window_end_ms) == (gone.key, gone.window_end_ms) == ("cat", at("10:05"))


def test_the_watermark_goes_from_batch_to_batch(run: Run) -> None:
    assert [(row.watermark_ms, row.next_watermark_ms) for row in run.watermarks[:3]] == [
        (0, at("09:57")),
        (at("09:57"), at("10:02")),
        (at("10:02"), at("10:11")),
    ]
    assert run.watermarks[0].own_ms == (at("09:57"),)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (window_key("10:00", "10:10", "cat"), "10:00–10:10 cat"),
        (window_key("10:00", "10:10"), "10:00–10:10"),
        ("('cat', 3)", "cat, 3"),
        ("('cat', (1, 2))", "cat, (1, 2)"),
        ("(('cat', 'b'), 0)", "cat, b"),
        ("(('cat',), 2)", "cat (3)"),
        ("()", ""),
        (repr((at("10:05") * 1000, "cat")), "10:05, cat"),
        ("((1704103200000000, 170…", "((1704103200000000, 170…"),
        ("cat", "cat"),
    ],
)
def test_a_key_is_shown_by_the_clock(key: str, name: str) -> None:
    assert shown_key(key).name == name


def test_a_window_near_the_epoch_is_known_by_the_event_times() -> None:
    assert shown_key("((0, 10000000), 'cat')", event_ms=(2000, 9000)).name == "00:00–00:00:10 cat"
    assert shown_key("((0, 10000000), 'cat')", event_ms=(20000, 90000)).window is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("(2,)", "2"),
        ("(2, 3.5)", "2, 3.5"),
        ("True", "True"),
        ("((1, 2), (3,))", "3"),
        ("Stored(…", "Stored(…"),
        ("Stored(values=(7, 'x)'), expires…", "7, x)"),
    ],
)
def test_a_value_is_shown_by_its_parts(value: str, shown: str) -> None:
    assert shown_value(value) == shown


def test_cells_are_shown_by_the_clock() -> None:
    assert shown_cell(window_cell("10:00", "10:10")) == "10:00–10:10"
    assert [shown_cell(f"2024-01-01 10:00:{second}") for second in ("00", "30.5")] == ["10:00", "10:00:30.5"]
    assert shown_cell("cat") == "cat"
    assert window_of_cell("{2024-01-01 10:00:00.5, 2024-01-01 10:10:00}") == (at("10:00") + 500, at("10:10"))
    assert window_text((at("10:00"), at("10:00") + 86_400_000)) == "10:00–10:00 +1 d"
    assert [time_text(at("10:05") + more) for more in (0, 30_000, 500)] == ["10:05", "10:05:30", "10:05:00.5"]


@pytest.mark.parametrize(
    ("operator", "value", "shown"),
    [
        ("dedupe", "True", ""),
        ("dedupeWithinWatermark", "True", ""),
        ("applyInPandasWithState", "((3, 'a'), 1704103200000)", "3, a"),
        ("flatMapGroupsWithState", "(None, None)", "–"),
    ],
)
def test_a_value_is_shown_as_its_operator_keeps_it(operator: str, value: str, shown: str) -> None:
    assert shown_value(value, operator) == shown

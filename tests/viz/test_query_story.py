"""What a streaming query did, as plain values: which rows were late, what each state was, how long windows lasted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sparksim.trace import Trace
from sparksim.viz.query_story import Cell, QueryStory, WindowBar, query_story
from tests.trace.queries import NINE, TEN, Query, at, cell, window_cell, window_key, windowed_count


def story(query: Query) -> QueryStory:
    return query_story(query.trace())


def test_a_state_stays_until_it_expires() -> None:
    told = story(windowed_count())
    lines = {(line.name, line.window): told.cells(line) for line in told.lines}
    dog = lines["dog", (at("10:00"), at("10:10"))]
    assert dog == {0: Cell("1", "created"), 1: Cell("2", "updated"), 2: Cell("2", ""), 3: Cell("", "expired")}
    assert list(lines["owl", (at("10:20"), at("10:30"))]) == [2, 3, 4]


def test_windows_are_bars_from_their_first_state_to_their_last() -> None:
    assert story(windowed_count()).windows() == [
        WindowBar((at("10:00"), at("10:10")), 0, 3),
        WindowBar((at("10:10"), at("10:20")), 1, None),
        WindowBar((at("10:20"), at("10:30")), 2, None),
    ]


def test_the_rows_of_a_group_that_was_dropped_are_late_because_of_its_window() -> None:
    last = story(windowed_count()).steps[-1]
    assert [(entry.text, entry.late, entry.closed) for entry in last.entries] == [
        ("dog", True, (at("10:00"), at("10:10"))),
        ("cat", False, None),
    ]


LATE_CASES = {
    "the row itself": ((cell("10:01"), "cat"), [True, False, False]),
    "a row with other columns: the one before the watermark": (("x", "y"), [True, False, False]),
    "a group without a window": (("owl",), [False, False, True]),
}


@pytest.mark.parametrize(("late", "found"), LATE_CASES.values(), ids=LATE_CASES)
def test_dropped_rows_are_found_among_those_that_were_read(late: tuple[str, ...], found: list[bool]) -> None:
    query = Query().plan().commit("10:05").plan()
    query.read(("10:01", "cat"), ("10:20", "cat"), ("10:04", "owl")).late(late)
    assert [entry.late for entry in story(query).steps[1].entries] == found


def test_rows_that_the_trace_does_not_show_are_counted() -> None:
    step = story(Query().plan().read(("10:00", "cat"), count=2500)).steps[0]
    assert (len(step.entries), step.unshown) == (1, 2499)


def test_a_join_keeps_rows_on_each_side_and_its_counts_are_no_states() -> None:
    query = Query(operator="symmetricHashJoin").plan()
    query.keep(
        1, ("(('x',), 0)", "created", "Stored(values=(7, 'x'), expires_us=None)"), store="left-keyWithIndexToValue"
    )
    query.keep(1, ("('x',)", "created", "1"), store="left-keyToNumValues").keep(2, store="right-keyWithIndexToValue")
    told = story(query)
    assert (told.sides, told.steps[0].buffers) == (["left", "right"], {"left": 1, "right": 2})
    assert [(line.name, line.changes[0].value) for line in told.lines] == [("left: x", "7, x")]


def test_that_a_key_was_seen_is_no_value() -> None:
    query = Query(operator="dedupe").plan().keep(1, ("('x',)", "created", "True"))
    assert story(query).lines[0].changes == {0: Cell("", "created")}


def test_changes_that_are_not_told_are_counted() -> None:
    query = Query().plan().keep(9, ("('x',)", "created", "(1,)"), left_out=8)
    assert story(query).untold == 8


def test_a_query_that_was_started_again_is_one_story_and_an_abandoned_batch_left_nothing() -> None:
    first = Query(run="run-1").plan().keep(1, (window_key(*NINE, "cat"), "created", "(1,)")).commit()
    first.plan().keep(2, (window_key(*TEN, "cat"), "created", "(1,)")).end("boom")
    second = Query(run="run-2")
    second.batch = 0
    second.plan(again=True).keep(2, (window_key(*TEN, "cat"), "created", "(1,)")).commit().plan().commit()
    told = query_story(Trace([*first.events, *second.events]))
    assert [(step.row.batch, step.row.status, step.row.again) for step in told.steps] == [
        (0, "done", False),
        (1, "abandoned", False),
        (1, "done", True),
        (2, "done", False),
    ]
    assert [cell.change for cell in told.cells(told.lines[1]).values()] == ["created", "created", ""]


@pytest.mark.parametrize(
    ("trace", "name", "message"),
    [
        (Trace(), None, r"^no streaming query was started in this run: call df.writeStream.start\(\)$"),
        (
            windowed_count().trace(),
            "other",
            r"^name='other': give the name or the id of one query; there are: 'counts'$",
        ),
    ],
)
def test_a_query_that_there_is_not_is_refused(trace: Trace, name: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        query_story(trace, name)


def test_one_of_two_queries_has_to_be_named() -> None:
    two = windowed_count().events
    started, *others = Query("other", run="run-9").plan().events
    both = Trace([*two, replace(started, query="query-2"), *others])
    assert (query_story(both, "other").title, len(query_story(both, "run-1").steps)) == ("other", 5)
    with pytest.raises(ValueError, match=r"^name=None: give the name .* there are: 'counts', 'other'$"):
        query_story(both)


def test_a_late_group_s_cells_are_those_of_the_event() -> None:
    [step] = [step for step in story(windowed_count()).steps if step.late]
    assert step.late == [(window_cell(*NINE), "dog")]

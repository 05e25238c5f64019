"""The figure of a streaming query: its panels, what they say of few triggers and of many, in both languages."""

from __future__ import annotations

from itertools import pairwise
from math import isnan
from typing import Any

import pytest
from matplotlib.figure import Figure

from sparksim.sim.run import Run
from sparksim.trace import Trace
from sparksim.viz import query_figure
from sparksim.viz.query_scale import clock_ticks
from tests.trace.queries import RESULT, Query, at, window_key, windowed_count


def titles(figure: Figure) -> list[str]:
    return [axes.get_title(loc="left") for axes in figure.axes]


def texts(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def word_count(triggers: int, rows: int = 2) -> Query:
    """In complete mode, without event time."""
    query = Query("words", mode="complete")
    for number in range(triggers):
        query.plan().read(*[(f"w{each}", "1") for each in range(rows)], timed=False)
        change = "updated" if number else "created"
        query.keep(1, ("('w0',)", change, f"({number + 1},)")).write(("word", "n"), ("w0", str(number + 1))).commit()
    return query


def join() -> Query:
    query = Query("ads", operator="symmetricHashJoin").plan().read(("10:00", "x")).read(("10:04", "x"), source=1)
    for side in ("left", "right"):
        query.keep(1, ("(('x',), 0)", "created", "Stored(values=('x',))"), store=f"{side}-keyWithIndexToValue")
    return query.write(("a", "b"), ("x", "NULL")).commit("09:50")


def test_rows_stand_at_their_event_times_and_late_ones_say_why() -> None:
    times, states, result = query_figure(windowed_count().trace()).axes
    assert texts(times) == ["cat", "dog", "dog", "cat", "owl", "dog: 10:10 ≤ 10:11", "cat"]
    late = [line for line in times.lines if line.get_marker() == "X" and len(line.get_xdata())]
    assert [list(line.get_ydata()) for line in late] == [[at("10:08")]]
    assert [label.get_text() for label in states.get_yticklabels()][:2] == ["10:00–10:10 cat", "10:00–10:10 dog"]
    assert texts(result)[:2] == ["10:00–10:10, cat, 1", "10:00–10:10, dog, 1"]
    named = [label.get_text() for label in result.get_xticklabels()]
    assert named[2:4] == ["batch 2", "batch 3\nno new data"]


def test_the_watermark_stands_still_within_a_trigger() -> None:
    times = query_figure(windowed_count().trace()).axes[0]
    [watermark] = [line for line in times.lines if line.get_linewidth() == 1.8]
    assert list(watermark.get_xdata())[:4] == [0.5, 1.5, 1.5, 2.5]
    assert list(watermark.get_ydata())[:4] == [at("09:57"), at("09:57"), at("10:02"), at("10:02")]


def test_a_batch_that_was_not_committed_leaves_a_gap_in_the_latest_times() -> None:
    query = Query().plan().read(("10:00", "cat")).commit("09:50").plan().end("boom")
    [latest] = [line for line in query_figure(query.trace()).axes[0].lines if line.get_linewidth() == 1.2]
    assert [isnan(value) for value in latest.get_ydata()] == [False, False, True, True]


def test_a_window_lies_between_its_times_from_its_first_state_to_its_end() -> None:
    times = query_figure(windowed_count().trace()).axes[0]
    first = times.patches[0]
    assert (first.get_y(), first.get_height()) == (at("10:00"), 600_000)
    assert first.get_x() == pytest.approx(-0.46)
    assert first.get_x() + first.get_width() == pytest.approx(2.54)


def test_without_event_time_the_rows_are_listed() -> None:
    figure = query_figure(word_count(3).trace())
    assert titles(figure) == ["input table: new rows", "states", "result table: rows given to the sink"]
    assert texts(figure.axes[0])[:2] == ["w0, 1", "w1, 1"]
    assert texts(figure.axes[1]) == ["+ 1", "2", "3"]
    assert legend(figure) == ["created", "updated"]


def test_a_long_list_ends_with_how_many_more_there_are() -> None:
    figure = query_figure(word_count(1, rows=30).trace())
    assert texts(figure.axes[0])[-2:] == ["w6, 1", "+23 more"]


def test_a_batch_of_which_the_trace_has_a_sample_says_how_many_more() -> None:
    query = Query().plan().read(("10:00", "cat"), count=2500)
    assert texts(query_figure(query.trace()).axes[0]) == ["cat", "+2,499 more"]


def test_a_crowd_of_rows_is_counted() -> None:
    query = Query().plan().read(*[(f"10:{minute:02d}", "cat") for minute in range(20)])
    assert texts(query_figure(query.trace()).axes[0]) == ["20 rows"]


def test_each_side_of_a_join_has_a_strip_and_each_source_its_own_dots() -> None:
    figure = query_figure(join().trace())
    assert titles(figure)[2:4] == ["rows kept: left", "rows kept: right"]
    assert [texts(axes) for axes in figure.axes[2:4]] == [["1"], ["1"]]
    dots = [line for line in figure.axes[0].lines if line.get_marker() != "None" and len(line.get_xdata())]
    markers = [line.get_marker() for line in dots]
    assert markers == ["o", "s"]
    assert legend(figure)[:2] == ["new row: source 0", "new row: source 1"]


def test_many_triggers_are_counted() -> None:
    figure = query_figure(word_count(300).trace())
    assert titles(figure) == ["rows per trigger", "states", "state rows"]
    assert len(figure.axes[0].patches) == 600  # read and late
    assert all(texts(axes) == [] for axes in figure.axes)


def test_of_many_states_the_last_changed_have_a_row() -> None:
    query = Query()
    for number in range(30):
        query.plan(data=False).keep(1, (f"('k{number}',)", "created", "(1,)")).write(RESULT).commit()
    states = query_figure(query.trace()).axes[1]
    assert states.get_title(loc="left") == "states: 16 of 30, the last changed"
    assert states.get_yticklabels()[0].get_text() == "k14"


def test_what_was_not_told_one_by_one_is_said() -> None:
    query = Query().plan().keep(900, (window_key("10:00", "10:10"), "created", "(1,)"), left_out=899)
    assert "states; 899 changes are not told one by one" in titles(query_figure(query.trace()))


def test_the_figure_speaks_chinese() -> None:
    figure = Run(windowed_count().trace()).query_figure(lang="zh")
    assert titles(figure) == ["输入表：新到的行", "状态", "结果表：交给接收端的行"]
    assert figure.texts[0].get_text() == "查询 counts：update 模式，MemorySink"


@pytest.mark.parametrize(
    ("trace", "how", "message"),
    [
        (Trace(), {}, "no streaming query was started in this run"),
        (Query().trace(), {}, "the query 'counts' has planned no batch yet: give it data, or wait for its trigger"),
        (windowed_count().trace(), {"lang": "fr"}, "lang='fr': there are texts in 'en' and 'zh'"),
    ],
)
def test_a_figure_that_cannot_be_is_refused(trace: Trace, how: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        query_figure(trace, **how)


@pytest.mark.parametrize(
    ("span_ms", "step_ms"),
    [(9, 1), (10_000, 2000), (600_000, 120_000), (86_400_000, 10_800_000), (10**12, 365 * 86_400_000)],
)
def test_ticks_are_round_moments(span_ms: float, step_ms: float) -> None:
    ticks = clock_ticks(at("10:00") + 0.5, at("10:00") + span_ms)
    assert {later - earlier for earlier, later in pairwise(ticks)} == {step_ms}
    assert all(tick % step_ms == 0 for tick in ticks)

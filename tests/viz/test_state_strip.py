"""Single keys in the figure of states: which have a row, what their cells say, and what is said of the others."""

from __future__ import annotations

import re
from typing import Any

import pytest
from matplotlib.colors import to_hex

from sparksim.sim.run import Run
from sparksim.trace import Trace
from sparksim.trace import events as e
from sparksim.viz.palette import shade
from sparksim.viz.sizes import short_size, size_text
from sparksim.viz.state_strip import Cell, strip_of
from sparksim.viz.state_words import _WORDS

STREAM = "mapWithState at a.py:3"
CREATED, UPDATED, REMOVED, TIMED_OUT = "created", "updated", "removed", "timed out"

Told = tuple[str, str, int | None, str]


def changed(second: int, *told: Told, left_out: int = 0, keys: int = 1, size: int = 10) -> e.StateUpdated:
    counts = [sum(change == what for _, change, *_ in told) for what in (REMOVED, TIMED_OUT)]
    updated = len(told) - sum(counts) + left_out
    return e.StateUpdated(second * 1000 + 90, second * 1000, STREAM, 0, keys, updated, *counts, size, told, left_out)


def run(*events: e.Event) -> Run:
    return Run(Trace([e.StreamingStarted(0, 1000, 200, 0, 1), *events]))


def story() -> Run:
    return run(
        changed(1, ("'a'", CREATED, 10, "x"), ("'b'", CREATED, 10, "x"), keys=2, size=20),
        changed(2, ("'a'", UPDATED, 2000, "y"), keys=2, size=2010),
        changed(3, ("'b'", REMOVED, None, ""), size=2000),
        changed(4, ("'a'", TIMED_OUT, None, ""), keys=0, size=0),
        changed(5, ("'a'", CREATED, 10, "x")),
    )


def strip(of: Run, most: int = 16) -> Any:
    return strip_of(list(of.state_keys), list(of.states), most)


def test_a_state_that_is_left_alone_stays_until_it_is_gone() -> None:
    a, b = strip(story()).lines
    assert (a.key, b.key) == ("'a'", "'b'")
    assert list(a.cells.values()) == [
        Cell(10, CREATED),
        Cell(2000, UPDATED),
        Cell(2000, ""),
        Cell(None, TIMED_OUT),
        Cell(10, CREATED),
    ]
    assert b.cells == {1000: Cell(10, CREATED), 2000: Cell(10, ""), 3000: Cell(None, REMOVED)}


def test_the_largest_keys_have_a_row_then_the_latest_and_the_changes_of_others_are_counted() -> None:
    many = run(
        changed(1, ("big", CREATED, 900, ""), ("early", CREATED, 5, ""), ("late", CREATED, 5, "")),
        changed(2, ("late", UPDATED, 5, ""), left_out=7),
    )
    drawn = strip(many, most=2)
    assert [line.key for line in drawn.lines] == ["big", "late"]
    assert (drawn.keys, drawn.others, drawn.untold) == (3, {1000: 1, 2000: 7}, 7)


def texts(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_the_figure_shows_bytes_and_single_keys_when_the_trace_has_them() -> None:
    keys, sizes, changes, single = story().state_figure().axes
    assert (keys.get_ylabel(), sizes.get_ylabel()) == ("keys with a state", "size of the states")
    assert list(sizes.lines[0].get_ydata()) == [20, 2010, 2000, 0, 10]
    assert changes.get_ylabel() == "changed keys"
    assert single.get_title(loc="left") == "single keys; numbers are bytes"
    assert [label.get_text() for label in single.get_yticklabels()] == ["'a'", "'b'"]
    assert texts(single) == ["+10", "2k", "×", "+10", "+10", "−"]


def test_colour_is_not_alone() -> None:
    single = story().state_figure().axes[-1]
    boxes = {tuple(map(round, box.get_center())): box for box in single.patches}
    created, updated, kept, timed_out = (boxes[second, 0] for second in (1, 2, 3, 4))
    assert [to_hex(box.get_facecolor()).upper() for box in (created, updated, kept)] == [shade(0), shade(1), shade(1)]
    assert kept.get_height() < updated.get_height() == created.get_height()
    assert (timed_out.get_hatch(), boxes[3, 1].get_hatch()) == ("....", "////")


def test_what_has_no_row_is_said() -> None:
    told = [(f"'key {number}'", CREATED, number, "") for number in range(100)]
    single = run(changed(1, *told, left_out=900, keys=1000)).state_figure().axes[-1]
    assert single.get_title(loc="left") == (
        "16 of 100 keys, the largest, then the latest; numbers are bytes; 900 more changes are not told key by key"
    )
    assert [label.get_text() for label in single.get_yticklabels()][-2:] == ["'key 99'", "84 other keys"]
    assert texts(single)[-1] == "984"


@pytest.mark.parametrize(("batches", "written"), [(22, "+10"), (23, "+"), (61, None)])
def test_many_batches_leave_no_room_for_numbers_then_for_signs(batches: int, written: str | None) -> None:
    told = [changed(second, ("'a'", CREATED if second == 1 else UPDATED, 10, "")) for second in range(1, batches + 1)]
    single = run(*told).state_figure().axes[-1]
    assert texts(single)[:1] == ([] if written is None else [written])
    assert ("bytes" in single.get_title(loc="left")) == (written == "+10")


def test_many_partitions_are_not_all_named() -> None:
    parts = [e.StateUpdated(1090, 1000, STREAM, number, 1, 1, 0, 0) for number in range(30)]
    labels = [text.get_text() for text in run(*parts).state_figure().axes[0].get_legend().get_texts()]
    assert labels == ["all keys", *[f"partition {number}" for number in range(8)], "and 22 more"]


def test_partitions_of_the_same_colour_differ_in_hatch() -> None:
    parts = [e.StateUpdated(1090, 1000, STREAM, number, 1, 1, 0, 0) for number in range(5)]
    bars = [each[0] for each in run(*parts).state_figure().axes[0].containers]
    assert bars[0].get_facecolor() == bars[4].get_facecolor() != bars[1].get_facecolor()
    assert [bar.get_hatch() for bar in bars] == [None, None, None, None, "\\\\\\"]


def test_the_death_of_a_driver_is_marked_in_all_panels() -> None:
    figure = run(changed(1, ("'a'", CREATED, 10, "x")), e.DriverDied(1500, "app-0", 2000)).state_figure()
    assert texts(figure.axes[0])[-1].strip() == "driver died"
    for axes in figure.axes:
        assert list(axes.lines[-1].get_xdata()) == [1.5, 1.5]


def test_in_chinese_every_word_is() -> None:
    of_states = story().state_figure(lang="zh").axes
    assert of_states[0].get_title(loc="left") == f"{STREAM} 的状态"
    assert of_states[-1].get_title(loc="left") == "各个键；数字为字节数"
    window = e.WindowComputed(1, 1000, "window at a.py:5", (1000,), (1000,), ())
    [axes] = run(window).window_figure(lang="zh").axes
    assert (axes.get_title(loc="left"), axes.get_ylabel()) == ("window at a.py:5 的窗口", "窗口的最后一个批次")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1 秒"]


@pytest.mark.parametrize("draw", ["state_figure", "window_figure"])
def test_another_language_is_refused(draw: str) -> None:
    with pytest.raises(ValueError, match="lang='fr': there are texts in 'en' and 'zh'"):
        getattr(story(), draw)(lang="fr")


@pytest.mark.parametrize("key", _WORDS)
def test_both_languages_fill_in_the_same(key: str) -> None:
    english, chinese = (sorted(re.findall(r"{(\w+)}", text)) for text in _WORDS[key])
    assert english == chinese


@pytest.mark.parametrize(
    ("size_bytes", "text", "short"),
    [
        (0, "0 B", "0"),
        (999, "999 B", "999"),
        (1000, "1 kB", "1k"),
        (1234, "1.2 kB", "1.2k"),
        (99_960, "100 kB", "100k"),
        (999_600, "1 MB", "1M"),
        (5e15, "5000 TB", "5000T"),
    ],
)
def test_sizes_are_short(size_bytes: float, text: str, short: str) -> None:
    assert (size_text(size_bytes), short_size(size_bytes)) == (text, short)

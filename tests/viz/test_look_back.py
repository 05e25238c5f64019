"""The figures of states and windows: each bar and cell is a number of the tables."""

from __future__ import annotations

from typing import Any

import pytest

from sparksim.sim.run import Run
from sparksim.trace import Trace
from sparksim.trace import events as e
from sparksim.viz.states import last_known
from tests.trace.small import small_trace

STARTED = e.StreamingStarted(0, 1000, 200, 0, 1)
STATE, WINDOW = "updateStateByKey at a.py:3", "window at a.py:5"


def states() -> Run:
    """Two partitions; the second one of batch 3000 was not computed, that of batch 2000 twice."""
    changes = [
        (1000, STATE, 0, 3, 3, 0, 0),
        (1000, STATE, 1, 1, 1, 0, 0),
        (2000, STATE, 1, 9, 9, 0, 0),
        (2000, STATE, 0, 2, 1, 1, 0),
        (2000, STATE, 1, 4, 3, 0, 2),
        (3000, STATE, 0, 5, 3, 0, 0),
    ]
    return Run(Trace([STARTED, *(e.StateUpdated(change[0] + 90, *change) for change in changes)]))


def windows() -> Run:
    slid = [
        (1000, (1000,), (1000,), ()),
        (2000, (1000, 2000), (2000,), ()),
        (3000, (2000, 3000), (3000,), (1000,)),
    ]
    return Run(Trace([STARTED, *(e.WindowComputed(end, end, WINDOW, *spans) for end, *spans in slid)]))


def heights(axes: Any, label: str) -> list[float]:
    [bars] = [each for each in axes.containers if each.get_label() == label]
    return [bar.get_height() for bar in bars]


def test_the_tables() -> None:
    assert [(row.keys, row.updated, row.removed, row.timed_out, row.partitions) for row in states().states] == [
        (4, 4, 0, 0, (3, 1)),
        (6, 4, 1, 2, (2, 4)),
        (5, 3, 0, 0, (5, None)),
    ]
    assert [row.removed for row in windows().windows] == [(), (), (1000,)]


def test_the_figure_of_states_stacks_the_partitions() -> None:
    keys, changes = states().state_figure().axes
    assert keys.get_title(loc="left") == f"states of {STATE}"
    assert heights(keys, "partition 0") == [3, 2, 5]
    assert heights(keys, "partition 1") == [1, 4, 4]
    [line] = keys.lines
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([1, 2, 3], [4, 6, 9])
    assert heights(changes, "updated") == [4, 4, 3]
    assert heights(changes, "removed") == [0, -1, 0]
    assert heights(changes, "timed out") == [0, -2, 0]


def test_what_was_not_computed_is_striped_and_explained() -> None:
    keys = states().state_figure().axes[0]
    [bars] = [each for each in keys.containers if each.get_label() == "partition 1"]
    assert [bar.get_hatch() for bar in bars] == [None, None, "////"]
    assert "not computed" in [text.get_text() for text in keys.get_legend().get_texts()]


def test_the_figure_of_windows_has_a_cell_for_each_batch() -> None:
    [axes] = windows().window_figure().axes
    cells = sorted(
        (round(cell.get_y() + cell.get_height() / 2), cell.get_x(), cell.get_width()) for cell in axes.patches
    )
    assert cells == [(0, 0, 1), (1, 0, 1), (1, 1, 1), (2, 0, 1), (2, 1, 1), (2, 2, 1)]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1 s", "2 s", "3 s"]
    assert [text.get_text() for text in axes.texts] == ["+", "+", "−", "+"]


def test_a_notebook_shows_both_figures() -> None:
    for figure in (states().state_figure(), windows().window_figure()):
        assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]  # for IPython


def test_only_the_last_windows_are_drawn() -> None:
    [axes] = windows().window_figure(last=1).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["3 s"]


@pytest.mark.parametrize(("values", "known"), [([], []), ([None, 2, None, 3], [0, 2, 2, 3])])
def test_the_last_known_value_stands_in(values: list[int | None], known: list[int]) -> None:
    assert last_known(values) == known


def test_runs_without_states_or_windows_are_told_so() -> None:
    run = Run(small_trace())
    with pytest.raises(ValueError, match="no batch of this run has states: use updateStateByKey or mapWithState"):
        run.state_figure()
    with pytest.raises(ValueError, match="no stream of this run has windows: use window, countByWindow"):
        run.window_figure()
    with pytest.raises(ValueError, match="last=0: give the number of windows to draw, 1 or more"):
        windows().window_figure(last=0)

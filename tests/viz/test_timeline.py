"""The figure shows each lane, each bar and each loss, and no label covers another."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sparksim.trace import Trace, check_trace, tasks
from sparksim.trace import events as e
from sparksim.viz import timeline_figure
from sparksim.viz.palette import BATCH_COLOURS, FAILED, RECEIVER
from tests.trace.small import small_trace
from tests.viz.word_count import WordCount

TRACE = WordCount().trace()


def panel(figure: Figure, gid: str) -> Axes:
    [found] = [axes for axes in figure.axes if axes.get_gid() == gid]
    return found


def bars(figure: Figure, prefix: str) -> int:
    collections = panel(figure, "lanes").collections
    return sum(len(each.get_paths()) for each in collections if (each.get_gid() or "").startswith(prefix))


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in panel(figure, "lanes").texts]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_the_stand_in_is_a_sound_run() -> None:
    assert check_trace(TRACE) == []


def test_every_lane_has_its_label() -> None:
    labels = [label.get_text() for label in panel(timeline_figure(TRACE), "lanes").get_yticklabels()]
    assert labels[:4] == ["receiver 0", "blocks of receiver 0", "waiting batches (max 1)", "output operations"]
    assert labels[4:] == [f"executor {number} · core {core}" for number in (1, 2, 3) for core in (0, 1)]


def test_every_task_block_batch_and_operation_is_a_bar() -> None:
    figure = timeline_figure(TRACE)
    core_bars = sum(bars(figure, f"executor {number} · core {core}/") for number in (1, 2, 3) for core in (0, 1))
    absences = 2
    assert core_bars - absences == len(tasks(TRACE))
    assert bars(figure, "blocks of receiver 0/") == len(TRACE.of(e.BlockGenerated))
    assert bars(figure, "waiting batches (max 1)/") == len(TRACE.of(e.BatchSubmitted))
    assert bars(figure, "output operations/") == len(TRACE.of(e.OutputOperationStarted))


def test_losses_are_marked_and_striped_not_only_coloured() -> None:
    figure = timeline_figure(TRACE)
    assert bars(figure, f"blocks of receiver 0/{FAILED}") == 1
    assert bars(figure, f"output operations/{FAILED}") == 1
    assert bars(figure, "receiver 0/records lost") == 1
    assert bars(figure, "executor 1 · core 1/absent") == 1
    failed = [each for each in panel(figure, "lanes").collections if (each.get_gid() or "").endswith(f"/{FAILED}")]
    assert all(each.get_hatch() for each in failed)


def test_failures_have_a_line_through_both_panels_and_a_label() -> None:
    figure = timeline_figure(TRACE)
    for gid in ("lanes", "delays"):
        [line] = [line for line in panel(figure, gid).lines if line.get_gid() == "failure"]
        assert list(line.get_xdata()) == [7.3, 7.3]
    assert "ExecutorCrash: executor 1 removed" in texts(figure)


def test_bars_that_are_long_enough_are_labelled() -> None:
    assert {"on executor 1", "on executor 2", "receiver", "2 s", "8 s", "18 s"} <= set(texts(timeline_figure(TRACE)))
    minute = WordCount(batch_ms=1000, until_ms=60_000, load=0.2).trace()
    assert "30 s" not in texts(timeline_figure(minute))


def test_the_delay_panel_shows_three_curves_and_the_batch_interval() -> None:
    delays = panel(timeline_figure(TRACE), "delays")
    curves = {line.get_label(): list(line.get_ydata()) for line in delays.lines if line.get_gid() != "failure"}
    assert list(curves) == ["total delay", "processing time", "scheduling delay", "batch interval"]
    assert curves["batch interval"] == [2, 2]
    assert len(curves["total delay"]) == len(TRACE.of(e.BatchCompleted))
    assert curves["scheduling delay"][0] == 0.002
    markers = {line.get_marker() for line in delays.lines[:3]}
    assert len(markers) == 3


def test_batch_times_are_light_lines_in_both_panels() -> None:
    figure = timeline_figure(TRACE)
    for gid in ("lanes", "delays"):
        [lines] = [each for each in panel(figure, gid).collections if each.get_gid() == "batches"]
        assert [segment[0][0] for segment in lines.get_segments()] == list(range(2, 21, 2))


def test_the_legend_explains_what_occurs_and_nothing_else() -> None:
    assert legend(timeline_figure(TRACE)) == [
        "one colour per batch, in turn",
        RECEIVER,
        "no batch (yet)",
        "failed or lost",
        "sound, but its batch failed",
        "executor not there",
        "source disconnected",
        "records lost",
        "batch time",
    ]
    assert "failed or lost" not in legend(timeline_figure(WordCount(crash_ms=None).trace()))


def test_the_title_names_the_run() -> None:
    assert timeline_figure(TRACE).texts[0].get_text() == "word count on sim[3,2], seed 7"
    assert (
        timeline_figure(Trace([e.ExecutorAdded(0, "1", "h", 1), e.ApplicationEnd(5, "a")])).texts[0].get_text() == "run"
    )


def test_a_span_shows_only_what_lies_in_it() -> None:
    figure = timeline_figure(TRACE, start_s=9.5, end_s=13.5)
    assert panel(figure, "lanes").get_xlim() == panel(figure, "delays").get_xlim() == (9.5, 13.5)
    assert bars(figure, "output operations/") == 2
    assert "ExecutorCrash: executor 1 removed" not in texts(figure)


@pytest.mark.parametrize(
    ("trace", "options"),
    [
        (TRACE, {}),
        (TRACE, {"width": 7}),
        (WordCount(executors=2, until_ms=5000, batch_ms=1000, crash_ms=None).trace(), {}),
        (WordCount(executors=6, until_ms=60_000, batch_ms=1000, crash_ms=59_000).trace(), {}),
        (WordCount(executors=10, cores=4, load=2).trace(), {}),
        (
            Trace(
                sorted(
                    [*TRACE, *(e.FaultInjected(9000 + 330 * i, "SlowNode", "2") for i in range(12))],
                    key=lambda x: x.time_ms,
                )
            ),
            {},
        ),
    ],
    ids=["usual", "narrow", "five seconds", "a minute, crash at the end", "forty cores", "many faults"],
)
def test_no_text_covers_another_or_leaves_the_page(trace: Trace, options: dict[str, float]) -> None:
    figure = timeline_figure(trace, **options)
    figure.draw_without_rendering()
    lanes_panel = panel(figure, "lanes")
    shown = [
        *figure.texts,
        *lanes_panel.texts,
        *lanes_panel.get_yticklabels(),
        *figure.legends[0].get_texts(),
        *panel(figure, "delays").get_legend().get_texts(),
    ]
    boxes = [(text.get_text(), text.get_window_extent()) for text in shown]
    assert [(a, b) for (a, box_a), (b, box_b) in combinations(boxes, 2) if box_a.overlaps(box_b)] == []
    page = figure.bbox
    assert [a for a, box in boxes if box.x0 < page.x0 or box.x1 > page.x1 or box.y0 < page.y0 or box.y1 > page.y1] == []


def test_lanes_have_equal_heights_except_a_queue() -> None:
    short, long = WordCount(crash_ms=None), WordCount(crash_ms=None, load=1.5, until_ms=60_000)
    heights = [timeline_figure(run.trace()).get_size_inches()[1] for run in (short, long)]
    assert heights[0] < heights[1] < heights[0] + 1.2


def test_thousands_of_bars_are_few_artists_and_batches_share_colours() -> None:
    trace = WordCount(
        executors=3, cores=4, batch_ms=500, block_ms=50, until_ms=120_000, load=0.15, crash_ms=None
    ).trace()
    figure = timeline_figure(trace)
    assert len(tasks(trace)) > 2000
    assert len(panel(figure, "lanes").collections) < 20 * len(BATCH_COLOURS)
    assert legend(figure)[0] == "one colour per 2 batches, in turn"
    assert "on executor 1" not in texts(figure)


def test_a_notebook_gets_a_picture() -> None:
    assert timeline_figure(small_trace())._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]  # for IPython


@pytest.mark.parametrize(
    ("trace", "options", "message"),
    [
        (Trace(), {}, "the trace is empty: run something before drawing it"),
        (TRACE, {"start_s": 5, "end_s": 5}, "the span from start_s=5 to end_s=5 is empty"),
        (TRACE, {"start_s": 50}, "the span from start_s=50 to end_s=20 is empty"),
        (TRACE, {"width": 1}, "width=1 inches leaves no room"),
    ],
)
def test_what_cannot_be_drawn_is_refused(trace: Trace, options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        timeline_figure(trace, **options)


def test_without_matplotlib_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sparksim.viz.page", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    with pytest.raises(ImportError, match=r"figures need matplotlib .* pip install 'sparksim\[viz\]'"):
        timeline_figure(TRACE)


def test_viz_loads_matplotlib_only_to_draw_and_never_pyplot() -> None:
    program = """if True:
        import sys
        import sparksim.viz
        from tests.trace.small import small_trace
        assert "matplotlib" not in sys.modules
        sparksim.viz.timeline_figure(small_trace())
        assert "matplotlib" in sys.modules
        assert "matplotlib.pyplot" not in sys.modules
    """
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr

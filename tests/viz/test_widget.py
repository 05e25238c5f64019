"""The timeline in a notebook: what the browser is given, and what happens where there is no anywidget."""

from __future__ import annotations

import sys

import pytest

from sparksim.core.language import shown_in
from sparksim.sim.run import Run
from sparksim.trace import Trace
from sparksim.viz.delay_plot import DelayPlot
from sparksim.viz.fonts import page_font
from sparksim.viz.html_page import script, timeline_html
from sparksim.viz.streaming_view import delays_of
from sparksim.viz.view import timeline_packet
from tests.trace.small import small_trace


def test_a_run_s_timeline_is_a_widget_with_its_packet() -> None:
    timeline = Run(small_trace()).timeline()
    assert timeline.packet == timeline_packet(small_trace())
    assert timeline.get_state()["_esm"] == script()
    assert (timeline.moment, timeline.chosen, timeline.theme) == (-1.0, "", "auto")


def test_another_run_is_shown_in_the_same_language() -> None:
    timeline = Run(small_trace()).timeline(lang="zh", theme="dark")
    timeline.show(small_trace().until(1200))
    assert timeline.packet == timeline_packet(small_trace().until(1200), lang="zh")


def test_a_widget_keeps_the_language_that_was_set_and_brings_the_letters_of_chinese() -> None:
    with shown_in("zh"):
        timeline, delays = Run(small_trace()).timeline(), DelayPlot(small_trace())
    assert timeline.packet == timeline_packet(small_trace(), lang="zh")
    timeline.show(small_trace())
    delays.show(small_trace())
    assert timeline.packet == timeline_packet(small_trace(), lang="zh")
    assert delays.delays == delays_of(small_trace(), "zh")
    assert timeline.font == delays.font == page_font("zh") != ""
    assert Run(small_trace()).timeline().font == DelayPlot(small_trace()).font == page_font("en") == ""


def test_pages_follow_the_set_language() -> None:
    run = Run(small_trace())
    with shown_in("zh"):
        page, streaming = timeline_html(small_trace()), run.streaming_page().html
    assert page == timeline_html(small_trace(), lang="zh")
    assert streaming == run.streaming_page(lang="zh").html
    assert [page_font("zh") in each for each in (page, streaming, timeline_html(small_trace()))] == [True, True, False]


def test_an_empty_run_is_refused_and_what_was_shown_stays() -> None:
    with pytest.raises(ValueError, match="the trace is empty"):
        Run(Trace()).timeline()
    timeline = Run(small_trace()).timeline()
    with pytest.raises(ValueError, match="the trace is empty"):
        timeline.show(Trace())
    assert timeline.packet == timeline_packet(small_trace())


def test_without_anywidget_the_page_is_recommended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "sparksim.viz.widget", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'sparksim\[notebook\]', or run.save\('run.html'\)"):
        Run(small_trace()).timeline()

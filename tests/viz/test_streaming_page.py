"""The Streaming page of a trace: its numbers are those of the tables, and the page needs nobody."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from sparksim.sim.run import Run
from sparksim.trace import Trace
from sparksim.trace import events as e
from sparksim.viz.charts import chart_text
from sparksim.viz.streaming_page import StreamingPage, streaming_page
from sparksim.viz.streaming_status import StreamingStatus
from sparksim.viz.streaming_view import average, delays_of, histogram, streaming_view
from sparksim.viz.streaming_words import streaming_words
from tests.browser.story import crashes
from tests.trace.small import small_trace

DELAYS = ("scheduling_delay_ms", "processing_time_ms", "total_delay_ms")


@pytest.fixture(scope="module")
def run() -> Run:
    return crashes()


def view_in(page: StreamingPage) -> dict[str, Any]:
    [text] = re.findall(r'<script type="application/json" id="view">(.*)</script>', page.html)
    view: dict[str, Any] = json.loads(text)
    return view


def test_its_numbers_are_those_of_the_batches(run: Run) -> None:
    view = view_in(run.streaming_page())
    rows = sorted(run.batches, key=lambda row: row.batch_time_ms)
    assert view["times_ms"] == [row.batch_time_ms for row in rows]
    rates, *delays = (chart["values"] for chart in view["charts"])
    assert rates == [row.records * 1000 / 2000 for row in rows]
    for name, values in zip(DELAYS, delays, strict=True):
        assert values == [None if (ms := getattr(row, name)) is None else ms / 1000 for row in rows]
    for name in ("completed", "abandoned"):
        shown = view["done" if name == "completed" else name]
        expected = [row for row in reversed(rows) if row.status == name]
        assert [(row["batch_time_ms"], row["records"]) for row in shown] == [
            (row.batch_time_ms, row.records) for row in expected
        ]
    done = run.batches.where(status="completed")
    assert (view["completed"], view["records"]) == (len(done), sum(done.column("records")))
    assert view["charts"][2]["level"] == 2.0


def test_a_failed_batch_says_how_many_outputs_succeeded_and_why_not_all() -> None:
    view = streaming_view(StreamingStatus.of(small_trace()))
    failed, first = view["done"]
    assert (first["succeeded_ops"], first["output_ops"], first["failure"]) == (1, 1, "")
    assert (failed["succeeded_ops"], failed["output_ops"]) == (0, 1)
    assert "block input-0-1400 not found" in failed["failure"]


def test_a_batch_goes_through_the_tables_as_it_goes_through_the_queue() -> None:
    submitted = e.BatchSubmitted(1001, 1000, ((0, 30), (1, 5)), 2)
    story = [
        (submitted, ["queued"], []),
        (e.BatchStarted(1003, 1000), ["processing"], []),
        (e.OutputOperationCompleted(1200, 1000, 0, ""), ["processing"], []),
        (e.OutputOperationCompleted(1300, 1000, 1, "Boom\nat line 3"), ["processing"], []),
        (e.BatchCompleted(1301, 1000, True), [], ["completed"]),
    ]
    status = StreamingStatus.of([e.StreamingStarted(0, 1000, 200, 0, 1)])
    for event, active, done in story:
        status.add(event)
        view = streaming_view(status)
        assert [[row["status"] for row in view[table]] for table in ("active", "done")] == [active, done]
    [row] = view["done"]
    assert (row["scheduling_delay_ms"], row["processing_time_ms"], row["total_delay_ms"]) == (2, 298, 300)
    assert (row["succeeded_ops"], row["output_ops"], row["failure"]) == (1, 2, "at line 3")
    assert [stream["rates"] for stream in view["streams"]] == [[30.0], [5.0]]
    assert view["charts"][0]["values"] == [35.0]


def test_the_receivers_are_shown_as_they_are() -> None:
    view = streaming_view(StreamingStatus.of(small_trace()))
    [stream] = view["streams"]
    assert (stream["name"], stream["active"]) == ("SocketReceiver-0", False)  # its executor is gone
    status = StreamingStatus.of([e.ReceiverStarted(10, 0, "R-0", "1", "host-1")])
    status.add(e.ReceiverError(500, 0, "R-0", "1", "Restarting receiver", "OSError: gone"))
    [stream] = streaming_view(status)["streams"]
    assert (stream["active"], stream["executor"]) == (True, "1 / host-1")
    assert (stream["error_ms"], stream["error"]) == (500, "Restarting receiver: OSError: gone")
    status.add(e.ReceiverStarted(2500, 0, "R-0", "2", "host-2"))
    assert streaming_view(status)["streams"][0]["error_ms"] == 500  # the last error stays
    status.add(e.StreamingStopped(3000, True))
    view = streaming_view(status, live=True)
    assert (view["live"], view["streams"][0]["active"]) == (False, False)


def test_only_the_last_batches_are_kept_but_all_are_counted(run: Run) -> None:
    view = view_in(streaming_page(run.trace, retained=3))
    assert len(view["done"]) + len(view["abandoned"]) == 3
    assert view["completed"] == len(run.batches.where(status="completed"))


@pytest.mark.parametrize(
    ("values", "top", "counts"),
    [
        ([], 1.0, [0] * 10),
        ([None, 0.0, 0.05, 0.1, 1.0], 1.0, [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]),
        ([5, 5, 10], 20.0, [0, 0, 2, 0, 0, 1, 0, 0, 0, 0]),
    ],
)
def test_a_histogram_counts_every_known_value_once(values: list[Any], top: float, counts: list[int]) -> None:
    made = histogram(values, top)
    assert made["counts"] == counts
    assert (len(made["edges"]), made["edges"][0], made["edges"][-1]) == (11, 0, top)


def test_an_average_is_the_mean_of_what_is_known() -> None:
    assert (average([1, None, 2]), average([None]), average([])) == (1.5, None, None)


def test_the_delay_plot_has_the_same_delays(run: Run) -> None:
    delays = delays_of(run.trace, "zh")
    assert [each["name"] for each in delays["series"]] == ["总延迟", "处理时间", "调度延迟"]
    rows = sorted(run.batches, key=lambda row: row.batch_time_ms)
    assert delays["series"][0]["values"] == [
        None if row.total_delay_ms is None else row.total_delay_ms / 1000 for row in rows
    ]
    assert delays["level"] == {"value": 2.0, "name": "批次间隔"}


def test_the_page_runs_its_own_script_and_asks_nobody(run: Run) -> None:
    page = run.streaming_page().html
    [policy] = re.findall(r'Content-Security-Policy" content="(.*?)"', page)
    for tag, source in (("script", "script-src"), ("style", "style-src")):
        [text] = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{source} 'sha256-{digest}'" in html.unescape(policy)
    assert "connect-src" not in policy
    assert set(re.findall(r"https?://[^\s\"'`]+", page)) == {"http://www.w3.org/2000/svg"}  # a name, not a place


def test_what_a_program_says_cannot_end_the_script() -> None:
    name = "</script><script>alert(1)</script>"
    page = streaming_page(Trace([e.ApplicationStart(0, "a", name, "sim[1,1]", None, 1)]))
    assert name not in page.html
    assert view_in(page)["app"] == name


def test_a_notebook_shows_it_in_a_frame_and_it_can_be_saved(run: Run, tmp_path: Path) -> None:
    page = run.streaming_page(lang="zh", theme="dark")
    page.save(tmp_path / "streaming.html")
    assert (tmp_path / "streaming.html").read_text(encoding="utf-8") == page.html
    [inside] = re.findall(r'srcdoc="(.*?)"', page._repr_html_(), re.DOTALL)
    assert html.unescape(inside) == page.html
    assert (
        repr(page)
        == repr(run.streaming_page())
        == "Spark's Streaming tab as a page: a notebook shows it, .save(path) writes it"
    )
    assert '<html lang="zh-Hans" data-theme="dark">' in page.html


@pytest.mark.parametrize(
    ("trace", "how", "message"),
    [
        (Trace(), {}, "the trace is empty: run something before showing its Streaming page"),
        (small_trace(), {"lang": "fr"}, "lang='fr': there are texts in 'en' and 'zh'"),
        (small_trace(), {"theme": "blue"}, "theme='blue': use one of auto, light, dark"),
        (small_trace(), {"retained": 0}, "retained=0: give the number of batches to keep, 1 or more"),
    ],
)
def test_a_page_that_cannot_be_is_refused(trace: Trace, how: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        streaming_page(trace, **how)


def test_both_languages_fill_the_same_places() -> None:
    english, chinese = streaming_words("en"), streaming_words("zh")
    for key, text in english.items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", chinese[key]))


@pytest.mark.parametrize("name", ["chart.js", "delays.js", "streaming.js"])
def test_every_script_says_its_idea(name: str) -> None:
    text = chart_text(name)
    assert re.match(r"// [A-Z].{40,}\.\n", text)
    assert len(text.splitlines()) < 400

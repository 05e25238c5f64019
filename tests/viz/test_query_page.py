"""The timeline of a streaming query as a widget and as one file: what they hold, and that they need nobody."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from sparksim.core.language import shown_in
from sparksim.sim.run import Run
from sparksim.trace import Trace
from sparksim.viz import query_html
from sparksim.viz.charts import chart_text
from sparksim.viz.fonts import page_font
from sparksim.viz.query_page import query_script
from sparksim.viz.query_view import query_view
from sparksim.viz.query_words import query_words
from tests.trace.queries import Query, at, cell, windowed_count

TRACE = windowed_count().trace()


def view_in(page: str) -> dict[str, Any]:
    [text] = re.findall(r'<script type="application/json" id="view">(.*)</script>', page)
    view: dict[str, Any] = json.loads(text)
    return view


def test_a_step_has_what_its_trigger_did() -> None:
    last = query_view(TRACE)["steps"][-1]
    assert (last["batch"], last["read"], last["late"], last["written"], last["states"]) == (4, 2, 1, 1, 2)
    dog, cat = last["entries"]
    assert dog == [0, at("10:08"), ["10:08", "dog"], "its window ended at 10:10, watermark 10:11"]
    assert cat == [0, at("10:17"), ["10:17", "cat"], ""]
    assert last["result"] == [["10:10–10:20", "cat", "2"]]


def test_the_watermark_is_told_as_it_moves() -> None:
    assert [step["moved"] for step in query_view(TRACE)["steps"]] == [
        "watermark –, 09:57 from the next trigger on",
        "watermark 09:57, 10:02 from the next trigger on",
        "watermark 10:02, 10:11 from the next trigger on",
        "watermark 10:11",
        "watermark 10:11",
    ]


def test_a_row_that_is_late_by_itself_says_so() -> None:
    query = Query(operator="dedupe").plan().commit("10:05").plan().read(("10:04", "cat")).late((cell("10:04"), "cat"))
    [entry] = query_view(query.trace())["steps"][1]["entries"]
    assert entry[3] == "10:04 is not after the watermark 10:05"


def test_a_query_that_died_says_of_what() -> None:
    query = windowed_count().end("ValueError: no\n at line 3")
    assert query_view(query.trace())["died"] == "The query died: ValueError: no"


def test_a_page_has_so_many_rows_and_states_and_counts_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sparksim.viz.query_view.MOST_STATES", 2)
    rows = [("10:00", f"w{number}") for number in range(30)]
    query = Query().plan().read(*rows).keep(3, *((f"('k{number}',)", "created", "(1,)") for number in range(3)))
    query.commit("10:05").plan().read(*rows).late((cell("10:00"), "w29")).keep(3, ("('k0',)", "updated", "(2,)"))
    monkeypatch.setattr("sparksim.viz.query_view.MOST_ROWS", 40)
    view = query_view(query.trace())
    assert (view["lines"], view["untold"]) == (["k0", "k1"], 1)
    first, second = view["steps"]
    assert [len(first["entries"]), first["unshown"], first["changes"][1]] == [20, 10, [1, "created", "1"]]
    assert second["entries"][-1][2] == ["10:00", "w29"]  # a late one is shown


def test_without_event_time_there_is_no_scale() -> None:
    query = Query().plan().read(("cat", "1"), timed=False).commit()
    assert query_view(query.trace())["times"] is None


def test_the_page_runs_its_own_script_and_asks_nobody() -> None:
    page = query_html(TRACE)
    [policy] = re.findall(r'Content-Security-Policy" content="(.*?)"', page)
    for tag, source in (('script type="module"', "script-src"), ("style", "style-src")):
        [text] = re.findall(rf"<{tag}>(.*?)</{tag.split()[0]}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{source} 'sha256-{digest}'" in html.unescape(policy)
    assert set(re.findall(r"https?://[^\s\"'`]+", page)) == {"http://www.w3.org/2000/svg"}  # a name, not a place
    assert view_in(page) == json.loads(json.dumps(query_view(TRACE)))


def test_what_a_program_says_cannot_end_the_script() -> None:
    name = "</script><script>alert(1)</script>"
    page = query_html(Query(name).plan().trace())
    assert name not in page
    assert name in view_in(page)["title"]


def test_a_run_s_widget_shows_the_same_and_saves_it(tmp_path: Path) -> None:
    widget = Run(TRACE).query_timeline("counts", lang="zh", theme="dark")
    assert widget.view == query_view(TRACE, lang="zh")
    assert widget.get_state()["_esm"] == query_script()
    assert (widget.font, widget.theme, widget.trigger) == (page_font("zh"), "dark", -1)
    widget.save(tmp_path / "query.html")
    page = (tmp_path / "query.html").read_text(encoding="utf-8")
    assert page == query_html(TRACE, lang="zh", theme="dark")
    assert '<html lang="zh-Hans" data-theme="dark">' in page


def test_a_reader_without_widgets_sees_the_figure() -> None:
    bundle = Run(TRACE).query_timeline()._repr_mimebundle_()
    assert bundle is not None
    data, _ = bundle
    assert "application/vnd.jupyter.widget-view+json" in data
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")


def test_it_keeps_the_language_that_was_set() -> None:
    with shown_in("zh"):
        widget = Run(TRACE).query_timeline()
    assert widget.view["lang"] == "zh"


def test_without_anywidget_the_page_is_recommended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "sparksim.viz.query_widget", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'sparksim\[notebook\]', or sparksim.viz.query_html\(trace\)"):
        Run(TRACE).query_timeline()


@pytest.mark.parametrize(
    ("trace", "how", "message"),
    [
        (Trace(), {}, "no streaming query was started in this run"),
        (Query().trace(), {}, "the query 'counts' has planned no batch yet"),
        (TRACE, {"lang": "fr"}, "lang='fr': there are texts in 'en' and 'zh'"),
        (TRACE, {"theme": "blue"}, "theme='blue': use one of auto, light, dark"),
    ],
)
def test_a_page_that_cannot_be_is_refused(trace: Trace, how: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        query_html(trace, **how)
    with pytest.raises(ValueError, match=message):
        Run(trace).query_timeline(**how)


def test_both_languages_fill_the_same_places() -> None:
    english, chinese = query_words("en"), query_words("zh")
    for key, text in english.items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", chinese[key])), key


@pytest.mark.parametrize("name", ["query.js", "query_page.js"])
def test_every_script_says_its_idea(name: str) -> None:
    text = chart_text(name)
    assert re.match(r"// [A-Z].{40,}\.\n", text)
    assert len(text.splitlines()) < 400

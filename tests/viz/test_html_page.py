"""The timeline as one file: it has all that it needs, asks nobody for anything, and tells no lies in its title."""

from __future__ import annotations

import re
from base64 import b64decode
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from sparksim.sim.run import Run
from sparksim.trace import Trace
from sparksim.trace import events as e
from sparksim.viz import timeline_html
from sparksim.viz.html_page import SCRIPTS, script
from sparksim.viz.view import timeline_packet
from tests.trace.small import small_trace

WEB = files("sparksim.viz").joinpath("web")
SOURCES = sorted(path.name for path in WEB.iterdir() if path.name.endswith(".js"))


def test_a_page_holds_the_packet_and_the_script() -> None:
    page = timeline_html(small_trace())
    [packet] = re.findall(r'id="packet">(.*)</script>', page)
    assert b64decode(packet) == timeline_packet(small_trace())
    assert script() in page


def test_a_page_names_no_other_place() -> None:
    page = timeline_html(small_trace())
    assert set(re.findall(r"https?://[^\s\"'`]+", page)) <= {"http://www.w3.org/2000/svg"}  # a name, not a place
    assert "default-src 'none'" in page
    assert not re.search(r"\b(fetch|import|XMLHttpRequest|src=|href=)\b", page)


def test_the_same_trace_gives_the_same_page() -> None:
    assert timeline_html(small_trace()) == timeline_html(small_trace())


def test_a_program_s_name_is_text_and_nothing_else() -> None:
    name = "</title><script>alert(1)</script>"
    page = timeline_html(Trace([e.ApplicationStart(0, "a", name, "sim[1,1]", None, 1), e.ApplicationEnd(1, "a")]))
    assert name not in page
    assert "<title>&lt;/title&gt;" in page


def test_language_and_theme_are_in_the_page() -> None:
    page = timeline_html(small_trace(), lang="zh", theme="dark")
    assert '<html lang="zh-Hans" data-theme="dark">' in page


@pytest.mark.parametrize(
    ("trace", "how", "message"),
    [
        (Trace(), {}, "the trace is empty"),
        (small_trace(), {"theme": "blue"}, "theme='blue': use one of auto, light, dark"),
        (small_trace(), {"lang": "fr"}, "lang='fr': there are texts in 'en' and 'zh'"),
    ],
)
def test_a_page_that_cannot_be_is_refused(trace: Trace, how: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        timeline_html(trace, **how)


def test_a_run_saves_its_page(tmp_path: Path) -> None:
    Run(small_trace()).save(tmp_path / "run.html", lang="zh")
    assert (tmp_path / "run.html").read_text(encoding="utf-8") == timeline_html(small_trace(), lang="zh")


def test_every_script_is_in_the_module_and_short_enough_to_read_in_one_sitting() -> None:
    assert {*SCRIPTS, "page.js"} == set(SOURCES)
    lengths = {name: len(WEB.joinpath(name).read_text(encoding="utf-8").splitlines()) for name in SOURCES}
    assert {name: length for name, length in lengths.items() if length >= 400} == {}


@pytest.mark.parametrize("name", SOURCES)
def test_every_script_says_its_idea(name: str) -> None:
    assert re.match(r"// [A-Z].{40,}\.\n", WEB.joinpath(name).read_text(encoding="utf-8"))


def test_no_name_is_declared_in_two_scripts() -> None:
    names = re.findall(r"^(?:const|let|class|function) \[?(\w+)", script(), re.MULTILINE)
    assert len(names) > 60
    assert sorted({name for name in names if names.count(name) > 1}) == []

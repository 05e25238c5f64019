"""`sparksim trace FILE --html`: the timeline as a page, of whole traces, of broken ones, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparksim.cli.main import main
from sparksim.trace import Trace, write_jsonl
from sparksim.viz import query_html, timeline_html
from tests.cli.process import REPOSITORY
from tests.trace.queries import windowed_count
from tests.trace.small import small_trace

EVENT_LOG = REPOSITORY / "tests" / "data" / "event_log" / "word_count"


def test_a_trace_becomes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_jsonl(small_trace(), tmp_path / "run.jsonl")
    page = tmp_path / "run.html"
    assert main(["trace", str(tmp_path / "run.jsonl"), "--html", str(page), "--lang", "zh"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"时间线在 {page}"
    assert page.read_text(encoding="utf-8") == timeline_html(small_trace(), lang="zh")


def test_a_streaming_query_becomes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = Trace([*small_trace(), *windowed_count().events])
    write_jsonl(trace, tmp_path / "run.jsonl")
    page = tmp_path / "query.html"
    asked = ["trace", str(tmp_path / "run.jsonl"), "--query", str(page)]
    assert main([*asked, "--query-name", "counts", "--lang", "zh"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"查询时间线在 {page}"
    assert page.read_text(encoding="utf-8") == query_html(trace, lang="zh")
    assert main([*asked, "--query-name", "other"]) == 2
    assert "name='other': give the name or the id of one query; there are: 'counts'" in capsys.readouterr().err


def test_the_tables_of_a_query_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_jsonl(Trace([*small_trace(), *windowed_count().events]), tmp_path / "run.jsonl")
    assert main(["trace", str(tmp_path / "run.jsonl"), "--table", "late_rows"]) == 0
    assert "{2024-01-01 10:00:00, 2024-01-01 10:10:00}, dog" in capsys.readouterr().out


def test_so_does_the_event_log_of_a_real_application(tmp_path: Path) -> None:
    page = tmp_path / "log.html"
    assert main(["trace", str(EVENT_LOG), "--html", str(page)]) == 0
    assert "<title>word count · local-cluster[2,2,1024]</title>" in page.read_text(encoding="utf-8")


def test_of_a_trace_that_breaks_off_the_beginning_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, cut, page = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl", tmp_path / "cut.html"
    write_jsonl(small_trace(), whole)
    lines = whole.read_text(encoding="utf-8").splitlines(keepends=True)
    cut.write_text("".join(lines[:21]) + lines[21][:40], encoding="utf-8")
    assert main(["trace", str(cut), "--html", str(page)]) == 0
    assert "cut.jsonl breaks off in line 22: what stands before it was read" in capsys.readouterr().err
    assert "word count" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"format":"sparksim-trace","version":2}\n', "version 2"),
        ("a,b\n1,2\n", "a trace begins with the line"),
        ("", "run.jsonl"),
    ],
)
def test_what_is_no_trace_makes_no_page(
    text: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.jsonl").write_text(text, encoding="utf-8")
    assert main(["trace", str(tmp_path / "run.jsonl"), "--html", str(tmp_path / "run.html")]) == 2
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "run.html").exists()


def test_a_page_has_the_name_of_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["trace", str(EVENT_LOG), "--html", str(tmp_path / "run.htm")])
    assert "a page is written as .html; for example: --html run.html" in capsys.readouterr().err

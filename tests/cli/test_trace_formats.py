"""`sparksim trace` on the event log of a real Spark application, and what it writes for other programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sparksim.cli.main import main
from sparksim.trace import read_jsonl
from sparksim.trace.formats.read import read_trace
from tests.cli.process import REPOSITORY

EVENT_LOG = REPOSITORY / "tests" / "data" / "event_log" / "word_count"


def test_a_real_event_log_is_summed_up_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", str(EVENT_LOG), "--figure", str(tmp_path / "log.svg")]) == 0
    output = capsys.readouterr()
    lines = output.out.splitlines()
    assert lines[0].startswith("word count on local-cluster[2,2,1024]: 4 of 5 batches processed")
    assert lines[4].split()[:2] == ["2", "s"]  # seconds since the application began to stream
    assert lines[-1] == f"figure in {tmp_path / 'log.svg'}"
    assert "executor 1 removed" in (tmp_path / "log.svg").read_text()
    assert output.err == ""


def test_its_tables_are_printed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", str(EVENT_LOG), "--table", "executors", "--csv", str(tmp_path / "tables")]) == 0
    printed = capsys.readouterr().out
    assert "Command exited with code 137" in printed
    assert printed.splitlines()[-1] == f"saved {tmp_path / 'tables'}/"
    assert len((tmp_path / "tables" / "jobs.csv").read_text().splitlines()) == 1 + 14


@pytest.mark.parametrize("name", ["again.jsonl", "again.eventlog"])
def test_it_may_be_saved_and_read_again(name: str, tmp_path: Path) -> None:
    assert main(["trace", str(EVENT_LOG), "--save", str(tmp_path / name)]) == 0
    assert len(read_trace(tmp_path / name)) == len(read_trace(EVENT_LOG))


def test_it_may_be_saved_for_perfetto(tmp_path: Path) -> None:
    assert main(["trace", str(EVENT_LOG), "--save", str(tmp_path / "log.perfetto.json")]) == 0
    assert json.loads((tmp_path / "log.perfetto.json").read_text())["otherData"]["application"] == "word count"


def test_a_log_that_breaks_off_is_shown_with_a_word_of_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "app.inprogress").write_bytes(EVENT_LOG.read_bytes()[:60_000])
    assert main(["trace", str(tmp_path / "app.inprogress"), "--save", str(tmp_path / "run.jsonl")]) == 0
    told = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[0] for line in told] == ["sparksim"] * 2
    assert "breaks off in line" in told[0]
    assert "ends before its application does" in told[1]
    assert len(read_jsonl(tmp_path / "run.jsonl")) > 50


def test_a_trace_without_a_beginning_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.jsonl").write_text('{"format":"sparksim-trace","version":1}\n')
    assert main(["trace", str(tmp_path / "run.jsonl")]) == 2
    assert "holds no start of an application" in capsys.readouterr().err

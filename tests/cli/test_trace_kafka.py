"""`sparksim trace` of a run with Kafka in it: what became of the records from their producer on."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparksim.cli.main import main
from sparksim.trace import write_jsonl
from sparksim.trace.events import ApplicationStart, BatchCompleted, BatchStarted, BatchSubmitted, RecordsSent
from tests.viz.test_delivery import story

BEGIN = ApplicationStart(0, "sim-0", "orders", "sim[2,2]", 0, 4)
BATCH = [BatchSubmitted(1000, 1000, ((0, 2),), 1), BatchStarted(1000, 1000), BatchCompleted(1100, 1000, False)]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    write_jsonl([BEGIN, *BATCH, *story(10)], tmp_path / "run.jsonl")
    return tmp_path / "run.jsonl"


def test_the_summary_counts_what_was_produced_and_what_went_wrong(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", str(saved)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "of 10 records sent or received: 2 once, 2 n times, 4 lost, 2 pending"
    assert lines[2] == "of 11 records produced: 2 once, 2 n times, 5 lost, 2 pending"
    assert lines[3] == (
        "anomalies: 1 failed write, 2 expired, 2 lost with its batch, 2 duplicate, 2 doubled row, 2 unobserved"
    )


def test_the_produced_records_are_a_table(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", str(saved), "--table", "produced"]) == 0
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == [
        *("producer", "record", "places", "outcome", "times", "where"),
        *("reason", "reordered", "writes", "rows"),
    ]
    assert len(rows) == 11


def test_each_anomaly_is_a_paragraph(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", str(saved), "--table", "anomalies"]) == 0
    paragraphs = capsys.readouterr().out.split("\n\n")
    assert paragraphs[0].splitlines() == [
        "failed write: 1",
        "    decided by acks=1, retries=0, delivery.timeout.ms, and whoever hears of the error",
        "    such as record 10 of shop: 0.100 s given to producer shop as its record 10; 0.121 s sent 3 times; its",
        "      producer gives it up: KafkaTimeout: no answer (lost: KafkaTimeout: no answer)",
    ]
    assert paragraphs[3].splitlines()[0] == "duplicate: 2, 2 of them not in exactly one row of the sinks"


def test_the_delivery_is_drawn(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "delivery.png"
    assert main(["trace", str(saved), "--delivery-figure", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out.splitlines()[-1] == f"figure in {picture}"


def test_a_run_without_logs_has_nothing_of_the_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_jsonl([BEGIN, *BATCH, RecordsSent(0, "localhost:9999", 0, 3)], tmp_path / "run.jsonl")
    assert main(["trace", str(tmp_path / "run.jsonl")]) == 0
    assert "produced" not in capsys.readouterr().out
    assert main(["trace", str(tmp_path / "run.jsonl"), "--table", "anomalies"]) == 0
    assert capsys.readouterr().out == "no anomalies\n"
    assert main(["trace", str(tmp_path / "run.jsonl"), "--delivery-figure", str(tmp_path / "no.png")]) == 2
    assert "no producer and no log occurs in this run" in capsys.readouterr().err
    assert not (tmp_path / "no.png").exists()

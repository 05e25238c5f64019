"""`sparksim calibrate` and `sparksim fidelity`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sparksim.cli.main import main
from tests.fidelity.conftest import Find


def test_fidelity_says_how_far_off_each_recording_is(path_of: Find, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fidelity", str(path_of("Q01")), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["name"] == "Q01_graceful_stop_with_queue"
    assert found["quiet"] is True
    assert found["partitions_exact"] == 1
    assert found["total_delay_mdape"] < 0.1
    assert found["preset"]["total_delay_mdape"] < 0.1
    assert (found["records_lost_predicted"], found["records_lost_real"]) == (0, 0)
    assert found["batches_rerun_exact"] is True


def test_tables_and_batches_are_written(path_of: Find, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, rows = tmp_path / "tables.md", tmp_path / "batches.tsv"
    words = ["fidelity", str(path_of("M01")), "--own", "--tables", str(page), "--batches", str(rows)]
    assert main(words) == 0
    assert "M01_files" in capsys.readouterr().out
    assert "| M01_files | yes | 100% |" in page.read_text()
    lines = rows.read_text().splitlines()
    assert lines[0].split("\t")[:5] == ["recording", "run", "batch_time", "partitions_predicted", "partitions_real"]
    assert lines[3].split("\t")[:5] == ["M01_files", "1", "6000", "2", "2"]


def test_a_saved_preset_can_be_judged(path_of: Find, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    preset = tmp_path / "mine.json"
    assert main(["calibrate", str(path_of("Q01")), "--save", str(preset)]) == 0
    assert "task_overhead_ms" in capsys.readouterr().out
    assert main(["fidelity", str(path_of("Q01")), "--preset", str(preset), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["preset"]["processing_mdape"] == found["processing_mdape"]


@pytest.mark.parametrize("command", ["calibrate", "fidelity"])
def test_another_file_is_refused(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.json"
    other.write_text("{}")
    assert main([command, str(other)]) == 2
    assert "is no recording" in capsys.readouterr().err


def test_an_unknown_preset_is_refused(path_of: Find, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fidelity", str(path_of("M01")), "--preset", "cheap"]) == 2
    assert "cheap is no preset" in capsys.readouterr().err


def test_a_file_that_cannot_be_judged_does_not_stop_the_others(
    path_of: Find, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = json.loads(path_of("M01").read_text())
    raw["scenario"]["pipeline"]["kind"] = "dance"
    strange = tmp_path / "strange.json"
    strange.write_text(json.dumps(raw))
    assert main(["fidelity", str(strange), str(path_of("M01")), "--own", "--json"]) == 2
    told = capsys.readouterr()
    assert [each["name"] for each in json.loads(told.out)] == ["M01_files"]
    assert "pipeline kind 'dance'" in told.err

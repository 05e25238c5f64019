"""A recording is read into typed values; a file that is none says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sparksim.fidelity.recording import Recording, RecordingError, read_recording
from tests.fidelity.conftest import DATA, Find

Read = Callable[[str], Recording]


def test_every_recording_can_be_read() -> None:
    recordings = [read_recording(path) for path in sorted(DATA.glob("*.json"))]
    assert len(recordings) == 51
    assert all(each.batches for each in recordings)


def test_it_holds_what_was_asked_and_what_happened(recorded: Read) -> None:
    recording = recorded("A03")
    assert recording.scenario.master == "local[4]"
    assert recording.scenario.pipeline.outputs[0].per_record_ms == 5
    assert recording.calibration["task_overhead_ms"].median == 21
    assert recording.quiet
    batch = recording.batches[2]
    assert (batch.batch_time, batch.partitions, batch.num_records) == (6000, 10, 100)
    assert (batch.scheduling_ms, batch.processing_ms, batch.total_ms) == (1, 802, 803)


def test_a_batch_that_never_ended_has_no_delays(recorded: Read) -> None:
    last = recorded("J01").batches[-1]
    assert (last.processing_ms, last.total_ms) == (None, None)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("nothing", "cannot be read as JSON"),
        ("[]", "no 'scenario'"),
        ('{"inputs": {}}', "no 'scenario'"),
        ('{"scenario": {"spark": {"master": "local[2]", "conf": {}}}}', "it misses 'inputs'"),
    ],
)
def test_another_file_is_refused(content: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(RecordingError, match=complaint):
        read_recording(path)


def test_a_recording_without_a_part_says_which(tmp_path: Path, path_of: Find) -> None:
    raw = json.loads(path_of("D01").read_text())
    del raw["batches"][3]["submissionTime"]
    path = tmp_path / "torn.json"
    path.write_text(json.dumps(raw))
    with pytest.raises(RecordingError, match="submissionTime of BatchRecord"):
        read_recording(path)


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(RecordingError, match=r"gone.json cannot be read"):
        read_recording("gone.json")

"""The progress line of a live run: there between batches, gone when the program prints."""

from __future__ import annotations

import io

import pytest

from sparksim.cli import live
from sparksim.trace.events import BatchCompleted, BatchSubmitted, OutputOperationStarted

BATCH = (
    BatchSubmitted(1010.0, 1000, ((0, 1200), (1, 34)), 1),
    OutputOperationStarted(1011.0, 1000, 0, "pprint", (0, 1)),
    BatchCompleted(1260.0, 1000, failed=False),
)


def line_after(monkeypatch: pytest.MonkeyPatch, quiet_s: float) -> str:
    monkeypatch.setattr(live, "QUIET_S", quiet_s)
    stream = io.StringIO()
    progress = live.ProgressLine(stream)
    for event in BATCH:
        progress.show(event)
    progress.clear()
    return stream.getvalue()


def test_it_says_how_far_the_run_is_and_is_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = line_after(monkeypatch, quiet_s=0.0)
    assert drawn == "\r\x1b[K1 batches, 1,234 records, delay 0.25 s (Ctrl-C stops)\r\x1b[K"


def test_a_short_run_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert line_after(monkeypatch, quiet_s=3600.0) == ""


def test_it_makes_way_for_what_the_program_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "QUIET_S", 0.0)
    stream = io.StringIO()
    progress = live.ProgressLine(stream)
    for event in BATCH:
        progress.show(event)
    stream.truncate(0)
    stream.seek(0)
    progress.show(BATCH[1])
    progress.show(BATCH[1])
    assert stream.getvalue() == "\r\x1b[K"

"""A trace survives a file: same events, same bytes; and a file that is no trace is refused with the line at fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparksim.trace import Trace, TraceFormatError, TraceWarning, read_jsonl, write_jsonl
from sparksim.trace.events import BatchStarted, BatchSubmitted, OutputPrinted, RecordsLost, StateUpdated
from tests.trace.small import small_trace

HEADER = '{"format":"sparksim-trace","version":1}'


def test_a_trace_comes_back_as_it_was(tmp_path: Path) -> None:
    write_jsonl(small_trace(), tmp_path / "run.jsonl")
    assert list(read_jsonl(tmp_path / "run.jsonl")) == list(small_trace())


def test_the_same_trace_gives_the_same_bytes(tmp_path: Path) -> None:
    write_jsonl(small_trace(), tmp_path / "first.jsonl")
    write_jsonl(read_jsonl(tmp_path / "first.jsonl"), tmp_path / "second.jsonl")
    assert (tmp_path / "first.jsonl").read_bytes() == (tmp_path / "second.jsonl").read_bytes()


def test_each_event_is_a_line_and_times_have_three_decimals(tmp_path: Path) -> None:
    events = [
        BatchSubmitted(2000.00049, 2000, ((0, 5), (1, 7)), 1),
        OutputPrinted(2100, None, "你好\n"),
        RecordsLost(2100.1 + 0.2, (("a:1", 0, 3),), 4, "why", None, ""),
    ]
    write_jsonl(events, tmp_path / "run.jsonl")
    assert (tmp_path / "run.jsonl").read_bytes().decode().splitlines() == [
        HEADER,
        '{"event":"BatchSubmitted","time_ms":2000.0,"batch_time_ms":2000,"records":[[0,5],[1,7]],"output_ops":1}',
        '{"event":"OutputPrinted","time_ms":2100.0,"batch_time_ms":null,"text":"你好\\n"}',
        '{"event":"RecordsLost","time_ms":2100.3,"origins":[["a:1",0,3]],"count":4,"reason":"why","stream_id":null,'
        '"block_id":""}',
    ]


def test_an_empty_trace_is_a_header(tmp_path: Path) -> None:
    write_jsonl(Trace(), tmp_path / "run.jsonl")
    assert (tmp_path / "run.jsonl").read_text() == HEADER + "\n"
    assert len(read_jsonl(tmp_path / "run.jsonl")) == 0


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ("", 1, "the line is empty"),
        ("hello\n", 1, "not JSON: Expecting value at column 1; a trace begins with the line"),
        ('{"format":"other"}\n', 1, "not a trace; a trace begins with the line .* give a file that Run.save or"),
        (
            '{"format":"sparksim-trace","version":2}\n',
            1,
            "version 2 of the format, and this sparksim reads version 1: update sparksim",
        ),
        (
            f'{HEADER}\n{{"event":"BatchStarted","time_ms":1,"batch_time_ms":1}}\n[1]\n',
            3,
            r"expected a JSON object, got \[1",
        ),
        (f'{HEADER}\n{{"event":"Lunch","time_ms":1}}\n', 2, "unknown event 'Lunch'"),
        (f'{HEADER}\n{{"event":["Event"],"time_ms":1}}\n', 2, r"unknown event \['Event'\]"),
        (f'{HEADER}\n{{"event":"BatchStarted"}}\n', 2, "BatchStarted without batch_time_ms, time_ms"),
        (f'{HEADER}\n{{"event":"Event","time_ms":1,"mood":2}}\n', 2, "Event has no field mood"),
        (f'{HEADER}\n{{"event":"BatchStarted","time_ms":1,"batch_time_ms":"1"}}\n', 2, 'batch_time_ms cannot be "1"'),
        (f'{HEADER}\n{{"event":"StreamingStopped","time_ms":1,"graceful":1}}\n', 2, "graceful cannot be 1"),
        (
            f'{HEADER}\n{{"event":"BatchSubmitted","time_ms":1,"batch_time_ms":1,"records":[[1]],"output_ops":1}}\n',
            2,
            r"records cannot be \[1\]",
        ),
    ],
)
def test_a_bad_file_is_refused_with_its_line(tmp_path: Path, text: str, line: int, complaint: str) -> None:
    (tmp_path / "bad.jsonl").write_text(text)
    with pytest.raises(TraceFormatError, match=rf"bad\.jsonl, line {line}: .*{complaint}"):
        read_jsonl(tmp_path / "bad.jsonl")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.jsonl").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(TraceFormatError, match=r"photo\.jsonl, line 1: not JSON: .*; a trace begins with the line"):
        read_jsonl(tmp_path / "photo.jsonl")


def test_a_file_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    write_jsonl(small_trace(), tmp_path / "run.jsonl")
    (tmp_path / "cut.jsonl").write_bytes((tmp_path / "run.jsonl").read_bytes()[:-20])
    with pytest.warns(TraceWarning, match=r"cut\.jsonl breaks off in line \d+: what stands before it was read"):
        trace = read_jsonl(tmp_path / "cut.jsonl")
    assert list(trace) == list(small_trace())[:-1]


def test_a_trace_from_before_single_keys_were_told_is_read(tmp_path: Path) -> None:
    old = '"batch_time_ms":1000,"stream":"updateStateByKey at a.py:3","partition":0,"keys":2,"updated":1,"removed":0'
    (tmp_path / "old.jsonl").write_text(f'{HEADER}\n{{"event":"StateUpdated","time_ms":1100,{old},"timed_out":0}}\n')
    [event] = read_jsonl(tmp_path / "old.jsonl")
    assert event == StateUpdated(1100.0, 1000, "updateStateByKey at a.py:3", 0, 2, 1, 0, 0, None, (), None)
    write_jsonl([event], tmp_path / "new.jsonl")
    assert list(read_jsonl(tmp_path / "new.jsonl")) == [event]


def test_what_became_of_keys_survives_a_file(tmp_path: Path) -> None:
    keys = (("'a'", "updated", 5, "2"), ("'b'", "removed", None, ""))
    told = StateUpdated(1100.0, 1000, "mapWithState at a.py:3", 0, 1, 1, 1, 0, 5, keys, 0)
    write_jsonl([told], tmp_path / "run.jsonl")
    assert list(read_jsonl(tmp_path / "run.jsonl")) == [told]


def test_a_whole_number_is_a_time_too(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text(f'{HEADER}\n{{"event":"BatchStarted","time_ms":7,"batch_time_ms":5}}\n')
    assert list(read_jsonl(tmp_path / "run.jsonl")) == [BatchStarted(7.0, 5)]

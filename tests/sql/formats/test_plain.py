"""The quick way to read files of plain values gives what the rules give, or nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparksim.sql.formats import csv as csv_format
from sparksim.sql.formats import json as json_format
from sparksim.sql.formats.plain import may_be_plain, plain_csv, plain_json
from sparksim.sql.streaming.sources.options import columns
from tests.sql.formats.reading import form_of

SCHEMA = columns("ts timestamp, k string, n int, b bigint, d double")
TIMES = ["2024-01-01 10:00:00", "2024-01-01T10:00:00.5", "2024-13-01 10:00:00", "2024-01-01", "0001-01-01 00:00:00"]
ODD = [
    "",
    " ",
    "null",
    "nan",
    "inf",
    "-1",
    "+1",
    " 1",
    "1 ",
    "1.0",
    "1e3",
    "0x1",
    "true",
    "3000000000",
    "é",
    "a\\b",
    '"',
]
TEXTS = st.sampled_from([*TIMES, *ODD]) | st.text(max_size=3)
VALUES = TEXTS | st.integers(-(2**70), 2**70) | st.floats() | st.booleans() | st.none() | st.lists(st.integers())


@pytest.fixture
def by_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (json_format, csv_format):
        monkeypatch.setattr(module, "may_be_plain", lambda *_: False)


@pytest.mark.usefixtures("by_rules")
@settings(max_examples=200, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(["ts", "k", "n", "b", "d", "other"]), VALUES), max_size=4), TEXTS)
def test_lines_of_json(objects: list[dict[str, object]], tail: str) -> None:
    data = "".join(f"{json.dumps(each)}\n" for each in objects).encode() + tail.encode()
    quick = plain_json(data, SCHEMA)
    assert quick is None or quick.to_pylist() == form_of("json", {}).read(data, SCHEMA).to_pylist()


@pytest.mark.usefixtures("by_rules")
@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(TEXTS, min_size=1, max_size=6), max_size=4), st.sampled_from(["\n", "\r\n"]))
def test_values_separated_by_commas(rows: list[list[str]], end: str) -> None:
    data = end.join(",".join(row) for row in rows).encode()
    quick = plain_csv(data, SCHEMA, ",")
    assert quick is None or quick.to_pylist() == form_of("csv", {}).read(data, SCHEMA).to_pylist()


def test_ordinary_files_are_plain() -> None:
    lines = b'{"ts": "2024-01-01 10:00:00", "k": "a", "n": 1, "b": -2, "d": 3}\n{"k": null, "d": 0.5}\n'
    assert plain_json(lines, SCHEMA).num_rows == 2
    assert plain_csv(b"2024-01-01 10:00:00,a,1,-2,3\n,b,,,0.5\n", SCHEMA, ",").num_rows == 2
    assert may_be_plain(SCHEMA, {"maxfilespertrigger": "1"})


@pytest.mark.parametrize("option", ["mode", "header", "timestampFormat", "multiLine"])
def test_an_option_for_reading_asks_for_the_rules(option: str) -> None:
    assert not may_be_plain(SCHEMA, {option.lower(): "x"})
    assert not may_be_plain(columns("a array<int>"), {})

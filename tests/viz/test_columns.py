"""Tables as packets of bytes: what goes in comes out, as small as it can be, and where a browser can read it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sparksim.viz.columns import pack, unpack


def head_of(packet: bytes) -> dict[str, Any]:
    length = int.from_bytes(packet[:4], "little")
    head: dict[str, Any] = json.loads(packet[4 : 4 + length])
    return head


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], "b"),
        ([0, 1, -1], "b"),
        ([127, -128], "b"),
        ([128], "h"),
        ([-32769], "i"),
        ([2**31], "d"),
        ([True, False], "b"),
        ([0.5, 1], "d"),
        ([7300.001, 1_790_000_000_123.5], "d"),
        ([3, None], "d"),
        ([None, None], "d"),
        (["a", "", "a"], "s"),
        (["批次", None], "s"),
    ],
)
def test_a_column_takes_the_least_room_and_loses_nothing(values: list[Any], kind: str) -> None:
    packet = pack({"rows": {"column": values}}, {})
    assert head_of(packet)["tables"]["rows"] == {"rows": len(values), "columns": {"column": [kind, 0]}}
    tables, _ = unpack(packet)
    assert tables == {"rows": {"column": values}}


def test_columns_begin_where_typed_arrays_may() -> None:
    packet = pack({"one": {"a": [1, 2, 3], "b": [0.5]}, "two": {"c": ["x"]}}, {"title": "run"})
    tables = head_of(packet)["tables"]
    assert [tables["one"]["columns"]["a"], tables["one"]["columns"]["b"]] == [["b", 0], ["d", 8]]
    assert tables["two"]["columns"]["c"] == ["s", 16]
    assert (int.from_bytes(packet[:4], "little") + 4) % 8 == 0


def test_each_text_is_sent_once() -> None:
    packet = pack({"one": {"a": ["x", "y"]}, "two": {"b": ["y", "x", "y"]}}, {})
    assert head_of(packet)["strings"] == ["x", "y"]


def test_the_head_comes_along() -> None:
    assert unpack(pack({}, {"title": "词频统计", "faults": [[7300.0, "crash"]]})) == (
        {},
        {"title": "词频统计", "faults": [[7300.0, "crash"]]},
    )

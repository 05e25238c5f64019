"""Tables as columns of bytes, so that ten thousand bars reach a browser as a few typed arrays.

A packet is four bytes with the length of its head, the head as JSON, and the columns, each beginning at a multiple of
eight bytes. The head names tables, columns, where each column stands and of which type it is (letters of Python's
`array`). Texts stand once in the head; their columns hold numbers into it. None is NaN in a column of numbers.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Mapping, Sequence
from math import isnan, nan
from typing import Any

Column = Sequence[Any]

WHOLE_NUMBERS = (("b", 7), ("h", 15), ("i", 31))
EIGHT = 8


def pack(tables: Mapping[str, Mapping[str, Column]], head: Mapping[str, Any]) -> bytes:
    """The tables, and whatever else is in `head`, as one packet. A table's columns are of the same length."""
    strings: dict[str, int] = {}
    body = bytearray()
    directory: dict[str, dict[str, Any]] = {}
    for name, columns in tables.items():
        places = {}
        rows = 0
        for column, values in columns.items():
            rows = len(values)
            kind, packed = _packed(values, strings)
            body.extend(bytes(-len(body) % EIGHT))
            places[column] = [kind, len(body)]
            body.extend(_little_endian(packed).tobytes())
        directory[name] = {"rows": rows, "columns": places}
    text = json.dumps({**head, "tables": directory, "strings": list(strings)}, ensure_ascii=False, allow_nan=False)
    start = text.encode()
    start += b" " * (-(len(start) + 4) % EIGHT)
    return len(start).to_bytes(4, "little") + start + bytes(body)


def unpack(packet: bytes) -> tuple[dict[str, dict[str, list[Any]]], dict[str, Any]]:
    """The tables and the head of a packet: what the browser reads, in Python."""
    length = int.from_bytes(packet[:4], "little")
    head = json.loads(packet[4 : 4 + length])
    body, strings = packet[4 + length :], head.pop("strings")
    tables: dict[str, dict[str, list[Any]]] = {}
    for name, table in head.pop("tables").items():
        tables[name] = {
            column: _unpacked(body, kind, offset, table["rows"], strings)
            for column, (kind, offset) in table["columns"].items()
        }
    return tables, head


def _packed(values: Column, strings: dict[str, int]) -> tuple[str, array[Any]]:
    """The type of a column ("s": texts, of 32 bits) and its numbers: as narrow as they fit without loss."""
    types = set(map(type, values))
    if str in types:
        return "s", array("i", [-1 if value is None else strings.setdefault(value, len(strings)) for value in values])
    if types <= {int, bool}:
        largest = max(max(values, default=0), ~min(values, default=0))
        for kind, bits in WHOLE_NUMBERS:
            if largest < 1 << bits:
                return kind, array(kind, values)
    return "d", array("d", [nan if value is None else value for value in values])


def _unpacked(body: bytes, kind: str, offset: int, rows: int, strings: list[str]) -> list[Any]:
    numbers = array("i" if kind == "s" else kind)
    numbers.frombytes(body[offset : offset + rows * numbers.itemsize])
    values = _little_endian(numbers).tolist()
    if kind == "s":
        return [None if value < 0 else strings[value] for value in values]
    return [None if isnan(value) else value for value in values]


def _little_endian(numbers: array[Any]) -> array[Any]:
    """As browsers have it; on the rare machine that does not, the other way round."""
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers

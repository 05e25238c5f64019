"""What JSON means under a schema, and what schema it has: every answer is PySpark 4.3's."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparksim.core.errors import IllegalArgumentError, SparkException
from sparksim.sql.chunks import chunk_of
from sparksim.sql.row import Row
from sparksim.sql.streaming.sources.options import columns
from sparksim.sql.utils import AnalysisException
from tests.sql.formats.reading import form_of, inferred, read

NUMBERS = ["1", "-1", "1.0", "1e3", "3000000000", "99999999999999999999", '"5"', '"x"', "true", "null", '{"b":1}']
NO = None


def values(kind: str, texts: list[str]) -> list[Any]:
    """What the texts are as values of a type, in a record whose other column is always right."""
    rows = read("json", "".join(f'{{"a": {text}, "z": 7}}\n' for text in texts), f"a {kind}, z int")
    assert [z for _, z in rows] == [7] * len(texts)
    return [a for a, _ in rows]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("string", ["1", "-1", "1.0", "1e3", "3000000000", "99999999999999999999", "5", "x", "true", NO, '{"b":1}']),
        ("tinyint", [1, -1, NO, NO, NO, NO, NO, NO, NO, NO, NO]),
        ("int", [1, -1, NO, NO, NO, NO, NO, NO, NO, NO, NO]),
        ("bigint", [1, -1, NO, NO, 3000000000, NO, NO, NO, NO, NO, NO]),
        ("double", [1.0, -1.0, 1.0, 1000.0, 3e9, 1e20, NO, NO, NO, NO, NO]),
        ("boolean", [NO, NO, NO, NO, NO, NO, NO, NO, True, NO, NO]),
        ("decimal(5,2)", [Decimal("1.00"), Decimal("-1.00"), Decimal("1.00"), NO, NO, NO, Decimal("5.00"), *[NO] * 4]),
        ("array<int>", [NO] * 11),
        ("struct<b:int>", [*[NO] * 10, Row(b=1)]),
        ("map<string,int>", [*[NO] * 10, {"b": 1}]),
    ],
)
def test_a_value_of_another_type_is_null_and_its_record_stays(kind: str, expected: list[Any]) -> None:
    assert values(kind, NUMBERS) == expected


def test_numbers_that_are_none() -> None:
    specials = ['"Infinity"', '"-INF"', "Infinity", '"1.5"', '"NaN"', "NaN"]
    *finite, quoted, bare = values("double", specials)
    assert finite == [math.inf, -math.inf, math.inf, None]
    assert math.isnan(quoted)
    assert math.isnan(bare)
    assert values("string", specials) == ["Infinity", "-INF", "Infinity", "1.5", "NaN", "NaN"]


TIMES = {
    "2024-01-02 03:04:05": "2024-01-02 03:04:05",
    "2024-01-02T03:04:05Z": "2024-01-02 03:04:05",
    "2024-01-02T03:04:05.123Z": "2024-01-02 03:04:05.123000",
    "2024-01-02 03:04:05.123456789": "2024-01-02 03:04:05.123456",
    "2024-01-02 03:04:05.": "2024-01-02 03:04:05",
    "2024-01-02": "2024-01-02 00:00:00",
    "2024-01": "2024-01-01 00:00:00",
    "2024": "2024-01-01 00:00:00",
    "2024-1-2 3:4:5": "2024-01-02 03:04:05",
    "2024-01-02 03:04": "2024-01-02 03:04:00",
    "2024-01-02 03": "2024-01-02 03:00:00",
    "2024-01-02T03:04:05+02:00": "2024-01-02 01:04:05",
    "2024-01-02T03:04:05+0200": "2024-01-02 01:04:05",
    "2024-01-02 03:04:05-8:00": "2024-01-02 11:04:05",
    "2024-01-02 03:04:05 UTC": "2024-01-02 03:04:05",
    "2024-01-02T03:04:05GMT+2": "2024-01-02 01:04:05",
    "2024-01-02T03:04:05 Europe/Berlin": "2024-01-02 02:04:05",
    " 2024-01-02 ": "2024-01-02 00:00:00",
    "9999-12-31 23:59:59.999999": "9999-12-31 23:59:59.999999",
    **dict.fromkeys(
        (
            "2024-13-01",
            "2024-02-30",
            "",
            "2024-01-02T24:00:00",
            "2024-01-02T",
            "20240102",
            "024-01-02",
            "2024/01/02",
            "2024-01-02t03:04:05",
            "2024-01-02  03:04:05",
            "2024-01-02T03:04:05z",
            "2024-01-02T03:04Z",
            "2024-01-02T03:04:60",
            "1704164645",
        )
    ),
}


def test_timestamps_in_all_forms_of_spark() -> None:
    found = values("timestamp", [f'"{text}"' for text in TIMES])
    assert [value and str(value) for value in found] == list(TIMES.values())
    assert values("timestamp", ["1704164645", "-1", "1.5", "true"]) == [
        dt.datetime(2024, 1, 2, 3, 4, 5),
        dt.datetime(1969, 12, 31, 23, 59, 59),
        None,
        None,
    ]


def test_timestamps_without_a_zone_have_none() -> None:
    texts = ['"2024-01-02T03:04:05"', '"2024-01-02T03:04:05Z"', '"2024-01-02 03:04:05 UTC"', "1704164645"]
    assert values("timestamp_ntz", texts) == [dt.datetime(2024, 1, 2, 3, 4, 5), None, None, None]


def test_dates_end_where_a_time_begins() -> None:
    day = dt.date(2024, 1, 2)
    texts = ["2024-01-02", "2024-1-2 25:00", "2024-01-02T", "2024-01-02 Z", "2024-01-02Z", "2024-02-30", "2024/01/02"]
    assert values("date", [f'"{text}"' for text in texts]) == [day, day, day, day, None, None, None]


def test_times_in_patterns_of_java() -> None:
    lines = '{"a":"02/01/2024 03:04","b":"02.01.2024"}\n{"a":"2024-01-02 03:04","b":"2024-01-02"}\n'
    options = {"timestampFormat": "dd/MM/yyyy HH:mm", "dateFormat": "dd.MM.yyyy"}
    assert read("json", lines, "a timestamp, b date", **options) == [
        (dt.datetime(2024, 1, 2, 3, 4), dt.date(2024, 1, 2)),
        (None, None),
    ]
    with pytest.raises(IllegalArgumentError, match="the pattern 'QQ yyyy' has 'QQ': use y, M, d"):
        read("json", lines, "a timestamp", timestampFormat="QQ yyyy")


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ("", []),
        ("   ", []),
        ("{}", [(None, None)]),
        ("[]", []),
        ('[{"a":1},{"a":2}]', [(1, None), (2, None)]),
        ('[{"a":1},3]', [(None, None)]),
        ('{"a":1', [(None, None)]),
        ('{"a":1}}', [(1, None)]),
        ('{"a":1}{"a":2}', [(1, None)]),
        ('"abc"', [(None, None)]),
        ("null", [(None, None)]),
        ("{'a':1}", [(1, None)]),
        ('{"b":\'it\\\'s "q"\'}', [(None, 'it\'s "q"')]),
        ("{a:1}", [(None, None)]),
        ('{"A":1}', [(None, None)]),
        ('{"a":1,"a":2}', [(2, None)]),
        ('{"a":1,}', [(None, None)]),
        ('\t{"a":1} \r', [(1, None)]),
        ('{"b":"x","a":{"c":1}}', [(None, "x")]),
        ('{"b":"x\ty"}', [(None, None)]),
        ('{"b":"\\u00e9\\n"}', [(None, "é\n")]),
        ('{"b":"\\x"}', [(None, None)]),
        ('{"a":01}', [(None, None)]),
    ],
)
def test_a_line_that_is_no_object_is_a_row_of_nulls(line: str, rows: list[Any]) -> None:
    assert read("json", f"{line}\n", "a int, b string") == rows


def test_a_mark_of_byte_order_and_bytes_that_are_no_text() -> None:
    assert read("json", b'\xef\xbb\xbf{"b":"x"}\n{"b":"\xff"}\n', "b string") == [("x",), (None,)]


def test_what_is_wrong_inside() -> None:
    lines = (
        '{"s":{"b":"x","c":"y"},"d":[{"x":1},{"x":"q"}],"m":{"k":1,"l":"x"}}\n'
        '{"d":[{"x":1},3],"m":{"k":null}}\n'
        '{"i":[1,"x",3]}\n{"i":[1,null]}\n'
    )
    schema = "s struct<b:int,c:string>, d array<struct<x:int>>, m map<string,int>, i array<int>"
    assert read("json", lines, schema) == [
        (Row(b=None, c="y"), [Row(x=1), Row(x=None)], None, None),
        (None, None, {"k": None}, None),
        (None, None, None, None),
        (None, None, None, [1, None]),
    ]


def test_the_modes() -> None:
    lines = '{"a":1,"b":"x"}\n{"a":\n{"a":"x","b":"y"}\n'
    assert read("json", lines, "a int, b string") == [(1, "x"), (None, None), (None, "y")]
    assert read("json", lines, "a int, b string", mode="DROPMALFORMED") == [(1, "x")]
    with pytest.raises(SparkException, match=r'\[MALFORMED_RECORD_IN_PARSING\].*: \{"a":\. The mode FAILFAST'):
        read("json", lines, "a int, b string", mode="FAILFAST")
    assert read("json", lines, "a int, _corrupt_record string") == [
        (1, None),
        (None, '{"a":'),
        (None, '{"a":"x","b":"y"}'),
    ]


def test_a_file_that_is_one_value() -> None:
    assert read("json", '[{"a":\n1},\n{"a":2}]\n', "a int", multiLine=True) == [(1,), (2,)]


@pytest.mark.parametrize(
    ("lines", "schema"),
    [
        ('{"b":1,"a":"x"}', "a:string,b:bigint"),
        ('{"B":1,"a":1,"C":2}', "B:bigint,C:bigint,a:bigint"),
        ('{"a":1}\n{"a":1.5}', "a:double"),
        ('{"a":1}\n{"a":"x"}', "a:string"),
        ('{"a":true}\n{"a":1}', "a:string"),
        ('{"a":1}\n{"a":[1]}', "a:string"),
        ('{"a":null}', "a:string"),
        ('{"a":1e3}', "a:double"),
        ('{"a":"2024-01-01 00:00:00"}', "a:string"),
        ('{"a":[1,2.5]}', "a:array<double>"),
        ('{"a":[]}', "a:array<string>"),
        ('{"a":{}}', ""),
        ('{"a":{"b":1}}\n{"a":{"c":"x"}}\n{"a":null}', "a:struct<b:bigint,c:string>"),
        ('{"a":99999999999999999999}', "a:decimal(20,0)"),
        ('{"a":12345678901234567890123456789012345678901234567890}', "a:double"),
        ('{"a":1\n{"a":2}', "_corrupt_record:string,a:bigint"),
        ('[{"a":1}]', "a:bigint"),
    ],
)
def test_the_columns_of_files(lines: str, schema: str) -> None:
    assert inferred("json", lines) == schema


def test_files_without_an_object_have_no_columns() -> None:
    with pytest.raises(AnalysisException, match=r"QUERY_ONLY_CORRUPT_RECORD_COLUMN.*give one object per line"):
        inferred("json", "5\n")


ALL = (
    "a int, b string, c double, ts timestamp, dt date, arr array<int>, st struct<p:int,q:string>, mp map<string,int>, "
    "nt timestamp_ntz, dec decimal(5,2), bn binary, bo boolean, fl float"
)


def test_what_is_written_is_what_spark_writes() -> None:
    moment = dt.datetime(2024, 1, 2, 3, 4, 5, 123456)
    always = {"dec": Decimal("1.50"), "bn": b"hi", "bo": True, "fl": 1.1}
    rows = [
        {"a": 1, "b": "x", "c": 1e20, "ts": moment, "dt": moment.date(), "arr": [1], "st": (1, "x"), "mp": {"k": 1}},
        {"c": math.nan, "arr": [None], "st": (None, None), "mp": {"k": None}},
    ]
    schema = columns(ALL)
    chunk = chunk_of([{**row, "nt": row.get("ts"), **always} for row in rows], schema)
    assert form_of("json", {}).write([chunk], schema).decode() == (
        '{"a":1,"b":"x","c":1.0E20,"ts":"2024-01-02T03:04:05.123Z","dt":"2024-01-02","arr":[1],"st":{"p":1,"q":"x"},'
        '"mp":{"k":1},"nt":"2024-01-02T03:04:05.123","dec":1.50,"bn":"aGk=","bo":true,"fl":1.1}\n'
        '{"c":"NaN","arr":[null],"st":{},"mp":{"k":null},"dec":1.50,"bn":"aGk=","bo":true,"fl":1.1}\n'
    )


SCALARS = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.text(),
    st.none() | st.floats(allow_nan=False),
    st.none() | st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1)).map(lambda t: t.replace(microsecond=0)),
    st.none() | st.lists(st.none() | st.booleans()),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(SCALARS, max_size=5))
def test_what_is_written_is_read_again(rows: list[Any]) -> None:
    kinds = "a bigint, b string, c double, t timestamp, l array<boolean>"
    schema = columns(kinds)
    assert read("json", form_of("json", {}).write([chunk_of(rows, schema)], schema), kinds) == rows

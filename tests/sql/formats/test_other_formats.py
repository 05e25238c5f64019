"""Lines of text, Parquet and ORC, and the patterns of times."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from sparksim.core.errors import SparkException
from sparksim.sql.chunks import chunk_of, rows_of
from sparksim.sql.formats.patterns import Pattern
from sparksim.sql.row import Row
from sparksim.sql.streaming.sources.options import columns
from sparksim.sql.utils import AnalysisException
from tests.sql.formats.reading import form_of, inferred, read


def test_lines_of_text() -> None:
    assert read("text", "\ufeffa\n\nb\r\nc", "value string") == [("a",), ("",), ("b",), ("c",)]
    assert read("text", "a\nb;c\n;", "value string", lineSep=";") == [("a\nb",), ("c\n",)]
    assert read("text", "a\nb\n", "value string", wholetext=True) == [("a\nb\n",)]
    assert read("text", b"\xff\n", "value string") == [("\ufffd",)]
    assert inferred("text", "a\n") == "value:string"
    with pytest.raises(AnalysisException, match="the text format has no form for the column `a` of the type INT"):
        form_of("text", {}).check(columns("a int"))


ALL = (
    "a int, b string, ts timestamp, dt date, arr array<int>, st struct<p:int,q:string>, mp map<string,int>, "
    "dec decimal(5,2), bn binary, bo boolean"
)
MOMENT = dt.datetime(2024, 1, 2, 3, 4, 5, 123456)


@pytest.mark.parametrize("name", ["parquet", "orc"])
def test_formats_that_know_their_columns(name: str) -> None:
    schema = columns(ALL)
    row = (1, "x", MOMENT, MOMENT.date(), [1, None], (2, "q"), {"k": 3}, Decimal("1.50"), b"hi", True)
    form = form_of(name, {})
    data = form.write([chunk_of([row, (None,) * 10], schema)], schema)
    assert form.infer([data]).simpleString() == schema.simpleString()
    first, second = rows_of(form.read(data, schema), schema)
    assert tuple(first) == (*row[:5], Row(p=2, q="q"), {"k": 3}, Decimal("1.50"), bytearray(b"hi"), True)
    assert set(second) == {None}
    assert read(name, data, "B string, zz string, a bigint") == [("x", None, 1), (None, None, None)]


@pytest.mark.parametrize("name", ["parquet", "orc"])
def test_what_is_no_such_file(name: str) -> None:
    with pytest.raises(SparkException, match=f"the content of a file is no {name}: "):
        read(name, "no", "a int")
    schema = columns("b string")
    data = form_of(name, {}).write([chunk_of([("x",)], schema)], schema)
    with pytest.raises(SparkException, match=rf"{name.upper()}_COLUMN_DATA_TYPE_MISMATCH\] the column `b` is int in"):
        read(name, data, "b int")
    with pytest.raises(AnalysisException, match=rf"\[UNABLE_TO_INFER_SCHEMA\] there is no {name} file"):
        form_of(name, {}).infer([])


@pytest.mark.parametrize(
    ("pattern", "text", "moment"),
    [
        ("yyyy-MM-dd HH:mm:ss.SSSSSS", "2024-01-02 03:04:05.123456", MOMENT),
        ("dd/MM/yyyy", "02/01/2024", dt.datetime(2024, 1, 2)),
        ("d.M.y", "2.1.2024", dt.datetime(2024, 1, 2)),
        ("dd.MM.yy", "02.01.24", dt.datetime(2024, 1, 2)),
        ("yyyy-MM-dd'T'HH:mm[:ss]", "2024-01-02T03:04", dt.datetime(2024, 1, 2, 3, 4)),
        ("HH 'o''clock'", "07 o'clock", dt.datetime(1970, 1, 1, 7)),
        ("yyyy-MM-dd HHXXX", "2024-01-02 03+02:00", dt.datetime(2024, 1, 2, 1)),
    ],
)
def test_patterns_of_java(pattern: str, text: str, moment: dt.datetime) -> None:
    made = Pattern(pattern)
    assert made.parse(text) == moment
    assert made.parse(made.text(moment)) == moment
    with pytest.raises(ValueError, match=f"^{text}!$".replace(".", r"\.").replace("+", r"\+")):
        made.parse(f"{text}!")

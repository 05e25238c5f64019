"""What CSV means under a schema, and what schema it has: every answer is PySpark 4.3's."""

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
from sparksim.sql.streaming.sources.options import columns
from sparksim.sql.utils import AnalysisException
from tests.sql.formats.reading import form_of, inferred, read

NO = None
S = "a int, b string, c string"

TEXTS = ["1", "+1", "1.0", "1e3", "3000000000", "x", "TRUE", "", '""', '" 5"', " 5", "1.5f", "nan", ".5", "1,5", '"1"']


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("int", [1, 1, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 1]),
        ("bigint", [1, 1, NO, NO, 3000000000, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 1]),
        ("double", [1.0, 1.0, 1.0, 1000.0, 3e9, NO, NO, NO, NO, 5.0, 5.0, 1.5, NO, 0.5, NO, 1.0]),
        ("boolean", [NO, NO, NO, NO, NO, NO, True, *[NO] * 9]),
        (
            "decimal(5,2)",
            [*map(Decimal, ("1.00", "1.00", "1.00")), *[NO] * 10, Decimal("0.50"), Decimal("15.00"), Decimal("1.00")],
        ),
        (
            "string",
            ["1", "+1", "1.0", "1e3", "3000000000", "x", "TRUE", NO, NO, " 5", " 5", "1.5f", "nan", ".5", "1,5", "1"],
        ),
    ],
)
def test_a_cell_that_is_no_value_of_its_type_is_null(kind: str, expected: list[Any]) -> None:
    rows = read("csv", "".join(f"7;{text}\n" for text in TEXTS), f"z int, a {kind}", sep=";")
    assert rows == [(7, value) for value in expected]


def test_numbers_that_are_none() -> None:
    *infinite, nan = read("csv", "Infinity\n-Inf\nInf\nNaN\n", "a double")
    assert infinite == [(math.inf,), (-math.inf,), (math.inf,)]
    assert math.isnan(nan[0])


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("1,x,y\n", [(1, "x", "y")]),
        ("1,x\n", [(1, "x", NO)]),
        ("1\n", [(1, NO, NO)]),
        ("1,x,y,z\n", [(1, "x", "y")]),
        ("\n  \n1,x,y\n", [(1, "x", "y")]),
        ('1,"x,1",y\n', [(1, "x,1", "y")]),
        ('1,"x""q",y\n', [(1, '"x""q"', "y")]),
        ('1,"x\\"q",y\n', [(1, 'x"q', "y")]),
        ('1,"x\\\\",y\n', [(1, "x\\", "y")]),
        ('1,"a\\nb",c\n', [(1, "a\\nb", "c")]),
        ('1,"x\ny",z\n', [(1, "x", NO), (NO, "z", NO)]),
        ("1,x,y\r\n2,x,y\r\n", [(1, "x", "y"), (2, "x", "y")]),
        ("1, x , y \n", [(1, " x ", " y ")]),
        ('1,"x"y,z\n', [(1, '"x"y', "z")]),
        ('1,x"y,z\n', [(1, 'x"y', "z")]),
        ('"1","x","y"', [(1, "x", "y")]),
        ('1,"x,y\n', [(1, "x,y", NO)]),
        (",,\n", [(NO, NO, NO)]),
        ("#1,x,y\n", [(NO, "x", "y")]),
        ("1,x\\,y,z\n", [(1, "x\\", "y")]),
    ],
)
def test_records(text: str, rows: list[Any]) -> None:
    assert read("csv", text, S) == rows


@pytest.mark.parametrize(
    ("text", "options", "rows"),
    [
        ("1||x||y\n", {"sep": "||"}, [(1, "x", "y")]),
        ("1\tx\ty\n", {"delimiter": "\\t"}, [(1, "x", "y")]),
        ("1,'x,1',y\n", {"quote": "'"}, [(1, "x,1", "y")]),
        ('1,"x",y\n', {"quote": ""}, [(1, '"x"', "y")]),
        ('1,"x^"q",y\n', {"escape": "^"}, [(1, 'x"q', "y")]),
        ('1,"x""q",y\n', {"escape": '"'}, [(1, 'x"q', "y")]),
        ("NA,NA,y\n", {"nullValue": "NA"}, [(NO, NO, "y")]),
        ('1,"NA",\n', {"nullValue": "NA"}, [(1, NO, NO)]),
        ('1,"",\n', {"nullValue": "NA"}, [(1, "", NO)]),
        ('1,"",\n', {"emptyValue": "E"}, [(1, "E", NO)]),
        ("#c\n1,x,y\n", {"comment": "#"}, [(1, "x", "y")]),
        (" 1 , x , y \n", {"ignoreLeadingWhiteSpace": "true"}, [(NO, "x ", "y ")]),
        ('1,"x\ny",z\n2,p,q\n', {"multiLine": "true"}, [(1, "x\ny", "z"), (2, "p", "q")]),
        ("a,b,c\n1,x,y\n", {"header": "true"}, [(1, "x", "y")]),
        ("\n\nc,b,a\n1,x,y\n", {"header": "true"}, [(1, "x", "y")]),
    ],
)
def test_options(text: str, options: dict[str, str], rows: list[Any]) -> None:
    assert read("csv", text, S, **options) == rows


def test_the_modes() -> None:
    text = "1,x,y\n2,x\n3,x,y,z\nq,x,y\n"
    assert read("csv", text, S) == [(1, "x", "y"), (2, "x", NO), (3, "x", "y"), (NO, "x", "y")]
    assert read("csv", text, S, mode="DROPMALFORMED") == [(1, "x", "y")]
    with pytest.raises(SparkException, match="MALFORMED_RECORD_IN_PARSING"):
        read("csv", text, S, mode="FAILFAST")
    assert read("csv", text, "a int, b string, c string, _corrupt_record string") == [
        (1, "x", "y", NO),
        (2, "x", NO, "2,x"),
        (3, "x", "y", "3,x,y,z"),
        (NO, "x", "y", "q,x,y"),
    ]


def test_what_does_not_fit() -> None:
    with pytest.raises(SparkException, match=r"the CSV header \['c', 'b', 'a'\] does not name the columns"):
        read("csv", "c,b,a\n1,x,y\n", S, header="true", enforceSchema="false")
    with pytest.raises(IllegalArgumentError, match="quote='ab': csv takes one character"):
        form_of("csv", {"quote": "ab"})
    with pytest.raises(IllegalArgumentError, match='header=\'maybe\': csv takes "true" or "false"'):
        form_of("csv", {"header": "maybe"})
    with pytest.raises(IllegalArgumentError, match="compression='zip': csv takes one of none, "):
        form_of("csv", {"compression": "zip"})
    with pytest.raises(AnalysisException, match=r"UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE.*`a` of the type ARRAY<INT>"):
        form_of("csv", {}).check(columns("a array<int>"))


@pytest.mark.parametrize(
    ("text", "options", "schema"),
    [
        ("1,x\n2,y\n", {}, "_c0:string,_c1:string"),
        ("a,b\n1,x\n", {"header": "true"}, "a:string,b:string"),
        ("a,a\n1,2\n", {"header": "true"}, "a0:string,a1:string"),
        ("a,,c\n1,2,3\n", {"header": "true"}, "a:string,_c1:string,c:string"),
        ("a, b\n1, 2\n", {"header": "true", "inferSchema": "true"}, "a:int, b:double"),
        ("", {}, ""),
        ("1,2\n1,2,3\n", {}, "_c0:string,_c1:string"),
        *(
            (text, {"inferSchema": "true"}, f"_c0:{kind}")
            for text, kind in {
                "1\n2\n": "int",
                "1\n3000000000\n": "bigint",
                "99999999999999999999\n": "decimal(20,0)",
                "1\n1.5\n": "double",
                "NaN\n1\n": "double",
                "1.5e3\n": "double",
                "true\nfalse\n": "boolean",
                "1\ntrue\n": "string",
                "1\nx\n": "string",
                "2024-01-01\n": "date",
                "2024-01-01 00:00:00\n": "timestamp",
                "2024-01-01\n2024-01-01 00:00:00\n": "timestamp",
                "1\n2024-01-01\n": "string",
            }.items()
        ),
        ("1,\n2,\n", {"inferSchema": "true"}, "_c0:int,_c1:string"),
    ],
)
def test_the_columns_of_files(text: str, options: dict[str, str], schema: str) -> None:
    assert inferred("csv", text, **options) == schema


def test_what_is_written_is_what_spark_writes() -> None:
    schema = columns("a int, b string, c double, ts timestamp, dt date, dec decimal(5,2), bn binary, bo boolean")
    moment = dt.datetime(2024, 1, 2, 3, 4, 5, 123456)
    always = (Decimal("1.50"), b"hi", True)
    rows = [(1, "x", 1e20, moment, moment.date(), *always), (NO, NO, math.nan, NO, NO, *always), (3, "", *[NO] * 6)]
    first = "1,x,1.0E20,2024-01-02T03:04:05.123Z,2024-01-02,1.50,[68 69],true\n"
    chunk = chunk_of(rows, schema)
    assert form_of("csv", {}).write([chunk], schema).decode() == f'{first},,NaN,,,1.50,[68 69],true\n3,"",,,,,,\n'
    assert form_of("csv", {"header": "true", "nullValue": "NA"}).write([chunk], schema).decode() == (
        f'a,b,c,ts,dt,dec,bn,bo\n{first}NA,NA,NaN,NA,NA,1.50,[68 69],true\n3,"",NA,NA,NA,NA,NA,NA\n'
    )


def test_texts_are_quoted_where_they_must_be() -> None:
    schema = columns("a string, b string")
    rows = [('a"b', "x,y"), ("\\", "q\nr"), (" sp ", "#c"), ("tab\t", NO)]
    written = form_of("csv", {}).write([chunk_of(rows, schema)], schema).decode()
    assert written == '"a\\"b","x,y"\n\\,"q\nr"\nsp,#c\ntab,\n'


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]) | st.sampled_from(",\"'"), min_size=1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-9, 9), WORDS), max_size=5))
def test_what_is_written_is_read_again(rows: list[Any]) -> None:
    schema = columns("a int, b string")
    assert read("csv", form_of("csv", {}).write([chunk_of(rows, schema)], schema), "a int, b string") == rows
